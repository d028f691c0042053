"""Intervals that adapt where a thermometer tells the truth afterwards. Pure.

Adaptive conformal inference (Gibbs and Candes 2021, arXiv:2106.00170): whenever an
interval missed, the share of misses that is asked for falls, and rises again where
intervals hold, so that the promise is kept under drift too, whatever the cause.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Self

from models.diagnosis import Estimate

TARGET = 0.1
"""Share of 90 % intervals that may miss."""

RATE = 0.01
"""How far one label moves the share that is asked for."""

BOUNDS = (0.005, 0.3)
"""It never leaves these: an interval is never nothing, and never everything."""

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveState:
    """What labels of one target taught for one cavity and model version.

    Attributes
    ----------
    alpha
        Share of misses that is asked for.
    labelled, missed
        Labels that were compared, and those outside of their interval.
    """

    alpha: float = TARGET
    labelled: int = 0
    missed: int = 0

    @property
    def stretch(self) -> float:
        """By what distances to the median are stretched; 1 where nothing was learnt."""
        asked = _NORMAL.inv_cdf(1.0 - 0.5 * self.alpha)
        return asked / _NORMAL.inv_cdf(1.0 - 0.5 * TARGET)

    def taught(self, *, missed: bool) -> Self:
        """Return the state after one more label."""
        low, high = BOUNDS
        alpha = self.alpha + RATE * (TARGET - float(missed))
        return replace(
            self,
            alpha=min(max(alpha, low), high),
            labelled=self.labelled + 1,
            missed=self.missed + missed,
        )

    def to_record(self) -> dict[str, Any]:
        """Write JSON-ready, with the stretch that follows."""
        return {
            "alpha": self.alpha,
            "labelled": self.labelled,
            "missed": self.missed,
            "stretch": self.stretch,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_record` wrote; kept inside of the bounds."""
        low, high = BOUNDS
        return cls(
            alpha=min(max(float(record["alpha"]), low), high),
            labelled=int(record["labelled"]),
            missed=int(record["missed"]),
        )


def stretched(estimate: Estimate, factor: float, *, logarithmic: bool) -> Estimate:
    """Stretch an interval around its median.

    Parameters
    ----------
    logarithmic
        Whether distances are ratios, as of temperatures.
    """
    median = estimate.median
    if median is None or factor == 1.0:
        return estimate

    def moved(value: float | None) -> float | None:
        if value is None:
            return None
        if logarithmic and value > 0 and median > 0:
            return float(median * (value / median) ** factor)
        return median + factor * (value - median)

    return replace(
        estimate,
        p05=moved(estimate.p05),
        p16=moved(estimate.p16),
        p84=moved(estimate.p84),
        p95=moved(estimate.p95),
    )
