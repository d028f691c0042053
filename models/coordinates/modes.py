"""Modes that stay in a window of the band, as the pole of a rational fit.

Where a mode does not tune, its frequency follows contraction and its width the surface
resistance of the walls: both are thermometers that no connector can move.
"""

from dataclasses import dataclass

import numpy as np

from models.coordinates.signal import Complexes, Flags, Reals

MOST_WINDOWS = 5
"""Windows that are followed in one trace."""

_NEIGHBOURS = 7
_SIGMAS = 6.0
_LEAST_NEPER = 0.03
_LEAST_SHARE = 0.3
_MARGIN_BINS = 6
_WIDEST_SHARE = 6
_ITERATIONS = 6
_DEGREE = 2
_DELAY_PASSES = 2


@dataclass(frozen=True, slots=True, eq=False)
class Pole:
    """A mode in its window; each of shape (sweep,).

    Attributes
    ----------
    place_bins
        Resonance, in bins from the start of the window.
    half_width_bins
        Half of the full width at half power, in bins.
    misfit
        rms of what the fit leaves over the usual magnitude.
    """

    place_bins: Reals
    half_width_bins: Reals
    misfit: Reals


def stands_out(level: Reals) -> Flags:
    """Mark points that leave the running median of their neighbours.

    Parameters
    ----------
    level
        ln of a magnitude, shape (..., bin).
    """
    width = 2 * _NEIGHBOURS + 1
    marked = np.zeros(level.shape, dtype=np.bool_)
    if level.shape[-1] <= 2 * width:
        return marked
    windows = np.lib.stride_tricks.sliding_window_view(level, width, axis=-1)
    inner = slice(_NEIGHBOURS, -_NEIGHBOURS)
    departure = np.abs(level[..., inner] - np.median(windows, axis=-1))
    usual = 1.4826 * np.median(departure, axis=-1, keepdims=True)
    marked[..., inner] = departure > np.maximum(_SIGMAS * usual, _LEAST_NEPER)
    return marked


def find_windows(signals: Complexes) -> tuple[tuple[int, int], ...]:
    """Find stretches of the band that hold a mode in most sweeps.

    Parameters
    ----------
    signals
        Shape (sweep, bin).
    """
    level = np.log(np.maximum(np.abs(signals), 1e-12))
    share = stands_out(level).mean(axis=0)
    # A mode that wanders by a few bins is still one mode.
    busy = np.convolve(share, np.ones(5), "same") > _LEAST_SHARE
    edges = np.flatnonzero(np.diff(np.r_[False, busy, False].astype(np.int8)))
    found: list[tuple[int, int]] = []
    for start, stop in edges.reshape(-1, 2):
        low = max(int(start) - _MARGIN_BINS, 0)
        high = min(int(stop) + _MARGIN_BINS, busy.size)
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    narrow = [each for each in found if each[1] - each[0] < busy.size // _WIDEST_SHARE]
    return tuple(narrow[:MOST_WINDOWS])


def fit_pole(samples: Complexes) -> Pole:
    """Fit one pole and a linear background by Sanathanan and Koerner's iteration.

    Linear in all but the weights, so a line narrower than the spacing of the samples
    is found as well as its signal allows (IEEE Trans. Autom. Control 8, 56 (1963)).
    The background may turn: its delay is found from what is left without the mode.

    Parameters
    ----------
    samples
        Shape (sweep, bin in the window).
    """
    count = samples.shape[1]
    usual = np.maximum(np.median(np.abs(samples), axis=1, keepdims=True), 1e-30)
    scaled = samples / usual
    step = _step_of(scaled)
    for _ in range(_DELAY_PASSES):
        still = scaled * np.exp(-1j * step[:, None] * np.arange(count))
        pole, fitted, background = _fit_still(still)
        # Where the mode swallows all, nothing is left to tell the delay.
        share = background / np.where(np.abs(fitted) < 1e-3, 1e-3, fitted)
        step = step + _step_of(still * share)
    still = scaled * np.exp(-1j * step[:, None] * np.arange(count))
    pole, fitted, _ = _fit_still(still)
    half = 0.5 * (count - 1)
    return Pole(
        place_bins=half * (1.0 + pole.real),
        half_width_bins=half * np.abs(pole.imag),
        misfit=np.sqrt(np.mean(np.abs(fitted - still) ** 2, axis=1)),
    )


def _step_of(samples: Complexes) -> Reals:
    turns = (samples[:, 1:] * samples[:, :-1].conj()).sum(axis=1)
    return np.asarray(np.angle(turns))


def _fit_still(scaled: Complexes) -> tuple[Complexes, Complexes, Complexes]:
    """Return pole, fit and background; the pole on a place from -1 to 1."""
    sweeps, count = scaled.shape
    place = np.linspace(-1.0, 1.0, count)
    spacing = float(place[1] - place[0])
    powers = place[:, None] ** np.arange(_DEGREE + 1)
    line = powers[:, :2]
    flat = scaled - (scaled @ np.linalg.pinv(line).T) @ line.T
    pole = place[np.argmax(np.abs(flat), axis=1)] + 2j * spacing
    solution = np.zeros((sweeps, _DEGREE + 2), dtype=np.complex128)
    for _ in range(_ITERATIONS):
        weight = 1.0 / (np.abs(place - pole[:, None]) / spacing + 0.3)
        system = np.empty((sweeps, count, _DEGREE + 2), dtype=np.complex128)
        system[:, :, :-1] = powers
        system[:, :, -1] = scaled
        system *= weight[:, :, None]
        wanted = scaled * place * weight
        adjoint = system.conj().transpose(0, 2, 1)
        normal = adjoint @ system + 1e-10 * np.eye(_DEGREE + 2)
        solved = np.linalg.solve(normal, adjoint @ wanted[:, :, None])[:, :, 0]
        solution = np.asarray(solved, dtype=np.complex128)
        found = solution[:, -1]
        width = np.where(np.abs(found.imag) < 1e-4, 1e-4, found.imag)
        pole = np.clip(found.real, -1.2, 1.2) + 1j * width
    away = place - pole[:, None]
    numerator = solution[:, :-1] @ powers.T
    at_pole = (solution[:, :-1] * pole[:, None] ** np.arange(_DEGREE + 1)).sum(axis=1)
    return pole, numerator / away, (numerator - at_pole[:, None]) / away
