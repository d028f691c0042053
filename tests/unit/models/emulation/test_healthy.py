from dataclasses import replace

import numpy as np
import pytest

from models.emulation import Settings, fit_emulator, folds_of
from models.emulation.healthy import Scatter


def test_the_mean_follows_temperature_and_field(sweeps, made_up):
    emulator = fit_emulator(sweeps, Settings())
    clean = made_up(1, noise=0.0, scatter=0.0, first_cycle=50)
    rows = emulator.design.rows(clean.place, clean.field_tesla)
    left = rows @ emulator.coefficients - emulator.scaled(clean.values)
    assert np.sqrt(np.mean((left * emulator.scale) ** 2)) < 0.02


def test_scatter_is_that_of_cycles_and_not_of_neighbours(made_up):
    quiet, loud = (
        fit_emulator(made_up(12, noise=0.01, scatter=scatter), Settings())
        for scatter in (0.01, 0.1)
    )
    spreads = [
        np.median(np.sqrt(np.diagonal(each.covariances, axis1=1, axis2=2)) * each.scale)
        for each in (quiet, loud)
    ]
    assert 0.01 < spreads[0] < 0.03
    assert 0.07 < spreads[1] < 0.15


def test_freedom_counts_cycles(sweeps, made_up):
    many = made_up(12, sweeps=10)
    assert fit_emulator(many, Settings()).freedom == 10
    assert fit_emulator(sweeps, Settings()).freedom == 10
    assert fit_emulator(made_up(3), Settings()).freedom == 3


def test_covariances_are_positive_even_where_coordinates_repeat(sweeps):
    twice = replace(sweeps, values=np.concatenate([sweeps.values] * 2, axis=1))
    emulator = fit_emulator(twice, Settings())
    assert (np.linalg.eigvalsh(emulator.covariances) > 0).all()


def test_a_cycle_stays_in_one_fold(sweeps):
    fold = folds_of(sweeps.cycle, 5)
    assert set(fold) == set(range(5))
    for cycle in np.unique(sweeps.cycle):
        assert np.unique(fold[sweeps.cycle == cycle]).size == 1


@pytest.mark.parametrize("at", [-1.0, 0.0, 1.2, 5.0])
def test_weights_of_a_band_sum_to_one_and_fall_with_distance(at):
    place = np.linspace(0, 2.4, 100)
    weight = Scatter(residuals=np.zeros((100, 1)), place=place).weights(at)
    assert weight.sum() == pytest.approx(1.0)
    order = np.argsort(np.abs(place - at))
    assert np.all(np.diff(weight[order]) <= 1e-15)


def test_gaps_and_a_dead_coordinate_do_not_break_the_fit(sweeps):
    values = sweeps.values.copy()
    values[::7, 1] = np.nan
    values[:, 2] = 3.0
    values[:, 3] = np.nan
    emulator = fit_emulator(replace(sweeps, values=values), Settings())
    assert np.isfinite(emulator.coefficients).all()
    assert np.isfinite(emulator.covariances).all()
