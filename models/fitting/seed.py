"""A first guess made better: three steps of NLQFIT6 (NPL Report MAT 58, section 2)."""

import numpy as np

from models.fitting.lineshape import Complexes, Reals, angular_weights

_POINT_COUNT = 41
_REACH = 6.0
_LEAST_POINT_COUNT = 7
_LARGEST_CHANGE = 10.0


def seed(
    offset: Reals, turned: Complexes, centre: float, half_width: float
) -> tuple[float, float] | None:
    """Make a guess of centre and half width better.

    The linear fit of equation 17, then three steps of equation 22, the last two with
    the weights of equation 28: what ``skrf.qfactor.Qfactor`` does by the loop plan
    ``fwf``, with all points at once.

    Parameters
    ----------
    offset
        x in half spans, shape (point,).
    turned
        Trace without the line's phase, shape (point,).
    centre, half_width
        The guess, in half spans.

    Returns
    -------
    tuple of float or None
        Centre and half width in half spans, or None where they do not settle inside
        the span.
    """
    near = np.flatnonzero(np.abs(offset - centre) <= _REACH * half_width)
    if near.size < _LEAST_POINT_COUNT:
        return None
    chosen = near[:: max(near.size // _POINT_COUNT, 1)]
    distance = (offset[chosen] - centre) / half_width
    with np.errstate(all="ignore"):
        try:
            moved, growth = _three_steps(distance, turned[chosen])
        except (np.linalg.LinAlgError, ZeroDivisionError):
            return None
        found = centre + half_width * moved
    inside = offset[0] < found < offset[-1]
    plausible = 1.0 / _LARGEST_CHANGE < growth < _LARGEST_CHANGE
    return (float(found), half_width * float(growth)) if inside and plausible else None


def _three_steps(distance: Reals, samples: Complexes) -> tuple[float, float]:
    """Return how far the centre moves, and the new width, in first half widths."""
    parts = _first_fit(distance, samples)
    parts = parts + _step(distance, samples, parts, np.ones_like(distance))
    weights = angular_weights(distance, *_place(parts))
    for _ in range(2):
        parts = parts + _step(distance, samples, parts, weights)
    return _place(parts)


def _place(parts: Reals) -> tuple[float, float]:
    return parts[5] / parts[4], 1.0 / parts[4]


def _first_fit(distance: Reals, samples: Complexes) -> Reals:
    """Solve equation 17, which is linear.

    Returns
    -------
    Reals
        Off-resonant level and height, real and imaginary parts, inverse width and
        centre over width; shape (6,).
    """
    line = 1.0 / (1.0 + 1j * distance)
    slope = line * distance
    pulled = -1j * slope * samples
    rows = np.stack([slope, 1j * slope, line, 1j * line, pulled])
    found = _solve(rows, line * samples, np.ones_like(distance))
    narrowing = found[4]
    off = complex(found[1], -found[0]) / narrowing
    height = complex(found[2], found[3]) - off
    return np.array([off.real, off.imag, height.real, height.imag, narrowing, 0.0])


def _step(distance: Reals, samples: Complexes, parts: Reals, weights: Reals) -> Reals:
    """Return the Gauss-Newton step of equation 22, shape (6,)."""
    off, height = complex(*parts[:2]), complex(*parts[2:4])
    line = 1.0 / (1.0 + 1j * (parts[4] * distance - parts[5]))
    pulled = 1j * height * line**2
    one = np.ones_like(line)
    rows = np.stack([one, 1j * one, line, 1j * line, -pulled * distance, pulled])
    return _solve(rows, samples - off - height * line, weights)


def _solve(rows: Complexes, values: Complexes, weights: Reals) -> Reals:
    weighted = rows.conj() * weights
    found = np.linalg.solve((weighted @ rows.T).real, (weighted @ values).real)
    return np.asarray(found)
