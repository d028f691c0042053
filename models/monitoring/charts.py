r"""EWMA and CUSUM of how strange the sweeps of a cavity are. Pure.

The p-value of a sweep becomes a normal score :math:`z = \Phi^{-1}(1 - p)`, large where
it is strange, taken against the centre and spread of the cavity's healthy sweeps. The
EWMA :math:`e \leftarrow (1 - \lambda) e + \lambda z` sees small lasting shifts, the
one-sided CUSUM :math:`c \leftarrow \max(0, c + z - k)` (Page 1954) sees them soonest at
the size :math:`2k`, and its last zero dates their beginning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist

import numpy as np

EWMA_WEIGHT = 0.1
"""Lambda: the share of the newest score."""

CUSUM_ALLOWANCE = 0.5
"""k in units of the spread: shifts of one spread are found soonest."""

SCORE_LIMIT = 4.0
"""Scores are cut here: one wild sweep is another rule's business."""

LEAST_SPREAD = 0.2
"""Spread below which a cavity's scores are too alike to be one."""

_LEAST_P_VALUE = 1e-9
_BACK_SHARE = 0.5
_NORMAL = NormalDist()
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the normal scores of a healthy cavity look like."""

    centre: float
    spread: float

    def standard(self, score: float) -> float:
        """Return a score in spreads from the centre, cut at the limit."""
        value = (score - self.centre) / self.spread
        return min(max(value, -SCORE_LIMIT), SCORE_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where the charts call."""

    ewma: float
    cusum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartState:
    """Both charts of one cavity.

    Attributes
    ----------
    began_at
        When the CUSUM left zero last: the best guess of when a shift began; None
        where it stands at zero.
    count
        Sweeps that were charted.
    """

    ewma: float = 0.0
    cusum: float = 0.0
    began_at: datetime | None = None
    count: int = 0


def normal_score(p_value: float) -> float:
    """Turn a p-value into a normal score, large where the sweep is strange."""
    p_value = min(max(p_value, _LEAST_P_VALUE), 1.0 - _LEAST_P_VALUE)
    return -_NORMAL.inv_cdf(p_value)


def baseline_of(scores: Sequence[float]) -> Baseline:
    """Return centre and spread of healthy scores, by median and its deviation.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not len(scores):
        raise ValueError("a baseline needs scores")
    values = np.asarray(scores, dtype=np.float64)
    centre = float(np.median(values))
    spread = _MAD_TO_SIGMA * float(np.median(np.abs(values - centre)))
    return Baseline(centre=centre, spread=max(spread, LEAST_SPREAD))


def step(state: ChartState, score: float, at: datetime, limits: Limits) -> ChartState:
    """Take the standard score of the next sweep.

    Beyond its limit the CUSUM is held there, so that it comes back as fast as it left.
    """
    cusum = min(max(0.0, state.cusum + score - CUSUM_ALLOWANCE), 1.25 * limits.cusum)
    began_at = state.began_at if state.cusum > 0.0 else at
    return ChartState(
        ewma=(1.0 - EWMA_WEIGHT) * state.ewma + EWMA_WEIGHT * score,
        cusum=cusum,
        began_at=began_at if cusum > 0.0 else None,
        count=state.count + 1,
    )


def is_out(state: ChartState, limits: Limits) -> bool:
    """Tell whether a chart calls."""
    return state.ewma > limits.ewma or state.cusum > limits.cusum


def is_back(state: ChartState, limits: Limits) -> bool:
    """Tell whether both charts are well below their limits again."""
    return (
        state.ewma < _BACK_SHARE * limits.ewma
        and state.cusum < _BACK_SHARE * limits.cusum
    )
