"""A sweep in a few numbers: its log-ratio to the reference, band by band."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from models.preprocessing.canonical import CanonicalForm

BAND_COUNT = 16
"""Bands of even width."""

Reals = npt.NDArray[np.float64]


def signatures(ratio: npt.NDArray[np.float32], form: CanonicalForm) -> Reals:
    """Return mean levels in neper, then mean phases in rad, of each trace's bands.

    Parameters
    ----------
    ratio
        Weighted log-ratio of sweeps, shape (sweep, trace, 2 kept).

    Returns
    -------
    ndarray
        Shape (sweep, trace, 2 BAND_COUNT); zero in bands that tuned modes reach.
    """
    values = (ratio / form.weight).astype(np.float64)
    half = values.shape[2] // 2
    share = _shares(form.kept.tobytes())
    levels = values[:, :, :half] @ share
    # The mean of phases that wrap is that of their arrows.
    arrows = np.exp(1j * values[:, :, half:]) @ share
    return np.concatenate([levels, np.angle(arrows)], axis=2)


@lru_cache(maxsize=16)
def _shares(kept: bytes) -> Reals:
    """Return what averages kept bins band by band, shape (kept, BAND_COUNT)."""
    mask = np.frombuffer(kept, dtype=np.bool_)
    band = np.flatnonzero(mask) * BAND_COUNT // mask.size
    share = (band[:, None] == np.arange(BAND_COUNT)).astype(np.float64)
    return np.asarray(share / np.maximum(share.sum(axis=0), 1.0))
