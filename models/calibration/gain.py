"""Whether one reading gains on another by more than luck, cycle by cycle."""

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]

_FEWEST_CYCLES = 3


def is_sure_gain(gain: Reals, cycle: npt.NDArray[np.str_]) -> bool:
    """Return whether the mean gain exceeds its standard error.

    Thermal cycles count alike, as sweeps of one are not independent; of fewer than
    three nothing is sure.

    Parameters
    ----------
    gain
        By how much the loss of each left-out sweep is less, shape (sweep,).
    cycle
        Shape (sweep,).
    """
    _, index, counts = np.unique(cycle, return_inverse=True, return_counts=True)
    if counts.size < _FEWEST_CYCLES:
        return False
    means = np.bincount(index, gain) / counts
    return bool(means.mean() > means.std(ddof=1) / np.sqrt(counts.size))
