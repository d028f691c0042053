import numpy as np
import pytest

from models.emulation import PosteriorReader
from models.emulation.selection import (
    ORDERS,
    TEMPERINGS,
    choose,
    fit_chosen,
    log_density,
)

ORDER_OF = np.array([0, 1, 0, 3, 5, 12], dtype=np.intp)


@pytest.fixture(scope="module")
def choice(sweeps):
    return choose(sweeps, ORDER_OF)


def test_a_choice_reads_left_out_cycles_better_than_the_range_alone(choice):
    # The trained range is 2.4 dex wide: a guess would have -ln 2.4 = -0.88.
    assert choice.score > 1.0
    assert choice.tempering in TEMPERINGS


def test_what_was_chosen_is_fitted(sweeps, choice):
    emulator = fit_chosen(sweeps, choice, ORDER_OF)
    assert emulator.tempering == choice.tempering
    assert np.array_equal(emulator.used, choice.order >= ORDER_OF)


def test_too_few_cycles_choose_the_cautious_default(made_up):
    choice = choose(made_up(2), ORDER_OF)
    assert choice.tempering == 0.5
    assert choice.order == ORDERS[-1]


def test_coordinates_that_only_drift_are_left_out(made_up):
    noisy = made_up(9, sweeps=20)
    rng = np.random.default_rng(4)
    for cycle in np.unique(noisy.cycle):
        mine = noisy.cycle == cycle
        noisy.values[mine, 5] = 10 * rng.standard_t(1) + rng.normal(size=mine.sum())
    assert choose(noisy, ORDER_OF).order < 14


def test_a_density_integrates_to_one(sweeps, choice):
    emulator = fit_chosen(sweeps, choice, ORDER_OF)
    posterior = PosteriorReader(emulator, np.ones(6, dtype=bool)).read(
        sweeps.values[:3]
    )
    at = np.linspace(posterior.places.min(), posterior.places.max(), 40_001)
    for row in range(3):
        one = type(posterior)(
            **{
                name: np.repeat(getattr(posterior, name)[row : row + 1], at.size, 0)
                for name in ("places", "density")
            },
            **{
                name: None
                for name in posterior.__slots__
                if name not in {"places", "density"}
            },
        )
        mass = np.trapezoid(np.exp(log_density(one, at)), at)
        assert mass == pytest.approx(1.0, abs=0.01)


def test_a_receiver_that_freezes_is_known_to(made_up):
    """Below 10 K nothing moves; where all moves nothing is called frozen."""
    moving = made_up(12, sweeps=30)
    assert choose(moving, ORDER_OF).frozen_share < 0.2
    stuck = made_up(12, sweeps=30)
    frozen = stuck.place < 1.0
    rng = np.random.default_rng(5)
    like = made_up(12, sweeps=30, scatter=0.0).values[
        np.argmin(np.abs(stuck.place - 1))
    ]
    stuck.values[frozen] = like + 0.03 * rng.normal(size=(frozen.sum(), 6))
    assert choose(stuck, ORDER_OF).frozen_share == pytest.approx(1.0 / 2.4, abs=0.12)
