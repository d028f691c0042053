"""What an instrument delivers that no resonator could."""

import numpy as np

from models.fitting.lineshape import Complexes

LARGEST_MAGNITUDE = 1e4
"""|S| above 80 dB is no S-parameter of a receiver."""

_SPIKE_RATIO = 30.0


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
    if (trace == trace[0]).all():
        return "every point of the trace is the same"
    if not trace.imag.any():
        return "the imaginary part is zero everywhere"
    spikes = count_spikes(trace)
    if spikes:
        return f"{spikes} isolated points stand out like glitches"
    return None


def count_spikes(trace: Complexes) -> int:
    """Count single points that leave a trace which is smooth on both sides.

    A spike of height h bends its neighbours by -h/2 each; a resonance with two
    points or more inside of its width does not.
    """
    if trace.size < 9:
        return 0
    bend = trace[1:-1] - 0.5 * (trace[:-2] + trace[2:])
    size = np.abs(bend)
    middle = size[1:-1]
    mirrored = np.abs(bend[:-2] + 0.5 * bend[1:-1]) < 0.25 * middle
    mirrored &= np.abs(bend[2:] + 0.5 * bend[1:-1]) < 0.25 * middle
    return int((mirrored & (middle > _SPIKE_RATIO * np.median(size))).sum())
