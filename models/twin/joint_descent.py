"""Levenberg-Marquardt with priors, for many trials of one joint model at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.twin.joint_model import JointModel

Reals = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Trials = npt.NDArray[np.intp]

_FIRST_DAMPING = 1e-6
_LARGEST_DAMPING = 1e8
_SMALLEST_GAIN = 0.02
# A descent that creeps far above what noise explains ends: it leads nowhere.
_HOPELESS_RATIO = 5.0
_SMALLEST_GAIN_RATIO = 0.01
# Steps with one set of derivatives, which cost ten times a prediction.
_CHORDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class JointData:
    """What was seen in every trial.

    Attributes
    ----------
    seen
        Rows of each sweep, shape (trial, row).
    weights
        One over their noise, 0 where nothing was seen, shape (trial, row).
    centre
        What is known of a place beforehand, shape (trial, number).
    """

    seen: Sequence[Reals]
    weights: Sequence[Reals]
    centre: Reals

    def of(self, trials: Trials) -> "JointData":
        """Return some of the trials."""
        return JointData(
            seen=[one[trials] for one in self.seen],
            weights=[one[trials] for one in self.weights],
            centre=self.centre[trials],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """Where descents are: places, costs and dampings, changed in place."""

    places: Reals
    costs: Reals
    damping: Reals


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """Where descents ended.

    Attributes
    ----------
    places
        Shape (trial, number).
    costs
        Chi-square with the priors' share, shape (trial,).
    information
        Of data and priors at the last places that were differentiated, shape (trial,
        number, number).
    is_still
        Whether a descent ended by itself, shape (trial,).
    """

    places: Reals
    costs: Reals
    information: Reals
    is_still: Mask


def descend(
    model: JointModel,
    data: JointData,
    places: Reals,
    step_count: int,
    tell: Callable[[float], None] | None = None,
) -> Descent:
    """Descend from places, each until its cost no longer falls.

    Parameters
    ----------
    step_count
        Derivatives that are taken at most.
    tell
        Is called with the share of them that was taken.
    """
    state = _State(
        places=places.copy(),
        costs=cost_of(model, data, places),
        damping=np.full(len(places), _FIRST_DAMPING),
    )
    information = np.zeros((len(places), model.size, model.size))
    is_still = np.zeros(len(places), dtype=bool)
    is_stuck = ~np.isfinite(state.costs)
    hopeless = _HOPELESS_RATIO * sum(one.shape[1] for one in data.seen)
    for step in range(step_count):
        if tell is not None:
            tell(step / step_count)
        moving = np.flatnonzero(~is_still & ~is_stuck)
        if not moving.size:
            break
        before = state.costs[moving]
        own = data.of(moving)
        slopes = _weighted_slopes(model, own, state.places[moving])
        information[moving] = model.information(slopes)
        _descend_along(model, data, state, (moving, information[moving], slopes))
        gains, after = before - state.costs[moving], state.costs[moving]
        is_still[moving] = gains < _SMALLEST_GAIN
        is_stuck[moving] = (after > hopeless) & (gains < _SMALLEST_GAIN_RATIO * after)
    return Descent(
        places=state.places,
        costs=state.costs,
        information=information,
        is_still=is_still,
    )


def cost_of(model: JointModel, data: JointData, places: Reals) -> Reals:
    """Return chi-square with the priors' share, infinite outside of the physics."""
    costs = np.full(len(places), np.inf)
    fine = np.flatnonzero(model.is_allowed(places))
    if not fine.size:
        return costs
    own, here = data.of(fine), places[fine]
    found = np.sum(((here - own.centre) / model.prior) ** 2, axis=1)
    for residual, weight in zip(_residuals(model, own, here), own.weights, strict=True):
        found += np.sum((residual * weight) ** 2, axis=1)
    costs[fine] = found
    return costs


def _residuals(model: JointModel, data: JointData, places: Reals) -> list[Reals]:
    return [seen - row for seen, row in zip(data.seen, model.rows(places), strict=True)]


def _weighted_slopes(model: JointModel, data: JointData, places: Reals) -> list[Reals]:
    return [
        slope * weight[:, :, None]
        for slope, weight in zip(model.slopes(places), data.weights, strict=True)
    ]


def _pull(
    model: JointModel, data: JointData, places: Reals, slopes: Sequence[Reals]
) -> Reals:
    """Return how data and priors pull on places, shape (trial, number)."""
    found = (data.centre - places) * model.prior**-2.0
    residuals = _residuals(model, data, places)
    for index, slope in enumerate(slopes):
        seen = residuals[index] * data.weights[index]
        pull = slope.transpose(0, 2, 1) @ seen[:, :, None]
        found[:, model.columns(index)] += pull[..., 0]
    return found


def _descend_along(
    model: JointModel,
    data: JointData,
    state: _State,
    system: tuple[Trials, Reals, Sequence[Reals]],
) -> None:
    """Take steps with one set of derivatives, damped in the first one as needed."""
    moving, information, slopes = system
    kept = np.arange(moving.size)
    for chord in range(1 + _CHORDS):
        own = moving[kept]
        along = [slope[kept] for slope in slopes]
        pull = _pull(model, data.of(own), state.places[own], along)
        most = _LARGEST_DAMPING if chord == 0 else 0.0
        gain = _step(model, data, state, (own, information[kept], pull), most)
        kept = kept[gain > _SMALLEST_GAIN]
        if not kept.size:
            return


def _step(
    model: JointModel,
    data: JointData,
    state: _State,
    system: tuple[Trials, Reals, Reals],
    largest_damping: float,
) -> Reals:
    """Take one step of trials, damped until it descends; return the gains."""
    moving, information, pull = system
    before = state.costs[moving]
    left = np.arange(moving.size)
    while left.size:
        trials = moving[left]
        damping = state.damping[trials]
        matrix = information[left] + damping[:, None, None] * np.eye(model.size)
        move = np.linalg.solve(matrix, pull[left][..., None])[..., 0]
        # Of a step that promises nothing none is tried.
        is_worth = np.sum(move * pull[left], axis=1) > _SMALLEST_GAIN
        left, trials, move = left[is_worth], trials[is_worth], move[is_worth]
        there = state.places[trials] + move
        costs = cost_of(model, data.of(trials), there)
        is_better = costs < state.costs[trials]
        good, bad = trials[is_better], trials[~is_better]
        state.places[good], state.costs[good] = there[is_better], costs[is_better]
        state.damping[good] /= 30.0
        if largest_damping == 0.0:
            break
        state.damping[bad] = np.maximum(30.0 * state.damping[bad], 1e-3)
        left = left[~is_better][state.damping[bad] < largest_damping]
    return np.asarray(before - state.costs[moving])
