"""Robust Levenberg-Marquardt with priors, in units of the prior spreads."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from models.twin.calibration_set import Reals, Samples
from models.twin.fit_model import FitModel

_FIRST_DAMPING = 1e-3
_LARGEST_DAMPING = 1e6
_MOST_HOLDS = 8
_OUTLIER_SIGMA = 6.0
_TEMPERED_OUTLIER_SIGMA = 3.0
_TEMPERED_RATIO = 0.01
_CLEAR_SIGMA, _CLEAR_SHARE = 5.0, 0.98


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How one stage of a fit looks at the sweeps.

    Attributes
    ----------
    tempering_ratio
        Model error allowed beside the noise, relative to the trace.
    step_count
        Accepted steps at most.
    reflection_ratio
        The same for reflections, relative to their rms; as ``tempering_ratio`` if None.
    is_logarithmic
        Whether transmissions are compared in log magnitude and unwrapped phase.
    gate
        Matrix (delay, point) that residuals are seen through; all points if None.
    longest_step
        Longest step of any parameter in prior spreads.
    smallest_gain_ratio
        Relative gain of a step below which the descent ends.
    """

    tempering_ratio: float
    step_count: int
    reflection_ratio: float | None = None
    is_logarithmic: bool = True
    gate: Samples | None = None
    longest_step: float = 1.0
    smallest_gain_ratio: float = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Where a stage ended.

    Attributes
    ----------
    place
        Constants in prior spreads from their centres, shape (parameter,).
    cost_sum
        Robust chi-square with the priors' share.
    information
        Fisher information of the free parameters with the priors', shape (free, free).
    """

    place: Reals
    cost_sum: float
    information: Reals


def solve(model: FitModel, place: Reals, stage: Stage) -> Solution:
    """Descend from a place until the cost no longer falls."""
    cost, damping = cost_at(model, place, stage), _FIRST_DAMPING
    information = np.eye(model.free.size)
    for _ in range(stage.step_count):
        information, gradient = _normal_equations(model, place, stage)
        before = cost
        while damping < _LARGEST_DAMPING:
            step = _step(
                model, place, (information, gradient), damping, stage.longest_step
            )
            trial = _moved(model, place, step)
            trial_cost = cost_at(model, trial, stage)
            if trial_cost < cost:
                place, cost = trial, trial_cost
                damping = max(damping / 10.0, 1e-9)
                break
            damping *= 10.0
        if before - cost < stage.smallest_gain_ratio * before + 0.1:
            break
    return Solution(place=place, cost_sum=cost, information=information)


def cost_at(model: FitModel, place: Reals, stage: Stage) -> float:
    """Return the robust chi-square at a place, with the free parameters' priors."""
    residual, _ = residuals(model, model.predict(place), stage)
    size = np.abs(residual) ** 2
    if stage.gate is None:
        limit = _limit(stage)
        size = 2.0 * limit**2 * (np.sqrt(1.0 + size / limit**2) - 1.0)
    return float(np.sum(size) + np.sum(place[model.free] ** 2))


def linear_rows(model: FitModel, place: Reals, stage: Stage) -> tuple[Reals, Reals]:
    """Return Jacobian rows, shape (free, row), and residuals, shape (row,)."""
    slope = model.differentiate(place)
    residual, by_trace = residuals(model, slope.samples, stage, is_gated=False)
    rows = slope.jacobian * by_trace
    if stage.gate is None:
        weight = np.sqrt(robust_weights(residual, stage))
        rows, residual = rows * weight, residual * weight
    else:
        rows, residual = rows @ stage.gate.T, residual @ stage.gate.T
    return split_parts(rows.reshape(len(rows), -1)), split_parts(residual.ravel())


def residuals(
    model: FitModel, samples: Samples, stage: Stage, *, is_gated: bool = True
) -> tuple[Samples, Samples]:
    """Return residuals over noise, and what a change of a trace does to them.

    Parameters
    ----------
    samples
        Traces of the model, shape (sweep, trace, point).

    Returns
    -------
    tuple of ndarray
        Residuals, seen through the gate where there is one; d residual / d trace,
        never gated.
    """
    noise = _noise(model, stage)
    residual = (model.samples - samples) / noise
    slope = np.asarray(-1.0 / noise, dtype=np.complex128)
    if stage.is_logarithmic:
        for row, name in enumerate(model.names):
            if name[1] == name[2]:
                continue
            for sweep in range(model.sweep_count):
                if _is_clear(model, sweep, row):
                    residual[sweep, row], slope[sweep, row] = _logarithmic(
                        model, samples[sweep, row], (sweep, row), noise[sweep, row]
                    )
    residual = np.where(model.is_used, residual, 0.0)
    slope = np.where(model.is_used, slope, 0.0)
    if stage.gate is not None and is_gated:
        residual = residual @ stage.gate.T
    return residual, slope


def _is_clear(model: FitModel, sweep: int, row: int) -> bool:
    """Return whether a trace has a phase: that of mere noise leads a descent astray."""
    used = model.is_used[sweep, row]
    seen = np.abs(model.samples[sweep, row]) > _CLEAR_SIGMA * model.sigma[sweep, row]
    return bool(used.any() and seen[used].mean() >= _CLEAR_SHARE)


def robust_weights(residual: Samples, stage: Stage) -> Reals:
    """Return soft-l1 weights: 1 for noise, falling for a spike."""
    excess = (np.abs(residual) / _limit(stage)) ** 2
    return np.asarray(1.0 / np.sqrt(1.0 + excess))


def split_parts(samples: Samples) -> Reals:
    """Return real parts, then imaginary parts, along the last axis."""
    return np.concatenate([samples.real, samples.imag], axis=-1)


def _limit(stage: Stage) -> float:
    is_tempered = stage.tempering_ratio >= _TEMPERED_RATIO
    return _TEMPERED_OUTLIER_SIGMA if is_tempered else _OUTLIER_SIGMA


def _noise(model: FitModel, stage: Stage) -> Reals:
    """Return noise and allowed model error; a reflection's nulls are no level."""
    size = np.abs(model.samples) * stage.tempering_ratio
    ratio = stage.tempering_ratio
    if stage.reflection_ratio is not None:
        ratio = min(ratio, stage.reflection_ratio)
    for row, name in enumerate(model.names):
        if name[1] == name[2]:
            level = np.abs(model.samples[:, row]) ** 2
            rms = np.sqrt(np.mean(level, axis=-1, keepdims=True))
            size[:, row] = ratio * rms
    return np.asarray(np.hypot(model.sigma, size))


def _logarithmic(
    model: FitModel, samples: Samples, row: tuple[int, int], noise: Reals
) -> tuple[Samples, Samples]:
    used, seen = model.is_used[row], model.samples[row]
    quotient = np.where(used, seen, 1.0) / np.where(used, samples, 1.0)
    axis_hz = model.axis_hz
    phase = np.zeros(axis_hz.size)
    phase[used] = np.unwrap(np.angle(quotient[used]))
    _, offset = np.polyfit(axis_hz[used], phase[used], 1)
    phase -= 2.0 * np.pi * np.round(offset / (2.0 * np.pi))
    relative = np.abs(seen) / noise
    residual = (np.log(np.abs(quotient)) + 1j * phase) * relative
    return residual, -relative / np.where(used, samples, 1.0)


def _normal_equations(
    model: FitModel, place: Reals, stage: Stage
) -> tuple[Reals, Reals]:
    rows, residual = linear_rows(model, place, stage)
    information = rows @ rows.T + np.eye(model.free.size)
    return information, rows @ residual + place[model.free]


def _step(
    model: FitModel,
    place: Reals,
    system: tuple[Reals, Reals],
    damping: float,
    longest_step: float,
) -> Reals:
    """Return the step of the free parameters, none beyond its bounds.

    A parameter that would leave its bounds is held at them, and the others are solved
    for anew: a step that is merely cut off there is none that descends.
    """
    information, gradient = system
    space, free = model.space, model.free
    damped = information + damping * np.diag(np.diag(information))
    lowest = ((space.low - space.centre) / space.sigma - place)[free]
    highest = ((space.high - space.centre) / space.sigma - place)[free]
    is_held = np.zeros(free.size, dtype=bool)
    step = np.zeros(free.size)
    for _ in range(_MOST_HOLDS):
        moving = ~is_held
        wanted = gradient[moving] + damped[np.ix_(moving, is_held)] @ step[is_held]
        matrix = damped[np.ix_(moving, moving)]
        step[moving] = -scipy.linalg.solve(matrix, wanted, assume_a="pos")
        is_beyond = moving & ((step < lowest) | (step > highest))
        if not is_beyond.any():
            break
        step = np.clip(step, lowest, highest)
        is_held |= is_beyond
    return np.asarray(step / max(1.0, float(np.abs(step).max()) / longest_step))


def _moved(model: FitModel, place: Reals, step: Reals) -> Reals:
    trial = place.copy()
    trial[model.free] += step
    return model.space.place_of(model.space.values(trial))
