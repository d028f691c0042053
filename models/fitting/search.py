"""Where in a trace a resonance may be: a matched filter, then scikit-rf's first fit."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import skrf

from models.fitting.lineshape import Complexes, Reals

_WIDTH_STEP = 2.2
_SEED_POINT_COUNT = 41
_SEED_REACH = 6.0

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
    spectrum = np.fft.fft(samples, _padded(count))
    energy = float(np.vdot(samples, samples).real) + 1e-300
    filters = _kept_filters if count <= _KEPT_POINT_COUNT else _filters
    best = Candidate(0.0, 0.1, 0.0)
    for width, kernel, norms in filters(count):
        match = np.fft.ifft(spectrum * kernel)[:count]
        score = np.abs(match) ** 2 / norms / energy
        at = int(np.argmax(score))
        if score[at] > best.explained:
            best = Candidate(float(even[at]), float(width), float(score[at]))
    return best


def _padded(count: int) -> int:
    return 1 << (2 * count - 1).bit_length()


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
        yield float(width), np.fft.fft(placed), _norms(kernel, count)


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


def seed_with_qfactor(
    frequency_hz: Reals,
    turned: Complexes,
    resonant_frequency_hz: float,
    loaded_q: float,
) -> tuple[float, float] | None:
    """Let scikit-rf's ``Qfactor`` improve a first guess (NPL MAT 58, NLQFIT6).

    Parameters
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    turned
        Trace without the line's phase, shape (point,).
    resonant_frequency_hz, loaded_q
        The guess, from the matched filter.

    Returns
    -------
    tuple of float or None
        f0 in Hz and Q_L, or None where it does not settle inside the span.
    """
    reach_hz = _SEED_REACH * resonant_frequency_hz / (2.0 * loaded_q)
    near = np.flatnonzero(np.abs(frequency_hz - resonant_frequency_hz) <= reach_hz)
    if near.size < 7:
        return None
    chosen = near[:: max(near.size // _SEED_POINT_COUNT, 1)]
    network = skrf.Network(  # noqa: TID251 - built from arrays, no file is read
        f=frequency_hz[chosen], s=turned[chosen], f_unit="Hz"
    )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            fit = skrf.qfactor.Qfactor(
                network, "transmission", Q_L0=loaded_q, f_L0=resonant_frequency_hz
            )
            # A fixed number of steps: the loop for convergence has no bound.
            result = fit.fit(method="NLQFIT6", loop_plan="fwf")
        except (np.linalg.LinAlgError, ZeroDivisionError, OverflowError):
            return None
    f0, q = float(result.f_L), float(result.Q_L)
    inside = frequency_hz[0] < f0 < frequency_hz[-1]
    plausible = 0.1 * loaded_q < q < 10.0 * loaded_q
    return (f0, q) if inside and plausible else None
