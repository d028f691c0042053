"""Fewer points that keep every extreme: min/max buckets, never an average."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt


def min_max_indices(
    columns: Sequence[npt.NDArray[np.floating]], points: int
) -> npt.NDArray[np.int64]:
    """Choose at most ``points`` positions that hold each bucket's extremes.

    Parameters
    ----------
    columns
        Curves over one axis, each shape (point,); NaN is never chosen as extreme.
    points
        Most positions to return.

    Returns
    -------
    numpy.ndarray
        Rising positions, the first and the last among them. All positions where
        there are no more than ``points``.

    Notes
    -----
    Largest-triangle choices lose the bottom of a notch; bucket extremes cannot.
    """
    count = columns[0].size if columns else 0
    if count <= points:
        return np.arange(count)
    buckets = max((points - 2) // (2 * len(columns)), 1)
    edges = np.linspace(0, count, buckets + 1).astype(np.int64)
    chosen = {0, count - 1}
    for column in columns:
        low = np.where(np.isnan(column), np.inf, column)
        high = np.where(np.isnan(column), -np.inf, column)
        for start, stop in pairwise(edges.tolist()):
            chosen.add(int(start + np.argmin(low[start:stop])))
            chosen.add(int(start + np.argmax(high[start:stop])))
    return np.array(sorted(chosen), dtype=np.int64)
