"""Whether a sweep can be trusted at all, before anything is concluded from it."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from instruments.measurement import TruthFlag
from instruments.measurement.artefacts import flags_of_trace

CONSTANT_PHASE = "constant_phase"
"""Every point has the same phase."""

OUTSIDE_BAND = "outside_band"
"""The axis does not cover the band that the model was trained on."""

FOREIGN_TRACES = "foreign_traces"
"""The traces are sound, but the model reads none of that name."""

NO_TRACE = "no_trace"
"""No trace of the sweep can be judged."""


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
        Trace name to flags, truth flags among them; traces without a flag are left
        out.
    """
    found = {name: _flags_of(trace, narrow) for name, trace in traces.items()}
    return {name: flags for name, flags in found.items() if flags}


def why_unread(known: Sequence[str], posted: Collection[str]) -> tuple[str, str | None]:
    """Return why a model cannot read a sound wide sweep: a flag, and a sentence on it.

    Parameters
    ----------
    known, posted
        Names of the traces that the model reads, and of those that the sweep holds.
    """
    if not set(known).isdisjoint(posted):
        return OUTSIDE_BAND, None
    return (
        FOREIGN_TRACES,
        f"the model reads {', '.join(known)}; the sweep holds {', '.join(posted)}",
    )


def _flags_of(trace: npt.NDArray[np.complexfloating], narrow: bool) -> tuple[str, ...]:
    flags: list[str] = [flag.value for flag in flags_of_trace(trace, narrow=narrow)]
    usable = flags in ([], [TruthFlag.SPIKES.value])
    if usable and trace.size > 2 and _has_one_phase(trace):
        flags.append(CONSTANT_PHASE)
    return tuple(flags)


def _has_one_phase(trace: npt.NDArray[np.complexfloating]) -> bool:
    # Most traces are told by two of their points.
    first, last = np.angle(trace[[0, -1]])
    return bool(first == last and np.ptp(np.angle(trace)) == 0.0)
