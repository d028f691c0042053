"""Whether a sweep can be trusted at all, before anything is concluded from it."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from models.fitting.faults import LARGEST_MAGNITUDE, count_spikes

NON_FINITE = "non_finite"
"""The trace holds NaN or infinity."""

ABSURD_LEVEL = "absurd_level"
"""The trace reaches values that are no S-parameters."""

CONSTANT_PHASE = "constant_phase"
"""Every point has the same phase."""

STUCK = "stuck"
"""Every point is the same."""

SPIKES = "spikes"
"""Isolated points stand out of a narrow sweep."""

AXIS_MISMATCH = "axis_mismatch"
"""The axis does not cover the band that the model was trained on."""

NO_TRACE = "no_trace"
"""No trace of the sweep is complete."""


def find_flags(
    traces: Mapping[str, npt.NDArray[np.complexfloating]], *, narrow: bool
) -> dict[str, tuple[str, ...]]:
    """Return the flags of every trace that cannot be trusted.

    Parameters
    ----------
    traces
        Name to samples, each shape (point,).
    narrow
        Whether the axis resolves the mode; only there is a lone point a glitch,
        in a wide sweep it is the mode itself.

    Returns
    -------
    dict
        Trace name to flags; traces without a flag are left out.
    """
    found = {name: _flags_of(trace, narrow) for name, trace in traces.items()}
    return {name: flags for name, flags in found.items() if flags}


def _flags_of(trace: npt.NDArray[np.complexfloating], narrow: bool) -> tuple[str, ...]:
    if not np.isfinite(trace).all():
        return (NON_FINITE,)
    flags = []
    if np.abs(trace).max() > LARGEST_MAGNITUDE:
        flags.append(ABSURD_LEVEL)
    if trace.size > 1 and (trace == trace[0]).all():
        flags.append(STUCK)
    elif trace.size > 2 and np.ptp(np.angle(trace)) == 0.0:
        flags.append(CONSTANT_PHASE)
    if narrow and count_spikes(np.asarray(trace, dtype=np.complex128)):
        flags.append(SPIKES)
    return tuple(flags)
