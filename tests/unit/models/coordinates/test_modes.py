import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.coordinates.modes import find_windows, fit_pole, stands_out

COUNT = 41


def line(place, half_width, *, height=1.0, turn=0.0, count=COUNT):
    """A mode on a sloping background, in bins, shape (1, bin)."""
    at = np.arange(count)
    pole = 1j * half_width / (at - place + 1j * half_width)
    background = 1 + 0.1 * (at - count / 2) / count
    return (background - height * np.exp(1j * turn) * pole)[None]


@given(
    place=st.floats(12, 28),
    half_width=st.floats(0.15, 4.0),
    height=st.floats(0.3, 0.9),
    turn=st.floats(-1.0, 1.0),
)
def test_place_and_width_are_found_even_below_the_spacing(
    place, half_width, height, turn
):
    pole = fit_pole(line(place, half_width, height=height, turn=turn))
    assert pole.place_bins[0] == pytest.approx(place, abs=0.04 * max(half_width, 0.5))
    assert pole.half_width_bins[0] == pytest.approx(half_width, rel=0.04)
    assert pole.misfit[0] < 0.05


@given(
    gain=st.complex_numbers(min_magnitude=1e-6, max_magnitude=1e6),
    place=st.floats(15, 25),
)
def test_a_complex_gain_leaves_the_pole_alone(gain, place):
    known = fit_pole(line(place, 0.8))
    found = fit_pole(gain * line(place, 0.8))
    assert found.place_bins[0] == pytest.approx(known.place_bins[0], abs=1e-5)
    assert found.half_width_bins[0] == pytest.approx(known.half_width_bins[0], rel=1e-4)


def test_noise_spreads_the_place_and_no_more():
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(2, 200, COUNT)) * 0.01
    pole = fit_pole(line(20.3, 0.7, height=0.8) + noise[0] + 1j * noise[1])
    assert abs(np.mean(pole.place_bins) - 20.3) < 0.02
    assert 0 < np.std(pole.place_bins) < 0.1


def test_a_window_is_found_where_most_sweeps_hold_a_mode():
    rng = np.random.default_rng(3)
    sweeps = np.concatenate(
        [
            line(150 + rng.normal(scale=0.7), 1.5, height=0.8, count=400)
            for _ in range(20)
        ]
    )
    ((low, high),) = find_windows(sweeps)
    assert low < 145
    assert high > 155
    assert high - low < 40


def test_a_mode_that_is_tuned_over_the_band_has_no_window():
    places = np.linspace(50, 350, 30)
    sweeps = np.concatenate(
        [line(place, 1.5, height=0.8, count=400) for place in places]
    )
    assert find_windows(sweeps) == ()


@given(slope=st.floats(-2, 2), level=st.floats(-20, 5))
def test_a_slope_does_not_stand_out(slope, level):
    assert not stands_out(level + slope * np.linspace(0, 1, 100)[None]).any()


def test_a_short_window_marks_nothing():
    assert not stands_out(np.random.default_rng(0).normal(size=(3, 20))).any()
