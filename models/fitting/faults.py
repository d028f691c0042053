"""What an instrument delivers that no resonator could, as sentences."""

import numpy as np

from instruments.measurement.artefacts import (
    LARGEST_MAGNITUDE,
    count_spikes,
    is_constant,
)
from models.fitting.lineshape import Complexes


def find_fault(trace: Complexes) -> str | None:
    """Return a sentence on an instrument's fault in a trace, or None.

    Parameters
    ----------
    trace
        Complex samples, shape (point,).
    """
    if not np.isfinite(trace).all():
        return "the trace holds NaN or infinity"
    if np.abs(trace).max() > LARGEST_MAGNITUDE:
        return f"the trace reaches {np.abs(trace).max():.3g}, which is no S-parameter"
    if is_constant(trace):
        return "every point of the trace is the same"
    if not trace.imag.any():
        return "the imaginary part is zero everywhere"
    spikes = count_spikes(trace)
    if spikes:
        return f"{spikes} isolated points stand out like glitches"
    return None
