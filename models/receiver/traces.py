"""Sets of traces that sweeps have, and what coordinates these give."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.coordinates import CoordinateForm, Coordinates
from models.coordinates.signal import Flags

TraceSet: TypeAlias = tuple[bool, ...]
"""Whether each trace of a form is there."""


def coordinates_of(traces: TraceSet, form: CoordinateForm) -> Flags:
    """Return which coordinates a set of traces has, shape (coordinate,)."""
    return np.asarray(np.array(traces)[form.trace_of])


def rows_by_set(
    coordinates: Coordinates, form: CoordinateForm
) -> dict[TraceSet, npt.NDArray[np.intp]]:
    """Return the rows of each set of traces that occurs, of any at all."""
    known = np.isfinite(coordinates.values)
    there = np.stack(
        [
            known[:, form.trace_of == index].all(axis=1)
            for index in range(len(form.traces))
        ],
        axis=1,
    )
    found: dict[TraceSet, npt.NDArray[np.intp]] = {}
    for traces in sorted({tuple(row) for row in there.tolist()}):
        if any(traces):
            found[traces] = np.flatnonzero((there == traces).all(axis=1))
    return found
