"""Which failures are there, each for itself, taught by sweeps put together from two.

A softmax shares one sweep out among its classes, so a second failure hardly gets
anything. Here every failure has a logistic head of its own. Sweeps that were put
together teach only: what is promised is calibrated on measured sweeps, left out.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from models.calibration.presence import JOINT, logistic, parts_of, threshold_of
from models.coordinates.signal import Flags, Reals, as_stored
from models.receiver.lesson import Indices
from models.receiver.softmax import SoftmaxHead, standardised

JOINED_WEIGHT = 0.3
"""Weight of all sweeps that were put together, over that of all measured ones."""

_PENALTY = 1e-2
_SLOPE_PENALTY = 1e-3
_MOST_STEPS = 200
_LEAST_SWEEPS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FailureHead:
    """Whether each failure is there.

    Attributes
    ----------
    head
        Its logits are log odds, one a failure.
    thresholds
        A failure at or above its own is in the set, shape (failure,).
    """

    head: SoftmaxHead
    thresholds: Reals

    def probabilities(self, features: Reals) -> Reals:
        """Return the probability of each failure, shape (sweep, failure)."""
        return logistic(self.head.logits(features))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FailureSweeps:
    """Sweeps that teach which failures are there; the first axis is the sweep.

    Attributes
    ----------
    features
        As from :func:`models.receiver.features.condition_features`.
    present
        1 where a failure is there, shape (sweep, failure).
    fold
        Group of cycles that a sweep is left out with.
    measured
        Whether it was measured as it is, or put together.
    """

    features: Reals
    present: Reals
    fold: Indices
    measured: Flags


def present_in(labels: tuple[str, ...], healthy: int) -> Reals:
    """Return which failures each label names, shape (label, failure)."""
    parts = parts_of(labels, labels[healthy])
    told = [{part.strip() for part in label.split(JOINT)} for label in labels]
    found = [[float(part in each) for part in parts] for each in told]
    return np.array(found).reshape(len(labels), len(parts))


def learn_failures(taught: FailureSweeps) -> FailureHead | None:
    """Learn a head, or None where a failure is too rare to promise anything."""
    measured, present = taught.measured, taught.present
    if present[measured].sum(axis=0).min() < _LEAST_SWEEPS:
        return None
    left = np.zeros((int(measured.sum()), present.shape[1]))
    fold = taught.fold[measured]
    for index in np.unique(fold):
        known = taught.fold != index
        if not known.any():
            known = np.ones(known.size, dtype=np.bool_)
        head = _fitted(taught, known)
        left[fold == index] = head.logits(taught.features[measured][fold == index])
    true = present[measured]
    lines = np.array([_line(*each) for each in zip(left.T, true.T, strict=True)])
    said = logistic(left * lines[:, 0] + lines[:, 1])
    raw = _fitted(taught, np.ones(measured.size, dtype=np.bool_))
    return FailureHead(
        head=SoftmaxHead(
            centre=raw.centre,
            scale=raw.scale,
            weight=as_stored(raw.weight * lines[:, 0]),
            offset=as_stored(raw.offset * lines[:, 0] + lines[:, 1]),
        ),
        thresholds=np.array(
            [
                threshold_of(said[true[:, part] > 0, part])
                for part in range(lines.shape[0])
            ]
        ),
    )


def _fitted(taught: FailureSweeps, known: Flags) -> SoftmaxHead:
    features, present = taught.features[known], taught.present[known]
    centre = features.mean(axis=0)
    scale = np.maximum(features.std(axis=0), 1e-6)
    inputs = standardised(features, centre, scale)
    weight = _weights(taught.measured[known])
    found = [_logistic_fit(inputs, each, weight) for each in present.T]
    return SoftmaxHead(
        centre=as_stored(centre),
        scale=as_stored(scale),
        weight=as_stored(np.stack([each[:-1] for each in found], axis=1)),
        offset=as_stored(np.array([each[-1] for each in found])),
    )


def _weights(measured: Flags) -> Reals:
    joined = max(int((~measured).sum()), 1)
    weight = np.where(measured, 1.0, JOINED_WEIGHT * measured.sum() / joined)
    return np.asarray(weight / weight.sum())


def _logistic_fit(inputs: Reals, present: Reals, weight: Reals) -> Reals:
    """Return weights, and the offset behind them, by penalised likelihood."""
    signs = 2.0 * present - 1.0

    def loss(values: Reals) -> tuple[float, Reals]:
        margin = signs * (inputs @ values[:-1] + values[-1])
        slope = -weight * signs * logistic(-margin)
        gradient = np.append(inputs.T @ slope + _PENALTY * values[:-1], slope.sum())
        cost = float(weight @ np.logaddexp(0.0, -margin))
        return cost + 0.5 * _PENALTY * float(values[:-1] @ values[:-1]), gradient

    start = np.zeros(inputs.shape[1] + 1)
    return np.asarray(
        minimize(
            loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS}
        ).x
    )


def _line(logits: Reals, present: Reals) -> npt.NDArray[np.float64]:
    """Return slope and offset that make logits of left-out sweeps log odds."""
    signs = 2.0 * present - 1.0

    def loss(values: Reals) -> float:
        margin = signs * (values[0] * logits + values[1])
        cost = float(np.logaddexp(0.0, -margin).mean())
        return cost + _SLOPE_PENALTY * float((values[0] - 1.0) ** 2)

    # A slope below zero would turn what was learnt round.
    bounds = [(0.0, None), (None, None)]
    return np.asarray(minimize(loss, [1.0, 0.0], bounds=bounds).x)
