"""One thermal cycle more: what it may be like, told by the cycles that are known.

Cycles are exchangeable, their sweeps are not: of n cycles one more exceeds all with
probability 1 / (n + 1), however many sweeps each has.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import stats

Reals = npt.NDArray[np.float64]

FEWEST_FREEDOM = 3
"""Degrees of freedom that a spread of cycles has at least."""

_LEVEL_COUNT = 200
_FEWEST_LEVELS = 20
_MOST_PAIRS = 2_000_000
_LEAST_USUAL = 3
_MEDIAN_VARIANCE = 0.5 * np.pi


@dataclass(frozen=True, slots=True, eq=False)
class CycledSweeps:
    """Where sweeps come from; the first axis of each is the sweep.

    Attributes
    ----------
    cycle
        Thermal cycle.
    usual
        Sweeps that tell the level of their cycle: those with no known fault.
    """

    cycle: npt.NDArray[np.str_]
    usual: npt.NDArray[np.bool_]

    @classmethod
    def healthy(cls, cycle: npt.NDArray[np.str_]) -> Self:
        """Return sweeps that all tell the level of their cycle."""
        return cls(cycle, np.ones(cycle.size, dtype=np.bool_))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NextCycle:
    """The distribution of a logarithm in one cycle more.

    A cycle's level is the median of its usual sweeps. That of the next one is predicted
    from them as one more Gaussian reading (Student t), and a sweep of it is as far from
    its level as those of known cycles are from theirs.

    Attributes
    ----------
    middle, reach
        Mean of the levels, and the spread of one more around it.
    freedom
        Degrees of freedom of that spread.
    distance
        Of each known sweep from the level of its cycle, shape (sweep,).
    """

    middle: float
    reach: float
    freedom: int
    distance: Reals

    @classmethod
    def of(cls, logs: Reals, sweeps: CycledSweeps) -> Self | None:
        """Predict from known sweeps, shape (sweep,); None from fewer than two cycles.

        What medians of so few sweeps scatter by themselves is no difference of cycles.
        """
        distance = np.full(logs.size, np.nan)
        levels, counts = [], []
        for cycle in np.unique(sweeps.cycle):
            mine = sweeps.cycle == cycle
            usual = mine & sweeps.usual
            if usual.sum() < _LEAST_USUAL:
                continue
            levels.append(float(np.median(logs[usual])))
            counts.append(int(usual.sum()))
            distance[mine] = logs[mine] - levels[-1]
        if len(levels) < 2:
            return None
        middle = float(np.mean(levels))
        within = float(np.nanvar(distance[sweeps.usual]))
        chance = _MEDIAN_VARIANCE * within * float(np.mean(1.0 / np.array(counts)))
        between = max(float(np.var(levels, ddof=1)) - chance, 0.0)
        return cls(
            middle=middle,
            reach=float(np.sqrt(between * (1.0 + 1.0 / len(levels)))),
            freedom=max(len(levels) - 1, FEWEST_FREEDOM),
            distance=np.where(np.isnan(distance), logs - middle, distance),
        )

    def logs(self) -> Reals:
        """Return what sweeps of it may be, each as likely as the other."""
        tried = min(_LEVEL_COUNT, _MOST_PAIRS // self.distance.size)
        tried = max(tried, _FEWEST_LEVELS)
        share = (np.arange(tried) + 0.5) / tried
        level = self.middle + self.reach * stats.t.ppf(share, self.freedom)
        return np.asarray((level[:, None] + self.distance).ravel())

    def bound(self, share: float, probability: float) -> float:
        """Return what a share of its sweeps stays below with a probability."""
        level = self.middle + self.reach * stats.t.ppf(probability, self.freedom)
        return float(level + np.quantile(self.distance, share))
