"""A fit from near by: what it finds, and that it refuses a wrong model."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from instruments.simulation.physics.chain import (
    OperatingPoint,
    ReceiverHardware,
    SweepSettings,
    draw_unit,
    list_constants,
    plates_at,
    usual_receiver,
    with_constants,
)
from instruments.simulation.physics.chain.batches import sweep_batch
from instruments.simulation.physics.chain.coax import CoaxSection
from instruments.simulation.physics.chain.connector import Connector
from models.twin.calibration_set import CalibrationSweep, SweepData, read_sweeps
from models.twin.fit import mode_windows_hz
from models.twin.fit_delays import DelayEstimate, estimate_delays
from models.twin.fit_judgement import FitQuality, judge_fit
from models.twin.fit_model import predict
from models.twin.fit_solver import Solution, Stage, solve
from models.twin.fit_space import FROZEN, FitSpace, make_space

AXIS_HZ = np.linspace(4e9, 8e9, 101)
COLD = OperatingPoint(
    plates=plates_at(4.0), cavity_temperature_k=4.0, rod_temperature_k=4.0
)
SETTINGS = SweepSettings(if_bandwidth_hz=100.0)
ALL = ("S21", "S23", "S11", "S33", "S22")

MOVED = {
    "weak_line.parts.0.delay_s": 4e-12,
    "bypass_line.parts.1.length_m": 1e-3,
    "room_output_line.parts.0.delay_s": -4e-12,
    "circulator.center_frequency_hz": 1.2e7,
    "hemt.gain_db": 0.4,
}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def hidden() -> ReceiverHardware:
    """Return a unit that no description states."""
    return draw_unit(usual_receiver(has_jpa=False), np.random.default_rng(4))


def measure(
    hardware: ReceiverHardware, point: OperatingPoint = COLD, seed: int = 1
) -> CalibrationSweep:
    [samples] = sweep_batch(
        AXIS_HZ, hardware, point, SETTINGS, sweep_count=1, seed=seed, s_parameters=ALL
    )
    noisy = dict(zip(ALL, samples.astype(np.complex128), strict=True))
    return CalibrationSweep(
        frequency_hz=AXIS_HZ, traces=noisy, point=point, settings=SETTINGS
    )


def described(hidden: ReceiverHardware) -> ReceiverHardware:
    """Return a description that is off in some constants."""
    held = {known.name: known.value for known in list_constants(hidden)}
    return with_constants(hidden, {name: held[name] + by for name, by in MOVED.items()})


def descend(
    hardware: ReceiverHardware, sweep: CalibrationSweep
) -> tuple[FitSpace, list[SweepData], Solution, FitQuality]:
    space = make_space(hardware, [sweep.point], ("gain_drift_db",), FROZEN)
    data = read_sweeps([sweep], hardware, mode_windows_hz(hardware))
    place = space.start
    for tempering in (0.01, 0.0):
        solution = solve(
            space, data, place, Stage(tempering_ratio=tempering, step_count=8)
        )
        place = solution.place
    return space, data, solution, judge_fit(data, predict(space, data, place))


def delays_of(
    space: FitSpace, solution: Solution, hardware: ReceiverHardware
) -> tuple[DelayEstimate, ...]:
    count = len(space.names)
    sigma = space.sigma[:count]
    covariance = np.linalg.inv(solution.information)[:count, :count]
    covariance = covariance * np.outer(sigma, sigma)
    return estimate_delays(hardware, COLD, AXIS_HZ, space.names, covariance)


@pytest.mark.benchmark
def test_a_fit_finds_the_hidden_constants(hidden: ReceiverHardware) -> None:
    """Identified delays to 2 ps, the circulator within its uncertainty."""
    space, _, solution, quality = descend(described(hidden), measure(hidden))
    fitted = space.hardware_at(solution.place)
    assert quality.is_accepted
    assert 0.8 < quality.chi_square_ratio < 1.2
    found = delays_of(space, solution, fitted)
    true = delays_of(space, solution, hidden)
    checked = [
        (own.delay_s, other.delay_s)
        for own, other in zip(found, true, strict=True)
        if own.sigma_s < 0.5e-12
    ]
    assert len(checked) > 10
    for own, other in checked:
        assert own == pytest.approx(other, abs=2e-12)
    column = space.names.index("circulator.center_frequency_hz")
    variance = float(np.linalg.inv(solution.information)[column, column])
    sigma_hz = float(np.sqrt(variance) * space.sigma[column])
    departure_hz = (
        fitted.circulator.center_frequency_hz - hidden.circulator.center_frequency_hz
    )
    assert abs(departure_hz) < 4.0 * sigma_hz


@pytest.mark.benchmark
def test_a_plane_that_is_not_described_is_a_misfit(hidden: ReceiverHardware) -> None:
    """One connector more in the truth; no prior can absorb it."""
    line = hidden.upper_output_line
    whole = line.parts[1]
    assert isinstance(whole, CoaxSection)
    half = replace(whole, length_m=0.5 * whole.length_m)
    longer = replace(
        line,
        parts=(line.parts[0], half, half),
        connectors=(
            *line.connectors[:2],
            Connector(reactance_ratio=0.25),
            line.connectors[2],
        ),
    )
    wrong = replace(hidden, upper_output_line=longer)
    _, _, _, quality = descend(hidden, measure(wrong))
    assert not quality.is_accepted
    assert quality.chi_square_ratio > 2.0
    assert "misfit" in quality.reason()
    assert quality.worst.trace in quality.reason()
