"""Laws of the posterior: density, cover, units, doubt, and the sign of the field."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.emulation import PosteriorReader, Settings, fit_emulator, tempered

LEVELS = np.array([0.05, 0.5, 0.95])
ALL = np.ones(6, dtype=bool)


@pytest.fixture(scope="module")
def emulator(sweeps):
    return fit_emulator(sweeps, Settings())


@pytest.fixture(scope="module")
def new(made_up):
    """Sweeps of cycles that the emulator has not seen."""
    return made_up(10, first_cycle=100)


def read(emulator, values, present=ALL):
    return PosteriorReader(emulator, present).read(values)


def widths(posterior):
    places = posterior.place_quantiles(LEVELS)
    return places[:, 2] - places[:, 0]


def test_places_rise_and_quantiles_hold_their_share(emulator, new):
    posterior = read(emulator, new.values)
    assert np.all(np.diff(posterior.places, axis=1) >= 0)
    for level in LEVELS:
        at = posterior.place_quantiles(np.array([level]))
        below = posterior.places <= at
        mass = 0.5 * (posterior.density[:, 1:] + posterior.density[:, :-1])
        mass = mass * np.diff(posterior.places, axis=1)
        share = (mass * below[:, 1:]).sum(axis=1) / mass.sum(axis=1)
        # A quantile lies inside of one cell.
        assert np.all(np.abs(share - level) < 0.12)


# Where cycles differ, few of them leave an emulator too sure; the judge's stretch mends
# what is left (tests of models.receiver).
@pytest.mark.parametrize(("scatter", "least"), [(0.0, 0.85), (0.03, 0.65)])
def test_truth_of_new_cycles_is_covered(made_up, scatter, least):
    new = made_up(20, first_cycle=100, scatter=scatter)
    posterior = read(fit_emulator(made_up(12, scatter=scatter), Settings()), new.values)
    low, middle, high = posterior.place_quantiles(LEVELS).T
    assert least < np.mean((low <= new.place) & (new.place <= high)) < 0.97
    assert np.median(np.abs(middle - new.place)) < 0.06
    low, middle, high = posterior.field_quantiles(LEVELS).T
    inside = (low <= new.field_tesla) & (new.field_tesla <= high)
    assert least < np.mean(inside) < 0.97
    assert np.median(np.abs(middle - new.field_tesla)) < 1e-3


def test_the_field_has_its_sign(emulator, new):
    strong = np.abs(new.field_tesla) > 5e-3
    field_tesla = read(emulator, new.values).best_field_tesla[strong]
    assert np.mean(np.sign(field_tesla) == np.sign(new.field_tesla[strong])) > 0.97


@settings(max_examples=15)
@given(
    factor=st.floats(1e-3, 1e3),
    shift=st.floats(-100, 100),
    column=st.integers(0, 5),
)
def test_units_of_a_coordinate_do_not_matter(sweeps, new, factor, shift, column):
    values, seen = sweeps.values.copy(), new.values[:5].copy()
    for each in (values, seen):
        each[:, column] = factor * each[:, column] + shift
    here = read(fit_emulator(sweeps, Settings()), new.values[:5])
    there = read(fit_emulator(replace(sweeps, values=values), Settings()), seen)
    assert np.allclose(
        here.place_quantiles(LEVELS), there.place_quantiles(LEVELS), atol=1e-4
    )
    assert np.allclose(here.chi_square, there.chi_square, rtol=1e-3)


def test_more_noise_widens(made_up, new):
    quiet, loud = (
        read(fit_emulator(made_up(12, noise=noise), Settings()), new.values)
        for noise in (0.02, 0.2)
    )
    assert np.median(widths(loud)) > 2 * np.median(widths(quiet))


@pytest.mark.parametrize("missing", range(6))
def test_what_is_missing_never_sharpens_on_average(emulator, new, missing):
    part = ALL.copy()
    part[missing] = False
    whole = widths(read(emulator, new.values))
    assert widths(read(emulator, new.values, part)).mean() > 0.98 * whole.mean()


def test_what_is_missing_is_not_looked_at(emulator, new):
    part = ALL.copy()
    part[2] = False
    values = new.values[:20].copy()
    values[:, 2] = np.nan
    without = read(emulator, values, part)
    values[:, 2] = 1e6
    assert np.array_equal(without.density, read(emulator, values, part).density)
    assert np.all(without.residuals[:, 2] == 0)


@given(st.floats(0.1, 1.0))
def test_tempering_widens(emulator, new, tempering):
    whole = widths(read(emulator, new.values[:40]))
    doubted = widths(read(tempered(emulator, tempering), new.values[:40]))
    assert doubted.mean() >= 0.999 * whole.mean()


def test_departure_from_health_shows_in_the_residuals(emulator, new):
    healthy = read(emulator, new.values)
    values = new.values.copy()
    values[:, 0] += 1.0
    ill = read(emulator, values)
    assert np.median(healthy.chi_square) < 2
    assert np.median(ill.chi_square) > 5 * np.median(healthy.chi_square)


def test_an_absurd_sweep_is_read_as_finite_numbers(emulator):
    posterior = read(emulator, np.full((2, 6), 1e30))
    assert np.isfinite(posterior.place_quantiles(LEVELS)).all()
    assert np.isfinite(posterior.field_quantiles(LEVELS)).all()
    assert np.isfinite(posterior.chi_square).all()


@pytest.mark.parametrize("axis", ["place", "field_tesla"])
def test_an_axis_that_was_not_trained_is_left_out(sweeps, new, axis):
    flat = replace(sweeps, **{axis: np.zeros(sweeps.place.size)})
    posterior = read(fit_emulator(flat, Settings()), new.values)
    assert np.isfinite(posterior.chi_square).all()
    if axis == "place":
        assert np.allclose(posterior.best_place, 0.0, atol=0.6)
    else:
        assert np.all(np.abs(posterior.field_quantiles(LEVELS)) < 1e-9)


def test_one_at_a_time_is_as_many_at_once(emulator, new):
    together = read(emulator, new.values[:4])
    alone = [read(emulator, row[None]) for row in new.values[:4]]
    assert np.allclose(
        together.place_quantiles(LEVELS),
        np.concatenate([one.place_quantiles(LEVELS) for one in alone]),
        atol=1e-9,
    )


@settings(max_examples=15)
@given(st.floats(0.05, 0.95))
def test_what_is_frozen_is_even_and_keeps_its_mass(emulator, new, share):
    whole = read(emulator, new.values[:20])
    low, high = emulator.place_range
    below = low + share * (high - low)
    found = read(tempered(emulator, 1.0, share), new.values[:20])
    cold = found.places <= below
    for row in range(20):
        assert np.ptp(found.density[row, cold[row]]) < 1e-12
    assert np.array_equal(found.density[~cold], whole.density[~cold])
    assert np.all(found.frozen_below == below)
    # Departures are told as before.
    assert np.array_equal(found.residuals, whole.residuals)
    # A sweep that is warm beyond doubt is read alike.
    cumulated = [each.place_quantiles(LEVELS) for each in (found, whole)]
    warm = cumulated[1][:, 0] > below + 0.05
    assert np.allclose(cumulated[0][warm], cumulated[1][warm], atol=0.05)


def test_nothing_is_frozen_unless_it_is_said(emulator, new):
    assert np.all(read(emulator, new.values[:3]).frozen_below == -np.inf)
