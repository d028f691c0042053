"""Traces on the canonical grid, their common delay removed, ready for logarithms."""

from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.preprocessing.grid import Binning

Reals: TypeAlias = npt.NDArray[np.float64]
Complexes: TypeAlias = npt.NDArray[np.complex128]
Flags: TypeAlias = npt.NDArray[np.bool_]

_LEAST_MAGNITUDE = 1e-12


def as_stored(values: Reals) -> Reals:
    """Round to the single precision in which a model is stored, same shape.

    What is learnt is rounded at once, so that a stored model judges as the learnt one.
    """
    return values.astype(np.float32).astype(np.float64)


def mean_step(signal: Complexes, kept: Flags | None = None) -> Reals:
    """Return the usual phase step from bin to bin, in rad, shape (...,).

    Every bin counts alike, so that a resonance does not decide.

    Parameters
    ----------
    signal
        Shape (..., bin).
    kept
        Bins that may be used, shape (bin,).
    """
    unit = signal / np.maximum(np.abs(signal), _LEAST_MAGNITUDE)
    turns = unit[..., 1:] * unit[..., :-1].conj()
    if kept is not None:
        turns = turns[..., kept[1:] & kept[:-1]]
    return np.asarray(np.angle(turns.sum(axis=-1)))


def refined_step(signal: Complexes, step_rad: Reals) -> Reals:
    """Refine a phase step by longer and longer lags, same shape as ``step_rad``."""
    found = step_rad
    for lag in (4, 16, 64):
        if 4 * lag > signal.shape[-1]:
            break
        turned = (signal[..., lag:] * signal[..., :-lag].conj()).sum(axis=-1)
        # What the step found so far does not explain.
        found = found + np.angle(turned * np.exp(-1j * lag * found)) / lag
    return found


def centred(count: int) -> Reals:
    """Return bin numbers around the middle of the band, shape (count,)."""
    return np.asarray(np.arange(count) - 0.5 * (count - 1), dtype=np.float64)


@lru_cache(maxsize=64)
def kaiser(count: int, beta: float) -> Reals:
    """Return a Kaiser window, shape (count,); kept, as it costs more than its use."""
    return np.asarray(np.kaiser(count, beta))


def common_turns(binning: Binning, frequency_hz: Reals, delay_s: Reals) -> Complexes:
    """Return the factors that take common delays off, shape (trace, point).

    Parameters
    ----------
    binning
        Of the axis onto the band.
    frequency_hz
        Shape (point,).
    delay_s
        Common delay of each trace in s, shape (trace,).
    """
    middle = 0.5 * (binning.centre_hz[0] + binning.centre_hz[-1])
    return np.asarray(np.exp(2j * np.pi * delay_s[:, None] * (frequency_hz - middle)))


def bin_traces(binning: Binning, traces: Complexes, turns: Complexes) -> Complexes:
    """Average complex samples bin by bin after taking the common delay off.

    Parameters
    ----------
    binning
        Of the axis onto the band.
    traces
        Shape (..., trace, point).
    turns
        As from :func:`common_turns`.

    Returns
    -------
    ndarray
        Shape (..., trace, bin); bins without a point are bridged.
    """
    still = np.asarray(traces, np.complex128) * turns
    count = np.maximum(binning.upper - binning.lower, 1)
    mean = binning.sums(still) / count
    if binning.filled.all():
        return np.asarray(mean)
    return np.asarray(binning.bridge(mean.real) + 1j * binning.bridge(mean.imag))


def bridge_masked(signal: Complexes, kept: Flags) -> Complexes:
    """Replace masked bins by straight lines, shape (..., bin)."""
    if kept.all():
        return signal
    at = np.arange(kept.size)
    known = at[kept]
    right = np.clip(np.searchsorted(known, at), 1, known.size - 1)
    left = known[right - 1]
    end = known[right]
    share = np.clip((at - left) / np.maximum(end - left, 1), 0.0, 1.0)
    filled = signal[..., left] * (1.0 - share) + signal[..., end] * share
    return np.asarray(np.where(kept, signal, filled))


def complex_log(signal: Complexes, kept: Flags) -> Complexes:
    """Return ln|S| + j phase, the phase unwrapped over kept bins; shape (..., bin)."""
    level = np.log(np.maximum(np.abs(signal), _LEAST_MAGNITUDE))
    phase = np.zeros(signal.shape)
    phase[..., kept] = np.unwrap(np.angle(signal[..., kept]), axis=-1)
    return bridge_masked(level + 1j * phase, kept)


def whole_signals(signals: Complexes) -> Flags:
    """Return which sweeps have all bins of a trace, shape (sweep,)."""
    return np.asarray(np.isfinite(signals).all(axis=1))
