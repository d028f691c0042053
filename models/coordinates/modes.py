"""Modes that stay in a window of the band, as the pole of a rational fit.

Where a mode does not tune, its frequency follows contraction and its width the surface
resistance of the walls: both are thermometers that no connector can move.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

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
_WARM_ITERATIONS = 3
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

    def split(self, count: int) -> "list[Pole]":
        """Split into parts of as many sweeps each, in their order."""
        columns = (self.place_bins, self.half_width_bins, self.misfit)
        parts = (np.split(column, count) for column in columns)
        return [Pole(*each) for each in zip(*parts, strict=True)]


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
    """Fit one pole and a linear background to one window, shape (sweep, bin)."""
    return fit_poles([samples])[0]


def fit_poles(windows: Sequence[Complexes]) -> list[Pole]:
    """Fit a pole and a linear background to each of several windows at once.

    Linear in all but the weights, so a line narrower than the spacing of the samples
    is found as well as its signal allows (Sanathanan and Koerner, IEEE Trans. Autom.
    Control 8, 56 (1963)). The background may turn: its delay is found from what is
    left without the mode.

    Parameters
    ----------
    windows
        Each of shape (sweep, bin in the window); as many sweeps in each.
    """
    if not windows:
        return []
    together = _Together.of(windows)
    step = _step_of(together.scaled)
    still = together.turned(step)
    pole, fitted, background = _fit(
        together, still, together.first_pole(still), _ITERATIONS
    )
    for _ in range(_DELAY_PASSES):
        # Where the mode swallows all, nothing is left to tell the delay.
        share = background / np.where(np.abs(fitted) < 1e-3, 1e-3, fitted)
        step = step + _step_of(still * share)
        still = together.turned(step)
        pole, fitted, background = _fit(together, still, pole, _WARM_ITERATIONS)
    misfit = (np.abs(fitted - still) ** 2 * together.inside).sum(axis=1)
    half = 0.5 * (together.counts - 1)
    found = Pole(
        place_bins=half * (1.0 + pole.real),
        half_width_bins=np.asarray(half * np.abs(pole.imag)),
        misfit=np.sqrt(misfit / together.counts),
    )
    return found.split(len(windows))


@dataclass(frozen=True, slots=True, eq=False)
class _Together:
    """Windows of several widths as rows; what is beyond a window is 0.

    Attributes
    ----------
    scaled
        Samples over their usual magnitude, shape (row, bin).
    place
        From -1 to 1 over each window, shape (row, bin).
    inside
        Whether a bin belongs to the row's window, shape (row, bin).
    counts
        Bins of each row's window, shape (row,).
    """

    scaled: Complexes
    place: Reals
    inside: Flags
    counts: npt.NDArray[np.intp]

    @classmethod
    def of(cls, windows: Sequence[Complexes]) -> Self:
        sweeps = windows[0].shape[0]
        counts = np.repeat([each.shape[1] for each in windows], sweeps)
        widest = max(each.shape[1] for each in windows)
        scaled = np.zeros((counts.size, widest), dtype=np.complex128)
        for number, each in enumerate(windows):
            usual = np.median(np.abs(each), axis=1, keepdims=True)
            rows = slice(number * sweeps, (number + 1) * sweeps)
            scaled[rows, : each.shape[1]] = each / np.maximum(usual, 1e-30)
        at = np.arange(widest)
        inside = at < counts[:, None]
        place = np.where(inside, 2.0 * at / (counts[:, None] - 1) - 1.0, 0.0)
        return cls(scaled, place, inside, counts)

    @property
    def spacing(self) -> Reals:
        return np.asarray(2.0 / (self.counts - 1))

    def turned(self, step: Reals) -> Complexes:
        """Take a phase step off, shape (row, bin)."""
        at = np.arange(self.scaled.shape[1])
        return np.asarray(self.scaled * np.exp(-1j * step[:, None] * at))

    def first_pole(self, still: Complexes) -> Complexes:
        """Return a pole where a signal is farthest from its straight line, (row,)."""
        count = self.counts[:, None]
        mean = still.sum(axis=1, keepdims=True) / count
        power = (self.place**2).sum(axis=1, keepdims=True)
        slope = (still * self.place).sum(axis=1, keepdims=True) / power
        away = np.where(self.inside, np.abs(still - mean - slope * self.place), 0.0)
        at = away.argmax(axis=1)
        start = np.take_along_axis(self.place, at[:, None], axis=1)[:, 0]
        return np.asarray(start + 2j * self.spacing)


def _step_of(samples: Complexes) -> Reals:
    turns = (samples[:, 1:] * samples[:, :-1].conj()).sum(axis=1)
    return np.asarray(np.angle(turns))


def _fit(
    together: _Together, still: Complexes, pole: Complexes, iterations: int
) -> tuple[Complexes, Complexes, Complexes]:
    """Return pole, fit and background from a first pole, places from -1 to 1."""
    place, spacing = together.place, together.spacing[:, None]
    powers = place[:, :, None] ** np.arange(_DEGREE + 1)
    system = np.empty((*place.shape, _DEGREE + 3), dtype=np.complex128)
    system[:, :, :-2] = powers
    system[:, :, -2] = still
    system[:, :, -1] = still * place
    system *= together.inside[:, :, None]
    ridge = 1e-10 * np.eye(_DEGREE + 2)
    for _ in range(iterations):
        weight = 1.0 / (np.abs(place - pole[:, None]) / spacing + 0.3)
        weighted = system * weight[:, :, None]
        # The last column is what is wanted of the others.
        normal = weighted.conj().transpose(0, 2, 1) @ weighted
        solution = np.linalg.solve(normal[:, :-1, :-1] + ridge, normal[:, :-1, -1:])
        found = solution[:, -1, 0]
        width = np.where(np.abs(found.imag) < 1e-4, 1e-4, found.imag)
        pole = np.clip(found.real, -1.2, 1.2) + 1j * width
    terms = solution[:, :-1]
    away = place - pole[:, None]
    numerator = (powers @ terms)[:, :, 0]
    at_pole = (pole[:, None] ** np.arange(_DEGREE + 1))[:, None, :] @ terms
    return pole, numerator / away, (numerator - at_pole[:, :, 0]) / away
