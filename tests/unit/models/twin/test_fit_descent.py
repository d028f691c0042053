"""From near the truth a descent ends at it; a plane too many is no noise."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from instruments.simulation.physics.chain import (
    ReceiverHardware,
    draw_unit,
    read_constants,
    usual_receiver,
)
from instruments.simulation.physics.chain.coax import CoaxSection
from instruments.simulation.physics.chain.connector import Connector
from models.twin.calibration_set import CalibrationSweep, Reals
from models.twin.fit_delays import DelayEstimate, estimate_delays
from models.twin.fit_descent import descend, finish, read_masked
from models.twin.fit_judgement import FitQuality, judge_fit
from models.twin.fit_model import FitModel
from models.twin.fit_solver import Stage, solve
from models.twin.fit_space import FROZEN, make_space
from tests.unit.models.twin.calibration import AXIS_HZ, CALIBRATION, measured

STATES = (CALIBRATION[3], CALIBRATION[5], CALIBRATION[6])
"""The internal short, cold and warm, and the open: all but cavity and weak line."""

SEEN = ("S23", "S33", "S22")
NEAR_SIGMA = 0.04
POINTS = 67


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def hidden() -> ReceiverHardware:
    """Return a unit that no description states."""
    return draw_unit(usual_receiver(has_jpa=False), np.random.default_rng(4))


def seen_sweeps(hardware: ReceiverHardware) -> list[CalibrationSweep]:
    return [
        replace(one, traces={name: one.traces[name] for name in SEEN})
        for one in measured(hardware, STATES)
    ]


def descended_from_nearby(
    near: ReceiverHardware, sweeps: list[CalibrationSweep]
) -> tuple[FitQuality, float, list[tuple[DelayEstimate, DelayEstimate]]]:
    """Return quality, the circulator's centre, and (found, near) of every delay."""
    described = usual_receiver(has_jpa=False)
    points = [one.point for one in sweeps]
    space = make_space(described, points, ("gain_drift_db",), FROZEN)
    count = len(space.names)
    values = np.concatenate([read_constants(near, space.names), np.zeros(len(sweeps))])
    away: Reals = NEAR_SIGMA * np.random.default_rng(0).normal(size=space.size)
    place = descend(space, sweeps, space.place_of(values) + away)
    data = read_masked(sweeps, space.hardware_at(place), POINTS)
    solution = finish(space, data, place)
    quality = judge_fit(data, list(FitModel(space, data, ()).predict(solution.place)))
    sigma = space.sigma[:count]
    covariance = np.linalg.inv(solution.information)[:count, :count]
    covariance *= np.outer(sigma, sigma)
    found = space.hardware_at(solution.place)
    both = [
        estimate_delays(one, points[0], AXIS_HZ, space.names, covariance)
        for one in (found, near)
    ]
    centre_hz = found.circulator.center_frequency_hz
    return quality, centre_hz, list(zip(*both, strict=True))


def test_delays_and_the_centre_are_found_from_nearby(hidden: ReceiverHardware) -> None:
    """To 2 ps and 1 MHz, with chi-square per point below 1.2."""
    quality, centre_hz, delays = descended_from_nearby(hidden, seen_sweeps(hidden))
    assert quality.is_accepted, quality.reason()
    assert abs(centre_hz - hidden.circulator.center_frequency_hz) < 1e6
    identified = [(own, true) for own, true in delays if own.is_identified]
    assert len(identified) > 10
    for own, true in identified:
        assert own.delay_s == pytest.approx(true.delay_s, abs=2e-12)


def output_quality(hidden: ReceiverHardware, near: ReceiverHardware) -> FitQuality:
    """Return how well the output's reflection is fitted from near another receiver."""
    [sweep, *_] = measured(hidden, STATES[:1])
    space = make_space(near, [sweep.point], ("gain_drift_db",), FROZEN)
    free = [
        index
        for index, name in enumerate(space.names)
        if name.startswith(("upper_output", "room_", "hemt.", "vna."))
    ]
    data = read_masked([replace(sweep, traces={"S22": sweep.traces["S22"]})], near)
    stage = Stage(tempering_ratio=0.0, step_count=20, is_logarithmic=False)
    place = space.start.copy()
    place[free] += NEAR_SIGMA * np.random.default_rng(0).normal(size=len(free))
    place = solve(FitModel(space, data, free), place, stage).place
    return judge_fit(data, list(FitModel(space, data, ()).predict(place)))


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
    wrong = output_quality(replace(hidden, upper_output_line=longer), hidden)
    assert output_quality(hidden, hidden).is_accepted
    assert not wrong.is_accepted
    assert wrong.reason().startswith("misfit")
