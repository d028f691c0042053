"""Which bins a tuned mode reaches, found from the sweeps themselves."""

import numpy as np
import numpy.typing as npt

from models.preprocessing.grid import Binning, Complexes

_NEIGHBOURS = 4
_OUTLIER_SIGMAS = 8.0
_LEAST_LEVEL = 0.15
_GUARD_BINS = 2
_LEAST_SHARE = 0.1
_MOST_MASKED = 0.3


def mode_points(traces: Complexes) -> npt.NDArray[np.bool_]:
    """Mark points where a trace leaves the running median of its neighbours.

    Off resonance the ratio to a reference is smooth from point to point; a mode that
    was tuned in between is a feature of a point or two.

    Parameters
    ----------
    traces
        Ratios to a reference, or bare traces, shape (trace, point).

    Returns
    -------
    ndarray
        Marked in any trace, shape (point,).
    """
    marked = np.zeros(traces.shape[1], dtype=np.bool_)
    if traces.shape[1] <= 2 * _NEIGHBOURS:
        return marked
    level = np.log(np.maximum(np.abs(traces), 1e-12))
    windows = np.lib.stride_tricks.sliding_window_view(
        level, 2 * _NEIGHBOURS + 1, axis=-1
    )
    # At the ends a slope has no neighbours on one side; they are left alone.
    inner = slice(_NEIGHBOURS, -_NEIGHBOURS)
    departure = np.abs(level[:, inner] - np.median(windows, axis=-1))
    usual = 1.4826 * np.median(departure, axis=-1, keepdims=True)
    limit = np.maximum(_OUTLIER_SIGMAS * usual, _LEAST_LEVEL)
    marked[inner] = (departure > limit).any(axis=0)
    return marked


class ModeMask:
    """Counts over many sweeps how often each bin holds part of a mode."""

    def __init__(self, bin_count: int) -> None:
        self._marked = np.zeros(bin_count)
        self._sweeps = 0

    def add(self, binning: Binning, traces: Complexes) -> None:
        """Take one sweep in: ratios, or bare traces, of shape (trace, point)."""
        marks = mode_points(traces).astype(np.float64)
        self._marked += binning.sums(marks).real > 0
        self._sweeps += 1

    def kept(self) -> npt.NDArray[np.bool_]:
        """Return the bins that no mode reaches, shape (bin,).

        Where the marks spread over more than 30 % of the band they are no modes but
        the nature of the trace, and nothing is masked.
        """
        masked = self._marked > max(_LEAST_SHARE * self._sweeps, 0.5)
        grown = masked.copy()
        for shift in range(1, _GUARD_BINS + 1):
            grown[shift:] |= masked[:-shift]
            grown[:-shift] |= masked[shift:]
        if grown.mean() > _MOST_MASKED:
            return np.ones_like(grown)
        return ~grown
