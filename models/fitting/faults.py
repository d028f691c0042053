"""What an instrument delivers that no resonator could: points to mask, or a fault."""

import numpy as np
import numpy.typing as npt

from instruments.measurement.artefacts import (
    LARGEST_MAGNITUDE,
    find_spikes,
    is_constant,
)
from models.fitting.lineshape import Complexes

LARGEST_MASKED_FRACTION = 0.05
"""A trace with more corrupt points than this is not fitted."""

_SPIKE_ROUNDS = 3
_OUTLIER_RATIO = 7.0
_LONE_RATIO = 4.0
_WIDEST_OUTLIER = 3
_NEIGHBOURS = 10

Mask = npt.NDArray[np.bool_]
"""True where a point can be used, shape (point,)."""


def find_fault(trace: Complexes) -> str | None:
    """Return a sentence on an instrument's fault in a whole trace, or None.

    Parameters
    ----------
    trace
        Complex samples without corrupt points, shape (point,).
    """
    if is_constant(trace):
        return "every point of the trace is the same"
    if not trace.imag.any():
        return "the imaginary part is zero everywhere"
    return None


def sound_points(trace: Complexes) -> Mask:
    """Tell the points that can be used from NaN, absurd values, gaps and spikes.

    Parameters
    ----------
    trace
        Complex samples as measured, shape (point,).
    """
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.abs(trace)
    sound = np.isfinite(size) & (size <= LARGEST_MAGNITUDE)
    empty = size == 0.0
    if not empty.all():
        sound &= ~empty
    # A high spike hides the lower ones beside it.
    for _ in range(_SPIKE_ROUNDS):
        left = np.flatnonzero(sound)
        spikes = find_spikes(trace[left])
        if spikes.size == 0:
            break
        sound[left[spikes]] = False
    return sound


def too_many(sound: Mask) -> str | None:
    """Return a sentence if more points are corrupt than a fit may leave out."""
    count = int(sound.size - sound.sum())
    if count <= LARGEST_MASKED_FRACTION * sound.size:
        return None
    return f"{count} of {sound.size} points are corrupt (NaN, absurd or glitches)"


def outliers(residual: Complexes) -> Mask:
    """Tell short runs of points that stand far out of white residuals.

    Parameters
    ----------
    residual
        Trace minus fitted line, shape (point,).

    Returns
    -------
    Mask
        True where a point stands out, shape (point,).
    """
    size = np.abs(residual)
    high = size > _OUTLIER_RATIO * float(np.median(size))
    if not high.any():
        return high
    edges = np.flatnonzero(np.diff(high, prepend=False, append=False))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        around = size[max(start - _NEIGHBOURS, 0) : stop + _NEIGHBOURS]
        is_lone = size[start:stop].min() > _LONE_RATIO * float(np.median(around))
        # Longer runs are a shape that was not understood; a rough place is a mode that
        # shakes: no glitches.
        if stop - start > _WIDEST_OUTLIER or not is_lone:
            high[start:stop] = False
    return high
