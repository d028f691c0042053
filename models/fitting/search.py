"""Where in a trace a resonance may be: a matched filter."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft

from models.fitting.lineshape import Complexes, Reals

_WIDTH_STEP = 2.2

_KEPT_POINT_COUNT = 4096
"""Longest axis whose filters are kept; eight of them take at most 20 MB."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible resonance.

    Attributes
    ----------
    centre, half_width
        In half spans.
    explained
        Share of the background-free energy that the line explains, 0 to 1.
    """

    centre: float
    half_width: float
    explained: float

    def height(self, offset: Reals, flat: Complexes) -> float:
        """Return the height of the line in a background-free trace, shape (point,)."""
        line = 1.0 / (1.0 + 1j * (offset - self.centre) / self.half_width)
        return abs(complex(np.vdot(line, flat))) / float(np.vdot(line, line).real)


def phase_slope(offset: Reals, trace: Complexes) -> float:
    """Estimate the line's phase slope in rad per half span, from the outer quarters.

    There a resonance in mid-span turns the phase least. Ever longer lags sharpen
    what the shorter ones found, so noise does not build up.
    """
    quarter = max(trace.size // 4, 2)
    step = float(np.median(np.diff(offset)))
    slope, lag = 0.0, 1
    while lag <= quarter // 2:
        turn = sum(
            np.vdot(part[:-lag], part[lag:])
            for part in (trace[:quarter], trace[-quarter:])
        )
        slope += float(np.angle(turn * np.exp(-1j * slope * lag * step))) / (lag * step)
        lag *= 2
    return slope


def without_background(offset: Reals, trace: Complexes, phase: float) -> Complexes:
    """Take the line's phase and a straight background off a trace, shape (point,)."""
    turned = trace * np.exp(-1j * phase * offset)
    columns = np.stack([np.ones_like(offset), offset], axis=1)
    coefficients = np.linalg.lstsq(columns.astype(np.complex128), turned)[0]
    return np.asarray(turned - columns @ coefficients)


def find_candidate(offset: Reals, flat: Complexes) -> Candidate:
    """Find the Lorentzian that explains most of a background-free trace.

    Parameters
    ----------
    offset
        x in half spans, shape (point,), rising from -1 to 1.
    flat
        What :func:`without_background` left, shape (point,).
    """
    even = np.linspace(-1.0, 1.0, offset.size)
    samples = np.interp(even, offset, flat.real) + 1j * np.interp(
        even, offset, flat.imag
    )
    count = samples.size
    spectrum = fft.fft(samples, _padded(count))
    energy = float(np.vdot(samples, samples).real) + 1e-300
    filters = _kept_filters if count <= _KEPT_POINT_COUNT else _filters
    best = Candidate(0.0, 0.1, 0.0)
    for width, kernel, norms in filters(count):
        match = fft.ifft(spectrum * kernel, overwrite_x=True)[:count]
        gain = (match.real**2 + match.imag**2) / norms
        at = int(np.argmax(gain))
        explained = float(gain[at]) / energy
        if explained > best.explained:
            best = Candidate(float(even[at]), width, explained)
    return best


def _padded(count: int) -> int:
    return int(fft.next_fast_len(2 * count - 1))


def _filters(count: int) -> Iterator[tuple[float, Complexes, Reals]]:
    """Yield width, spectrum of the placed kernel and norms, for every width."""
    steps = np.arange(-(count - 1), count) * (2.0 / (count - 1))
    for width in _widths(count):
        kernel = 1.0 / (1.0 + 1j * steps / width)
        # Correlating with a Lorentzian f is convolving with conj(f(-x)) = f(x);
        # lag k of the kernel stands at index k, wrapped.
        placed = np.zeros(_padded(count), dtype=np.complex128)
        placed[:count] = kernel[count - 1 :]
        placed[-(count - 1) :] = kernel[: count - 1]
        yield float(width), fft.fft(placed), _norms(kernel, count)


@lru_cache(maxsize=8)
def _kept_filters(count: int) -> tuple[tuple[float, Complexes, Reals], ...]:
    # Narrow sweeps come with the same point count again and again.
    return tuple(_filters(count))


def _norms(kernel: Complexes, count: int) -> Reals:
    # A line near the end of the span has only part of its energy inside.
    total = np.concatenate([[0.0], np.cumsum(np.abs(kernel) ** 2)])
    shift = np.arange(count)
    norms = total[shift + count] - total[shift]
    return np.asarray(norms[::-1])


def _widths(count: int) -> Reals:
    narrowest, widest = 1.5 / count, 0.6
    number = int(np.ceil(np.log(widest / narrowest) / np.log(_WIDTH_STEP))) + 1
    return np.geomspace(narrowest, widest, number)
