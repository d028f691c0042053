"""Robust Levenberg-Marquardt with priors, in units of the prior spreads."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from models.twin.calibration_set import Reals, Samples, SweepData
from models.twin.fit_model import differentiate, predict
from models.twin.fit_space import FitSpace

_FIRST_DAMPING = 1e-3
_LARGEST_DAMPING = 1e6
_LARGEST_STEP = 1.5
_OUTLIER_SIGMA = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How one stage of a fit looks at the sweeps.

    Attributes
    ----------
    tempering_ratio
        Model error allowed beside the noise, relative to the trace.
    step_count
        Accepted steps at most.
    is_logarithmic
        Whether transmissions are compared in log magnitude and unwrapped phase.
    thinning_count
        Every so manieth point is used.
    is_searched
        Whether lost cycles and wrong signs are searched for before.
    """

    tempering_ratio: float
    step_count: int
    is_logarithmic: bool = False
    thinning_count: int = 1
    is_searched: bool = True


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
        Fisher information with the priors', shape (parameter, parameter).
    """

    place: Reals
    cost_sum: float
    information: Reals


def solve(
    space: FitSpace, data: list[SweepData], place: Reals, stage: Stage
) -> Solution:
    """Descend from a place until the cost no longer falls."""
    cost = _cost(space, data, place, stage)
    damping = _FIRST_DAMPING
    information = np.eye(space.size)
    for _ in range(stage.step_count):
        information, gradient = _normal_equations(space, data, place, stage)
        before = cost
        while damping < _LARGEST_DAMPING:
            trial = place + _step(information, gradient, damping)
            trial = (space.values(trial) - space.centre) / space.sigma
            trial_cost = _cost(space, data, trial, stage)
            if trial_cost < cost:
                place, cost = trial, trial_cost
                damping = max(damping / 10.0, 1e-9)
                break
            damping *= 10.0
        if before - cost < 1e-4 * before + 0.1:
            break
    return Solution(place=place, cost_sum=cost, information=information)


def residuals(
    one: SweepData, samples: Samples, stage: Stage
) -> tuple[Samples, Samples]:
    """Return residuals over noise, and what a change of a trace does to them.

    Both have the shape (trace, point); the second is d residual / d trace.
    """
    size = _levels(one)
    noise = np.hypot(one.sigma, stage.tempering_ratio * size)
    residual = (one.samples - samples) / noise
    slope = np.asarray(-1.0 / noise, dtype=np.complex128)
    if stage.is_logarithmic:
        for row, name in enumerate(one.names):
            if name[1] != name[2]:
                residual[row], slope[row] = _logarithmic(
                    one, samples[row], row, noise[row]
                )
    return np.where(one.is_used, residual, 0.0), np.where(one.is_used, slope, 0.0)


def _levels(one: SweepData) -> Reals:
    """Return what a relative error refers to; a reflection's nulls are no level."""
    size = np.abs(one.samples)
    for row, name in enumerate(one.names):
        if name[1] == name[2]:
            size[row] = np.sqrt(np.mean(size[row] ** 2))
    return size


def _logarithmic(
    one: SweepData, samples: Samples, row: int, noise: Reals
) -> tuple[Samples, Samples]:
    used = one.is_used[row]
    quotient = np.where(used, one.samples[row], 1.0) / np.where(used, samples, 1.0)
    axis_hz = one.sweep.frequency_hz
    phase = np.zeros(axis_hz.size)
    phase[used] = np.unwrap(np.angle(quotient[used]))
    _, offset = np.polyfit(axis_hz[used], phase[used], 1)
    phase -= 2.0 * np.pi * np.round(offset / (2.0 * np.pi))
    relative = np.abs(one.samples[row]) / noise
    residual = (np.log(np.abs(quotient)) + 1j * phase) * relative
    return residual, -relative / np.where(used, samples, 1.0)


def robust_weights(residual: Samples, stage: Stage) -> Reals:
    """Return soft-l1 weights: 1 for noise, falling for a spike."""
    limit = _OUTLIER_SIGMA if stage.tempering_ratio < 0.01 else 3.0
    excess = (np.abs(residual) / limit) ** 2
    return np.asarray(1.0 / np.sqrt(1.0 + excess))


def _cost(space: FitSpace, data: list[SweepData], place: Reals, stage: Stage) -> float:
    limit = _OUTLIER_SIGMA if stage.tempering_ratio < 0.01 else 3.0
    cost = float(place @ place)
    for one, samples in zip(data, predict(space, data, place), strict=True):
        residual, _ = residuals(one, samples, stage)
        size = np.abs(residual / limit) ** 2
        cost += float(np.sum(2.0 * limit**2 * (np.sqrt(1.0 + size) - 1.0)))
    return cost


def _normal_equations(
    space: FitSpace, data: list[SweepData], place: Reals, stage: Stage
) -> tuple[Reals, Reals]:
    information = np.eye(space.size)
    gradient = place.copy()
    for index, one in enumerate(data):
        slope = differentiate(space, one, index, place)
        residual, by_trace = residuals(one, slope.samples, stage)
        weight = np.sqrt(robust_weights(residual, stage))
        rows = slope.jacobian * (by_trace * weight)
        flat = split_parts(rows.reshape(space.size, -1))
        information += flat @ flat.T
        gradient += flat @ split_parts((residual * weight).ravel())
    return information, gradient


def split_parts(samples: Samples) -> Reals:
    """Return real parts, then imaginary parts, along the last axis."""
    return np.concatenate([samples.real, samples.imag], axis=-1)


def _step(information: Reals, gradient: Reals, damping: float) -> Reals:
    damped = information + damping * np.diag(np.diag(information))
    step = -scipy.linalg.solve(damped, gradient, assume_a="pos")
    return np.asarray(step / max(1.0, float(np.abs(step).max()) / _LARGEST_STEP))
