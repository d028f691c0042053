"""Sweeps that even the best healthy explanation leaves far off are read less surely."""

import numpy as np
import pytest

from models.emulation import Posterior
from models.networks.density import LEVELS
from models.receiver.evidence import Evidence
from models.receiver.intervals import (
    FAULTY_GROUP,
    GROUP_COUNT,
    OPEN_GROUP,
    usual_departure,
)

MEDIAN = LEVELS.index(0.5)
TARGETS = ("temperature_k", "magnetic_field_tesla")


def posterior(chi_square, frozen_below=-np.inf):
    """Return a narrow peak beside a low second one for each squared departure."""
    count = len(chi_square)
    places = np.tile(np.linspace(-2.0, 2.5, 901), (count, 1))
    logs = np.logaddexp(
        -0.5 * ((places - 1.8) / 0.02) ** 2, -6 - 0.5 * ((places + 1.0) / 0.05) ** 2
    )
    return Posterior(
        places=places,
        density=np.exp(logs),
        field_tesla=np.where(places > 0, 0.01, -0.02),
        field_sigma_tesla=np.full(places.shape, 1e-3),
        residuals=np.zeros((count, 4)),
        departures=np.zeros((count, 4)),
        chi_square=np.array(chi_square),
        best_place=np.full(count, 1.8),
        best_field_tesla=np.full(count, 0.01),
        frozen_below=np.full(count, frozen_below),
    )


def evidence(chi_square, usual=1.0):
    return Evidence.of(
        posterior(chi_square),
        np.zeros((len(chi_square), 4)),
        np.zeros(len(chi_square), dtype=bool),
        np.full(GROUP_COUNT, usual),
    )


@pytest.mark.parametrize("name", TARGETS)
def test_usual_sweeps_are_not_doubted(name):
    found = evidence([0.2, 1.0]).emulated(name)
    levels = np.array(LEVELS)
    seen = posterior([0.2, 1.0])
    whole = (
        seen.place_quantiles(levels)
        if name == "temperature_k"
        else seen.field_quantiles(levels)
    )
    assert np.array_equal(found, whole)


@pytest.mark.parametrize("name", TARGETS)
def test_the_further_off_the_wider_and_the_median_stays(name):
    found = evidence([1.0, 2.0, 4.0, 8.0]).emulated(name)
    width = found[:, -1] - found[:, 0]
    assert (np.diff(width) > 0).all()
    assert np.ptp(found[:, MEDIAN]) == 0
    assert (np.diff(found, axis=1) >= 0).all()


def test_a_doubted_sweep_may_be_at_the_other_peak():
    found = evidence([0.5, 6.0]).emulated("temperature_k")
    assert found[0, 0] > 1.7
    assert found[1, 0] < -0.9


def test_what_is_usual_is_told_by_group():
    rng = np.random.default_rng(1)
    group = np.repeat(np.arange(GROUP_COUNT), 500)
    chi_square = rng.uniform(size=group.size) * (1 + group)
    healthy = group != FAULTY_GROUP
    found = usual_departure(chi_square, group, healthy)
    assert np.allclose(found, 0.8 * np.arange(1, GROUP_COUNT + 1), rtol=0.1)


@pytest.mark.parametrize("sweeps", [1, 5])
def test_a_few_sweeps_still_tell_something_usual(sweeps):
    group = np.zeros(sweeps, dtype=int)
    for healthy in (np.ones(sweeps, dtype=bool), np.zeros(sweeps, dtype=bool)):
        found = usual_departure(np.zeros(sweeps), group, healthy)
        assert found.shape == (GROUP_COUNT,)
        assert (found > 0).all()


def test_what_may_be_as_cold_as_any_has_an_upper_bound_only():
    seen = posterior([1.0, 1.0]).doubted(np.array([1.0, 6.0])).frozen(0.5)
    nothing = np.zeros(2, dtype=bool)
    found = Evidence.of(seen, np.zeros((2, 4)), nothing, np.ones(GROUP_COUNT))
    assert list(found.open_below) == [False, True]
    assert list(found.group) == [2, OPEN_GROUP]
    raw = found.emulated("temperature_k")
    bounded = found.bounded("temperature_k", raw)
    assert np.array_equal(bounded[0], raw[0])
    assert np.all(bounded[1, :MEDIAN] == -2.0)
    assert np.array_equal(bounded[1, MEDIAN:], raw[1, MEDIAN:])
    field = found.emulated("magnetic_field_tesla")
    assert np.array_equal(found.bounded("magnetic_field_tesla", field), field)


def test_a_faulty_sweep_stays_with_the_faulty_however_cold():
    seen = posterior([1.0]).doubted(np.array([6.0])).frozen(0.5)
    faulty = np.ones(1, dtype=bool)
    found = Evidence.of(seen, np.zeros((1, 4)), faulty, np.ones(GROUP_COUNT))
    assert list(found.group) == [FAULTY_GROUP]
    assert found.bounded("temperature_k", found.emulated("temperature_k"))[0, 0] == -2
