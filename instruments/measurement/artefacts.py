"""What an instrument delivers that no resonator could, told from the samples alone."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from instruments.measurement.arrays import TraceArray
from instruments.measurement.flags import TruthFlag

Samples = npt.NDArray[np.complexfloating]
"""One trace, complex, shape (point,); other than a sweep's it may hold NaN."""

LARGEST_MAGNITUDE = 1e4
"""|S| above 80 dB is no S-parameter of a receiver."""

MISSING = 9.9e37
"""SCPI writes 9.91e37 for a point that was not measured (SCPI-99, 7.2.1.5)."""

_SPIKE_RATIO = 30.0
_EMPTY_RATIO = 1e-12
_NEIGHBOUR_RATIO = 0.1
_LARGEST_LONE_FRACTION = 0.01
_GAP_POINTS = 8
_LEAST_POINTS = 9


def flags_of_traces(
    traces: Mapping[str, Samples],
    previous: Mapping[str, TraceArray] | None = None,
    *,
    narrow: bool = False,
) -> tuple[TruthFlag, ...]:
    """Find what is wrong with the traces of one sweep, whatever the settings were.

    Parameters
    ----------
    traces
        Name to samples, each shape (point,), as read.
    previous
        The traces of the sweep before by the same plan, if there was one.
    narrow
        Whether the axis resolves the mode; see :func:`flags_of_trace`.

    Returns
    -------
    tuple of TruthFlag
        Sorted, once each.
    """
    found: set[TruthFlag] = set()
    for name, trace in traces.items():
        found.update(flags_of_trace(trace, narrow=narrow))
        if previous is not None and is_repeated(trace, previous.get(name)):
            found.add(TruthFlag.REPEATED_TRACE)
    return tuple(sorted(found))


def flags_of_trace(trace: Samples, *, narrow: bool) -> tuple[TruthFlag, ...]:
    """Find what is wrong with one trace.

    Parameters
    ----------
    trace
        Samples, shape (point,).
    narrow
        Whether the axis resolves the mode. Only there is any lone point a glitch; in a
        wide sweep it may be the mode, and only impossible values are.
    """
    parts = np.ascontiguousarray(trace).view(trace.real.dtype)
    if parts.size == 0:
        return ()
    largest = max(float(parts.max()), -float(parts.min()))
    if not largest < MISSING:
        return (TruthFlag.NOT_FINITE,)
    if largest <= LARGEST_MAGNITUDE and is_constant(trace):
        return (TruthFlag.RF_OFF,)
    is_spiked = largest > LARGEST_MAGNITUDE or _count_impossible(trace) > 0
    if is_spiked or (narrow and count_spikes(trace) > 0):
        return (TruthFlag.SPIKES,)
    return ()


def is_constant(trace: Samples) -> bool:
    """Tell whether every point is the same, zero or not."""
    if trace.size < 2 or trace[0] != trace[-1]:
        return False
    return bool((trace == trace[0]).all())


def is_repeated(trace: Samples, previous: TraceArray | None) -> bool:
    """Tell whether a trace is another one, sample by sample.

    Noise makes two measurements differ; equal ones are one, read twice.
    """
    if previous is None or trace.dtype != previous.dtype:
        return False
    if trace.size and previous.size and trace[0] != previous[0]:
        return False
    return np.array_equal(trace, previous)


def count_spikes(trace: Samples) -> int:
    """Count what :func:`find_spikes` finds."""
    return int(find_spikes(trace).size)


def find_spikes(trace: Samples) -> npt.NDArray[np.intp]:
    """Find single points that leave a trace which is smooth on both sides.

    A spike of height h bends its neighbours by -h/2 each; a resonance with two
    points or more inside of its width does not.

    Returns
    -------
    ndarray
        Their indices, rising.
    """
    if trace.size < _LEAST_POINTS:
        return np.empty(0, dtype=np.intp)
    bend = trace[1:-1] - 0.5 * (trace[:-2] + trace[2:])
    size = np.abs(bend)
    middle = size[1:-1]
    high = np.flatnonzero(middle > _SPIKE_RATIO * np.median(size))
    if high.size == 0:
        return high
    centre, limit = 0.5 * bend[high + 1], 0.25 * middle[high]
    mirrored = np.abs(bend[high] + centre) < limit
    mirrored &= np.abs(bend[high + 2] + centre) < limit
    return np.asarray(high[mirrored] + 2)


def _count_impossible(trace: Samples) -> int:
    """Count points whose value no receiver puts out, in a sweep of any width.

    Receivers write noise into both parts. So no point is zero amid a trace that is
    none, and none without any imaginary part towers over both neighbours.
    """
    if trace.size < _LEAST_POINTS or trace.imag.all():
        return 0
    real_only = np.flatnonzero(trace.imag == 0.0)
    if real_only.size == trace.size:
        return 0
    size = np.abs(trace)
    usual = float(np.median(size))
    inner = real_only[(real_only > 0) & (real_only < trace.size - 1)]
    beside = np.maximum(size[inner - 1], size[inner + 1])
    high = size[inner] > _SPIKE_RATIO * np.maximum(beside, usual)
    return int(high.sum()) + _count_gaps(size, inner, usual)


def _count_gaps(
    size: npt.NDArray[np.floating], inner: npt.NDArray[np.intp], usual: float
) -> int:
    """Count lone zeros, and runs of zeros as a sweep that was cut short leaves.

    Text with few digits rounds weak samples to zero here and there: such zeros are
    many, and lie beside weak ones.
    """
    is_empty = size <= _EMPTY_RATIO * usual
    edges = np.flatnonzero(np.diff(is_empty, prepend=False, append=False))
    runs = edges[1::2] - edges[::2]
    gaps = int((runs >= _GAP_POINTS).sum())
    lone = inner[is_empty[inner]]
    if lone.size > max(1, _LARGEST_LONE_FRACTION * size.size):
        return gaps
    weakest = np.minimum(size[lone - 1], size[lone + 1])
    return gaps + int((weakest > _NEIGHBOUR_RATIO * usual).sum())
