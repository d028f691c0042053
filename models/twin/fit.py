"""The twin of one cavity, fitted to its calibration sweeps."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from instruments.simulation.physics.chain import ReceiverHardware
from models.progress import Listener, Progress
from models.twin.calibration_set import (
    CalibrationSweep,
    Reals,
    Samples,
    SweepData,
    read_sweeps,
)
from models.twin.fit_delays import DelayEstimate, estimate_delays
from models.twin.fit_descent import descend, finish, read_masked, settle_start
from models.twin.fit_judgement import FitQuality, judge_fit
from models.twin.fit_model import FitModel
from models.twin.fit_progress import SHARES, FitStage
from models.twin.fit_solver import Solution
from models.twin.fit_space import FROZEN, FitSpace, make_space

DRIFT_NAMES = ("gain_drift_db",)
"""What may differ from sweep to sweep beyond what the archive says."""


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
    described: ReceiverHardware,
    sweeps: Sequence[CalibrationSweep],
    tell: Listener | None = None,
) -> TwinFit:
    """Fit every uncertain constant of a described receiver to its sweeps.

    Parameters
    ----------
    described
        Start, and centre of the priors.
    sweeps
        Calibration sweeps over one axis with the same traces; best with the cavity
        switched away (bypass) at several temperatures among them.
    tell
        Is called with the stage that is done, and the share of the whole.

    Raises
    ------
    ValueError
        If there is no sweep, or they differ in axis or traces.

    Notes
    -----
    Stages: echoes of the reflections, layer by layer; the way of the reflection with
    the cavity switched away; what lies behind the switch; everything jointly, with a
    model error that falls to nothing; the points around the modes.
    """
    if not sweeps:
        raise ValueError("there is no calibration sweep to fit to: give at least one")
    _check_alike(sweeps)
    started_s = time.monotonic()
    say = Progress(tell, SHARES)
    ordered = sorted(sweeps, key=_coldness)
    space = make_space(described, [one.point for one in ordered], DRIFT_NAMES, FROZEN)
    place = settle_start(space, ordered, space.start, say)
    place = descend(space, ordered, place)
    say.done(FitStage.JOINT)
    solution, data = _finished(space, ordered, place)
    say.done(FitStage.POINTS)
    return _conclude(space, data, solution, ordered, started_s)


def _check_alike(sweeps: Sequence[CalibrationSweep]) -> None:
    first = sweeps[0]
    for index, sweep in enumerate(sweeps):
        if not np.array_equal(sweep.frequency_hz, first.frequency_hz):
            raise ValueError(
                f"calibration sweep {index} has another axis than the first one:"
                " take all of them over the same points"
            )
        if set(sweep.traces) != set(first.traces):
            raise ValueError(
                f"calibration sweep {index} holds {', '.join(sorted(sweep.traces))}"
                f" and the first one {', '.join(sorted(first.traces))}:"
                " measure the same traces in all of them"
            )


def _coldness(sweep: CalibrationSweep) -> tuple[float, float, float]:
    point = sweep.point
    return (
        point.switch_position_index,
        point.plates.mixing_chamber_k,
        abs(point.magnetic_field_tesla),
    )


def _finished(
    space: FitSpace, sweeps: Sequence[CalibrationSweep], place: Reals
) -> tuple[Solution, list[SweepData]]:
    """Fit every point, and the modes' windows too where that is believed."""
    masked = read_masked(sweeps, space.hardware_at(place))
    solution = finish(space, masked, place)
    if not judge_fit(masked, _predicted(space, masked, solution)).is_accepted:
        return solution, masked
    data = read_sweeps(sweeps, space.hardware_at(solution.place))
    whole = finish(space, data, solution.place)
    if judge_fit(data, _predicted(space, data, whole)).is_accepted:
        return whole, data
    return solution, masked


def _predicted(
    space: FitSpace, data: list[SweepData], solution: Solution
) -> list[Samples]:
    return list(FitModel(space, data, ()).predict(solution.place))


def _conclude(
    space: FitSpace,
    data: list[SweepData],
    solution: Solution,
    sweeps: Sequence[CalibrationSweep],
    started_s: float,
) -> TwinFit:
    quality = judge_fit(data, _predicted(space, data, solution))
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
    covariance = np.asarray(0.5 * (inner + inner.T) * np.outer(sigma, sigma))
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
