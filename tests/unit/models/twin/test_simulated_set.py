from dataclasses import replace

import numpy as np
import pytest

from instruments.files import read_archive
from instruments.simulation.drawn_states import StateSpan
from instruments.simulation.physics.chain import (
    SweepSettings,
    read_constants,
    usual_receiver,
)
from instruments.simulation.state_archive import SweepLayout, record_states
from models.twin.archive_sweeps import UnusableCalibrationError
from models.twin.description import Description
from models.twin.simulated_set import draw_units, simulate_set

RECEIVER = usual_receiver(has_jpa=False)
NAMES = (
    "weak_line.parts.0.delay_s",
    "circulator.center_frequency_hz",
    "hemt.gain_db",
    "strong_line.parts.0.length_m",
)
VALUES = dict(zip(NAMES, read_constants(RECEIVER, NAMES), strict=True))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    path = tmp_path_factory.mktemp("lab") / "lab.npz"
    layout = SweepLayout(
        frequency_hz=np.linspace(4e9, 8e9, 51),
        s_parameters=("S21", "S23"),
        settings=SweepSettings(),
    )
    span = StateSpan(
        temperature_k=np.array([4.0, 77.0]),
        field_tesla=np.array([0.0, 0.02]),
        reference_k=np.array([4.0]),
        rod_position_ratio=np.array([0.5]),
        failures=("loose_connector",),
    )
    record_states(path, "c1", [RECEIVER] * 2, layout, span, seed=7, sweeps_per_cycle=12)
    return read_archive(path)


def simulated(lab, path, **options):
    settings = {"seed": 2, "cycles": 3, "sweeps_per_cycle": 10}
    count = simulate_set(
        path, lab, "c1", RECEIVER, Description(values=VALUES), **(settings | options)
    )
    assert count == settings["cycles"] * settings["sweeps_per_cycle"]
    return read_archive(path)


def test_a_set_is_like_the_archive_that_it_is_drawn_around(lab, tmp_path):
    told = []
    found = simulated(lab, tmp_path / "set.npz", tell=lambda *said: told.append(said))
    assert told == [(f"cycle {n} of 3", n / 3) for n in (1, 2, 3)]
    assert np.array_equal(found.frequency_hz, lab.frequency_hz)
    assert found.s_parameters == lab.s_parameters
    assert set(found.condition) <= {"healthy", "loose_connector"}
    assert found.is_reference.sum() == 3
    assert not set(found.thermal_cycle) & set(lab.thermal_cycle)


def test_sweeps_without_a_temperature_are_passed_over(lab, tmp_path):
    known = np.where(np.arange(24) < 3, np.nan, lab.temperature_k)
    found = simulated(replace(lab, temperature_k=known), tmp_path / "set.npz")
    assert np.isfinite(found.temperature_k).all()


def test_units_are_drawn_from_the_covariance_of_the_fit():
    sigma = np.array([2e-12, 3e6, 0.3, 0.0])
    correlations = np.eye(4)
    correlations[0, 1] = correlations[1, 0] = -0.9
    correlated = np.outer(sigma, sigma) * correlations
    described = Description(values=VALUES, covariance=correlated)
    units = draw_units(RECEIVER, described, np.random.default_rng(1), 400)
    drawn = np.array([read_constants(unit, NAMES) for unit in units])
    moved = drawn - np.array(list(VALUES.values()))
    assert (moved[:, 3] == 0.0).all()
    away = moved[:, :3] / sigma[:3]
    assert np.abs(away.mean(axis=0)).max() < 0.2
    assert np.allclose(away.std(axis=0), 1.0, atol=0.15)
    assert np.corrcoef(away.T)[0, 1] == pytest.approx(-0.9, abs=0.05)


def test_without_a_covariance_all_units_are_the_fitted_one():
    described = Description(values=VALUES, sigmas=dict.fromkeys(NAMES, 1.0))
    units = draw_units(RECEIVER, described, np.random.default_rng(1), 3)
    assert all(unit is RECEIVER for unit in units)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"s_parameters": ("S21", "S21:reflection")}, "no trace S21:reflection"),
        ({"cavity": np.full(24, "c2")}, "no sweep of cavity c1"),
        ({"temperature_k": np.full(24, np.nan)}, "c1 has a temperature_k"),
        ({"temperature_k": None}, "c1 has a temperature_k"),
        ({"frequency_hz": np.linspace(5e9, 5.1e9, 51)}, "spans 500 MHz"),
    ],
)
def test_an_archive_that_cannot_be_drawn_around_is_refused(
    lab, tmp_path, changes, words
):
    with pytest.raises(UnusableCalibrationError, match=words):
        simulated(replace(lab, **changes), tmp_path / "set.npz")
    assert not list(tmp_path.iterdir())
