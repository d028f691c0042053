"""The resonance that a narrow sweep was measured for."""

from collections.abc import Mapping

from instruments.measurement import SweepPurpose, TraceArray
from models.diagnosis import ResonanceEstimate, ResonanceKind
from models.fitting import fit_resonance
from models.preprocessing.grid import Reals

_FITTED_TRACES = {
    SweepPurpose.TRANSMISSION: ("S21",),
    SweepPurpose.REFLECTION: ("S21:reflection", "S23", "S11"),
}


def fit_narrow(
    purpose: SweepPurpose, frequency_hz: Reals, traces: Mapping[str, TraceArray]
) -> ResonanceEstimate | None:
    """Fit the trace in which a sweep of this purpose shows its resonance.

    Parameters
    ----------
    frequency_hz
        Frequency axis in Hz, shape (point,).
    traces
        Samples by name, each shape (point,).

    Returns
    -------
    ResonanceEstimate
        None for a wide sweep, or where there is no trace.
    """
    if purpose is SweepPurpose.WIDE or not traces:
        return None
    preferred = [name for name in _FITTED_TRACES[purpose] if name in traces]
    name = (preferred or list(traces))[0]
    # Off the strong port a mode looks like a notch; only the purpose tells them apart.
    reflects = purpose is SweepPurpose.REFLECTION and bool(preferred)
    kind = ResonanceKind.REFLECTION if reflects else None
    return fit_resonance(frequency_hz, traces[name], kind, name=name)
