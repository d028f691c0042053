"""Temperatures that a receiver shows alike, as left-out cycles tell.

Where nothing moves from one temperature to another, where the density ends between the
two is an accident of the cycles that taught it. An interval that holds much of what
looks alike is drawn to its end.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from models.calibration.gain import is_sure_gain
from models.coordinates.signal import Flags, Reals

LEAST_RISE = 0.25
"""Share of the way between two temperatures that readings must surely go."""

LEAST_HELD = 1.0 / 3.0
"""Share of a span from which on an interval is to hold all of it."""

MOST_SPANS = 12
"""Parts of the temperature axis that are held against one another."""

_LEAST_CYCLES = 3
_MARGIN = 5e-3

NO_SPANS: Reals = np.zeros((0, 2))
"""Of a scalar that is told apart everywhere, or where nobody knows."""


def learn_spans(reading: Reals, truth: Reals, cycle: npt.NDArray[np.str_]) -> Reals:
    """Return the spans in which readings of left-out cycles do not rise.

    A span is as long as no two parts of it are told apart; it may overlap with others.

    Parameters
    ----------
    reading, truth
        On the temperature axis, shape (sweep,).
    cycle
        Shape (sweep,); sweeps of one cycle are compared with one another only.

    Returns
    -------
    ndarray
        Lower and upper end of each, shape (span, 2).
    """
    parts = _parts(truth)
    found: list[tuple[int, int]] = []
    for first in range(len(parts)):
        last = first
        while last + 1 < len(parts) and all(
            _look_alike(parts[each], parts[last + 1], reading, truth, cycle)
            for each in range(first, last + 1)
        ):
            last += 1
        if last > first and (not found or found[-1][1] < last):
            found.append((first, last))
    if not found:
        return NO_SPANS
    return np.array(
        [
            (truth[parts[first]].min() - _MARGIN, truth[parts[last]].max() + _MARGIN)
            for first, last in found
        ]
    )


def drawn_out(quantiles: Reals, spans: Reals) -> Reals:
    """Return quantiles that hold all of a span, or less than a part of it.

    An interval that just reaches into a span says little of it, and stays.

    Parameters
    ----------
    quantiles
        Rising, the median in the middle, shape (sweep, level).
    """
    found = quantiles.copy()
    below = np.arange(quantiles.shape[1]) < quantiles.shape[1] // 2
    above = below[::-1]
    for low, high in spans:
        held = np.minimum(quantiles[:, -1], high) - np.maximum(quantiles[:, 0], low)
        mine = held[:, None] >= LEAST_HELD * (high - low)
        inside = mine & (quantiles > low) & (quantiles < high)
        found = np.where(inside & below, np.minimum(found, low), found)
        found = np.where(inside & above, np.maximum(found, high), found)
    return found


def _parts(truth: Reals) -> list[npt.NDArray[np.intp]]:
    """Return sweeps by rising temperature in parts alike; equal ones stay together."""
    order = np.argsort(truth, kind="stable")
    rising = truth[order]
    wanted = np.linspace(0, rising.size, MOST_SPANS + 1).astype(np.intp)[:-1]
    starts = np.unique(np.searchsorted(rising, rising[wanted]))
    return [order[start:stop] for start, stop in pairwise([*starts, rising.size])]


def _look_alike(
    cold: npt.NDArray[np.intp],
    warm: npt.NDArray[np.intp],
    reading: Reals,
    truth: Reals,
    cycle: npt.NDArray[np.str_],
) -> bool:
    """Return whether readings do not surely rise from one part to the other."""
    shared = np.intersect1d(cycle[cold], cycle[warm])
    if shared.size < _LEAST_CYCLES:
        return False
    excess = reading - LEAST_RISE * truth
    rises = [
        excess[_of(warm, cycle, name)].mean() - excess[_of(cold, cycle, name)].mean()
        for name in shared
    ]
    return not is_sure_gain(np.array(rises), shared)


def _of(
    part: npt.NDArray[np.intp], cycle: npt.NDArray[np.str_], name: str
) -> npt.NDArray[np.intp]:
    mine: Flags = cycle[part] == name
    return part[mine]
