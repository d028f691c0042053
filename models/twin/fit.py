"""The twin of one cavity, fitted to its calibration sweeps."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from instruments.simulation.physics.chain import ReceiverHardware
from models.twin.calibration_set import CalibrationSweep, Reals, SweepData, read_sweeps
from models.twin.fit_delays import DelayEstimate, estimate_delays
from models.twin.fit_judgement import FitQuality, judge_fit
from models.twin.fit_model import predict
from models.twin.fit_reflections import settle_reflections
from models.twin.fit_search import search
from models.twin.fit_solver import Solution, Stage, solve
from models.twin.fit_space import FROZEN, FitSpace, make_space

DRIFT_NAMES = ("gain_drift_db",)
"""What may differ from sweep to sweep beyond what the archive says."""

MODE_WINDOW_HZ = 4e7
"""Half width in Hz of what is left out around each described mode."""


class FitState(StrEnum):
    """How a fit ended."""

    FITTED = "fitted"
    MISFIT = "misfit"


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinFit:
    """A fitted twin, or why there is none.

    Attributes
    ----------
    state, reason
        Outcome, and one sentence.
    quality
        Chi-square per point, and where it is worst.
    hardware
        The fitted receiver; None at a misfit.
    names, values, covariance
        Free constants in their units, and their covariance (Laplace), shape
        (constant,) and (constant, constant); empty at a misfit.
    delays
        One-way delays of lines, parts and whole ways, with what is identified.
    elapsed_s
        Time the fit took in s.
    """

    state: FitState
    reason: str
    quality: FitQuality
    hardware: ReceiverHardware | None
    names: tuple[str, ...]
    values: Reals
    covariance: Reals
    delays: tuple[DelayEstimate, ...]
    elapsed_s: float


def fit_twin(
    described: ReceiverHardware, sweeps: Sequence[CalibrationSweep]
) -> TwinFit:
    """Fit every uncertain constant of a described receiver to its sweeps.

    Parameters
    ----------
    described
        Start, and centre of the priors.
    sweeps
        Calibration sweeps; the coldest one in the smallest field leads, and is the
        only one read until the last stages.

    Raises
    ------
    ValueError
        If there is no sweep.

    Notes
    -----
    Stages: echoes of the reflections, line by line, from several signs of the
    connectors; levels and delays of the transmissions in log magnitude and phase;
    everything jointly, with a model error that falls from 20 % to nothing; the other
    sweeps; the points around the modes. Between stages each part is searched for a
    lost cycle and each plane for a wrong sign.
    """
    if not sweeps:
        raise ValueError("there is no calibration sweep to fit to: give at least one")
    started_s = time.monotonic()
    ordered = sorted(sweeps, key=_coldness)
    space = make_space(described, [one.point for one in ordered], DRIFT_NAMES, FROZEN)
    place = settle_reflections(space, ordered[0], described)
    place = _descend(space, ordered[:1], place, _LEADING)
    place = _descend(space, ordered, place, _JOINT)
    solution, data = _finish(space, ordered, place)
    return _conclude(space, data, solution, ordered, started_s)


_LEADING = (
    Stage(tempering_ratio=0.2, step_count=3, is_logarithmic=True, thinning_count=2),
    Stage(tempering_ratio=0.03, step_count=4, is_logarithmic=True, thinning_count=2),
    Stage(tempering_ratio=0.01, step_count=4, is_logarithmic=True, thinning_count=2),
    Stage(tempering_ratio=3e-3, step_count=6, thinning_count=2, is_searched=False),
    Stage(tempering_ratio=1e-3, step_count=6, thinning_count=2, is_searched=False),
)
_JOINT = (
    Stage(tempering_ratio=3e-4, step_count=6, thinning_count=2, is_searched=False),
    Stage(tempering_ratio=0.0, step_count=8, thinning_count=2, is_searched=False),
)
_LAST = Stage(tempering_ratio=0.0, step_count=6, is_searched=False)


def _coldness(sweep: CalibrationSweep) -> tuple[float, float]:
    point = sweep.point
    return (point.plates.four_kelvin_k, abs(point.magnetic_field_tesla))


def mode_windows_hz(hardware: ReceiverHardware) -> list[tuple[float, float]]:
    """Return the windows in Hz around the described modes."""
    return [
        (
            mode.resonant_frequency_hz - MODE_WINDOW_HZ,
            mode.resonant_frequency_hz + MODE_WINDOW_HZ,
        )
        for mode in hardware.cavity.modes
    ]


def _descend(
    space: FitSpace,
    sweeps: Sequence[CalibrationSweep],
    place: Reals,
    stages: Sequence[Stage],
) -> Reals:
    windows = mode_windows_hz(space.hardware)
    for stage in stages:
        data = read_sweeps(
            sweeps, space.hardware_at(place), windows, stage.thinning_count
        )
        if stage.is_searched:
            place, _ = search(space, data[0], place, stage)
        place = solve(space, data, place, stage).place
    return place


def _finish(
    space: FitSpace, sweeps: Sequence[CalibrationSweep], place: Reals
) -> tuple[Solution, list[SweepData]]:
    """Fit every point, and the modes' windows too where that is believed."""
    windows = mode_windows_hz(space.hardware)
    masked = read_sweeps(sweeps, space.hardware_at(place), windows)
    solution = solve(space, masked, place, _LAST)
    if not judge_fit(masked, predict(space, masked, solution.place)).is_accepted:
        return solution, masked
    data = read_sweeps(sweeps, space.hardware_at(solution.place))
    whole = solve(space, data, solution.place, _LAST)
    if judge_fit(data, predict(space, data, whole.place)).is_accepted:
        return whole, data
    return solution, masked


def _conclude(
    space: FitSpace,
    data: list[SweepData],
    solution: Solution,
    sweeps: Sequence[CalibrationSweep],
    started_s: float,
) -> TwinFit:
    quality = judge_fit(data, predict(space, data, solution.place))
    count = len(space.names)
    if not quality.is_accepted:
        return TwinFit(
            state=FitState.MISFIT,
            reason=quality.reason(),
            quality=quality,
            hardware=None,
            names=(),
            values=np.empty(0),
            covariance=np.empty((0, 0)),
            delays=(),
            elapsed_s=time.monotonic() - started_s,
        )
    sigma = space.sigma[:count]
    inner = np.linalg.inv(solution.information)[:count, :count]
    covariance = np.asarray(inner * np.outer(sigma, sigma))
    hardware = space.hardware_at(solution.place)
    leading = sweeps[0]
    delays = estimate_delays(
        hardware, leading.point, leading.frequency_hz, space.names, covariance
    )
    return TwinFit(
        state=FitState.FITTED,
        reason=quality.reason(),
        quality=quality,
        hardware=hardware,
        names=space.names,
        values=space.values(solution.place)[:count],
        covariance=covariance,
        delays=delays,
        elapsed_s=time.monotonic() - started_s,
    )
