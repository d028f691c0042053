"""Where in the band the coordinates of a sweep depart, trace by trace."""

from functools import lru_cache

import numpy as np

from models.coordinates.form import CoordinateForm
from models.coordinates.signal import Reals
from models.coordinates.smooth import ORDER, smooth_names
from models.coordinates.trace import TraceForm

_POINTS_PER_BAND = 4


def band_shares(
    form: CoordinateForm, whitened: Reals, departure: Reals, band_count: int
) -> Reals:
    """Lay squares of whitened departures out over traces and bands.

    A whitened square is what a coordinate adds to those before it (Mason, Young and
    Tracy, J. Qual. Technol. 27, 99 (1995)), so they sum to chi-square. Those of the
    smooth part follow the square of its departing curve; a mode lies in its window; an
    echo belongs to the band as a whole.

    Parameters
    ----------
    whitened, departure
        Without correlations, and in the units of the coordinates; shape (sweep,
        coordinate).

    Returns
    -------
    ndarray
        Shape (sweep, trace, band_count); a sweep's sum to one, or are all zero.
    """
    squares = whitened**2
    found = np.zeros((whitened.shape[0], len(form.traces), band_count))
    for index, trace in enumerate(form.traces.values()):
        own = form.trace_of == index
        found[:, index] = _of_trace(
            trace, squares[:, own], departure[:, own], band_count
        )
    total = found.sum(axis=(1, 2), keepdims=True)
    return np.asarray(
        np.divide(found, total, where=total > 0, out=np.zeros_like(found))
    )


def _of_trace(
    trace: TraceForm, squares: Reals, departure: Reals, band_count: int
) -> Reals:
    smooth = len(smooth_names()) if trace.logarithmic else 0
    found = np.zeros((squares.shape[0], band_count))
    if smooth:
        curve = _curve(departure[:, :smooth], band_count)
        found += squares[:, :smooth].sum(axis=1)[:, None] * curve
    first_mode = squares.shape[1] - 2 * len(trace.windows)
    found += squares[:, smooth:first_mode].sum(axis=1)[:, None] / band_count
    for number, (low, high) in enumerate(trace.windows):
        pair = slice(first_mode + 2 * number, first_mode + 2 * number + 2)
        band = (low + high) // 2 * band_count // trace.kept.size
        found[:, min(band, band_count - 1)] += squares[:, pair].sum(axis=1)
    return found


def _curve(departure: Reals, band_count: int) -> Reals:
    """Return the square of the departing smooth part, by band, of a sum of one."""
    values = _legendre(band_count)
    # Level, phase and delay come first; then orders from 1 and from 2.
    level = np.concatenate([departure[:, :1], departure[:, 3 : ORDER + 3]], axis=1)
    phase = np.concatenate([departure[:, 1:3], departure[:, ORDER + 3 :]], axis=1)
    square = (level @ values) ** 2 + (phase @ values) ** 2
    by_band = square.reshape(-1, band_count, _POINTS_PER_BAND).sum(axis=2)
    total = by_band.sum(axis=1, keepdims=True)
    even = np.full_like(by_band, 1.0 / band_count)
    return np.asarray(np.divide(by_band, total, where=total > 0, out=even))


@lru_cache(maxsize=8)
def _legendre(band_count: int) -> Reals:
    count = band_count * _POINTS_PER_BAND
    middle = (np.arange(count) + 0.5) / count
    return np.asarray(np.polynomial.legendre.legvander(2 * middle - 1, ORDER).T)
