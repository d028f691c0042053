"""A sweep and its reference as they were measured, their bad traces left out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Traces: TypeAlias = Mapping[str, npt.NDArray[np.complexfloating]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SweepView:
    """What there is to judge one sweep by.

    Attributes
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    traces
        Name to samples, each shape (point,).
    reference_hz, reference
        Axis and traces of the reference; None where there is none.
    """

    frequency_hz: npt.NDArray[np.float64]
    traces: Traces
    reference_hz: npt.NDArray[np.float64] | None = None
    reference: Traces | None = None

    def heard(self, names: Collection[str]) -> "SweepView":
        """Return the view with some of the traces only."""
        traces = {name: row for name, row in self.traces.items() if name in names}
        return replace(self, traces=traces)
