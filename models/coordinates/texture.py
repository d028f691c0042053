"""What is left of a log-ratio, as power in bands of delay.

A new reflection anywhere along a line raises the power at its delay, whatever its
phase; noise raises all of it.
"""

from functools import lru_cache

import numpy as np

from models.coordinates.signal import Complexes, Flags, Reals, kaiser

BAND_COUNT = 14
"""Bands of delay, and one number more for the noise."""

_FIRST_BIN = 4
_KAISER_BETA = 5.0
_LARGEST_NEPER = 1.0


def texture(rest: Complexes, kept: Flags) -> Reals:
    """Return ln of the largest power in each band of delay, and of the noise.

    Parameters
    ----------
    rest
        Remainder of a log-ratio in the kept bins, shape (..., kept).

    Returns
    -------
    ndarray
        Shape (..., BAND_COUNT + 1).
    """
    return band_powers(pressed(rest, kept))


def pressed(rest: Complexes, kept: Flags) -> Complexes:
    """Return a remainder over the whole band, what is absurd pressed, (..., bin)."""
    whole = np.zeros((*rest.shape[:-1], kept.size), dtype=np.complex128)
    parts = np.ascontiguousarray(rest).view(np.float64)
    within = np.minimum(np.maximum(parts, -_LARGEST_NEPER), _LARGEST_NEPER)
    whole[..., kept] = within.view(np.complex128)
    return whole


def band_powers(whole: Complexes) -> Reals:
    """Return the texture of what :func:`pressed` made, (..., BAND_COUNT + 1)."""
    count = whole.shape[-1]
    in_time = np.fft.ifft(whole * kaiser(count, _KAISER_BETA), axis=-1)
    power = in_time.real**2 + in_time.imag**2
    edges = delay_edges(count)
    bands = np.maximum.reduceat(power[..., : edges[-1]], edges[:-1], axis=-1)
    # The late half of the time axis is noise and the mirror of nothing.
    noise = _median(power[..., count // 2 :])
    return np.asarray(np.log(np.concatenate([bands, noise], axis=-1) + 1e-16))


def _median(values: Reals) -> Reals:
    """Return medians of finite numbers, (..., 1); numpy's own asks for much more."""
    upper = values.shape[-1] // 2
    lower = upper - 1 + values.shape[-1] % 2
    sorted_there = np.partition(values, (lower, upper), axis=-1)
    return 0.5 * (sorted_there[..., lower, None] + sorted_there[..., upper, None])


@lru_cache(maxsize=16)
def delay_edges(count: int) -> tuple[int, ...]:
    """Return the edges of the bands in steps of the time axis, BAND_COUNT + 1."""
    edges = np.geomspace(_FIRST_BIN, count // 2, BAND_COUNT + 1).round().astype(int)
    for index in range(1, edges.size):
        edges[index] = max(edges[index], edges[index - 1] + 1)
    return tuple(int(edge) for edge in edges)
