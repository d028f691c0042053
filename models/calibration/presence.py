"""Which conditions are there, each for itself: two may be at once.

A condition may be told as several, joined by ``+``. The presence of one is a logistic
regression on the logarithms of all class probabilities, learnt on left-out cycles; its
conformal threshold holds for each condition by itself (Mondrian), so that rare ones
are promised as much as common ones.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Reals = npt.NDArray[np.float64]

JOINT = "+"
"""Between the conditions of a sweep that has several."""

PRESENCE_COVERAGE = 0.9
"""Share of the sweeps with a condition whose set holds it."""

_LEAST_SHARE = 1e-6
_LEAST_SWEEPS = 4
_PENALTY = 1e-2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PresenceCalibration:
    """How class probabilities become presences.

    Attributes
    ----------
    weights
        Of the centred log-probabilities, shape (class, condition).
    offset
        Shape (condition,).
    thresholds
        A condition at or above its own is in the set, shape (condition,).
    """

    weights: Reals
    offset: Reals
    thresholds: Reals

    def probabilities(self, shares: Reals) -> Reals:
        """Return the probability that each condition is there.

        Parameters
        ----------
        shares
            Class probabilities, shape (sweep, class).

        Returns
        -------
        ndarray
            Shape (sweep, condition); rows need not sum to one.
        """
        return logistic(_evidence(shares) @ self.weights + self.offset)


def parts_of(labels: tuple[str, ...], healthy: str) -> tuple[str, ...]:
    """Return the single conditions that labels name, without the healthy one."""
    parts = {part.strip() for label in labels for part in label.split(JOINT)}
    return tuple(sorted(parts - {healthy, ""}))


def calibrate_presence(shares: Reals, present: Reals) -> PresenceCalibration | None:
    """Learn presences from left-out sweeps.

    Parameters
    ----------
    shares
        Class probabilities, shape (sweep, class).
    present
        1 where a condition is there, shape (sweep, condition).

    Returns
    -------
    PresenceCalibration or None
        None where a condition is too rare to learn from.
    """
    counts = present.sum(axis=0)
    if present.size == 0 or counts.min() < _LEAST_SWEEPS:
        return None
    evidence = _evidence(shares)
    fitted = [_fit(evidence, present[:, column]) for column in range(counts.size)]
    weights = np.stack([each[:-1] for each in fitted], axis=1)
    offset = np.array([each[-1] for each in fitted])
    said = logistic(evidence @ weights + offset)
    thresholds = [
        threshold_of(said[present[:, column] > 0, column])
        for column in range(counts.size)
    ]
    return PresenceCalibration(
        weights=weights, offset=offset, thresholds=np.array(thresholds)
    )


def _evidence(shares: Reals) -> Reals:
    logs = np.log(np.maximum(shares, _LEAST_SHARE))
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))


def _fit(evidence: Reals, present: Reals) -> Reals:
    signs = 2.0 * present - 1.0

    def loss(values: Reals) -> tuple[float, Reals]:
        margin = signs * (evidence @ values[:-1] + values[-1])
        wrong = logistic(-margin)
        slope = -(signs * wrong) / signs.size
        gradient = np.append(evidence.T @ slope + _PENALTY * values[:-1], slope.sum())
        cost = np.logaddexp(0.0, -margin).mean()
        return float(cost + 0.5 * _PENALTY * values[:-1] @ values[:-1]), gradient

    start = np.zeros(evidence.shape[1] + 1)
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x)


def threshold_of(said: Reals) -> float:
    """Return what nine tenths of the sweeps with a condition reach."""
    rank = int(np.floor((said.size + 1) * (1.0 - PRESENCE_COVERAGE)))
    return float(np.sort(said)[rank - 1]) if rank > 0 else 0.0


def logistic(values: Reals) -> Reals:
    """Return probabilities of log odds, same shape."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)))
