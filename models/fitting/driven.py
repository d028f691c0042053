r"""A line that its own power moves or narrows.

With :math:`y` the distance from the centre in half widths and :math:`n` the energy in
the resonator over its peak, :math:`n [G(n)^2 + (y - \xi n)^2] = 1` and
:math:`L = 1 / (G(n) + j (y - \xi n))`.

A Kerr shift is :math:`G = 1`, the root of a cubic (L. J. Swenson et al., J. Appl. Phys.
113, 104501, 2013, whose a is :math:`\xi / 2`); the line folds over at
:math:`|\xi| = 8 / (3 \sqrt 3)`. A loss that saturates, as that of two-level systems, is
:math:`\xi = 0`, :math:`G = 1 + F [(1 + \kappa n)^{-1/2} - (1 + \kappa)^{-1/2}]`
(J. Gao, thesis, Caltech 2008): its width is that at the peak.
"""

import math

import numpy as np

from models.fitting.lineshape import Complexes, Reals

FOLD = 8.0 / (3.0 * math.sqrt(3.0))
"""Kerr shift in half widths at which the line folds over."""

_POLISH_COUNT = 3
_NEWTON_COUNT = 8


def energy(distance: Reals, shift: float, *, highest: bool = True) -> Reals:
    """Return the energy of a shifted line over its peak.

    Parameters
    ----------
    distance
        y in half widths, shape (point,).
    shift
        xi.
    highest
        Which branch is taken where the line is folded.
    """
    if abs(shift) < 1e-5:
        return np.asarray(1.0 / (1.0 + distance**2))
    cube = shift * shift
    found = _root(
        -2.0 * distance / shift,
        (1.0 + distance**2) / cube,
        -1.0 / cube,
        highest=highest,
    )
    for _ in range(_POLISH_COUNT):
        away = distance - shift * found
        error = found * (1.0 + away**2) - 1.0
        slope = 1.0 + away**2 - 2.0 * found * shift * away
        found = found - np.divide(
            error, slope, out=np.zeros_like(error), where=np.abs(slope) > 1e-3
        )
    return found


def shifted_response(
    distance: Reals, shift: float, *, highest: bool = True
) -> Complexes:
    """Return L of a Kerr shift, shape (point,); parameters as in :func:`energy`."""
    n = energy(distance, shift, highest=highest)
    return np.asarray(1.0 / (1.0 + 1j * (distance - shift * n)))


def saturating_response(distance: Reals, loss: float, knee: float) -> Complexes:
    """Return L of a loss that saturates, shape (point,).

    Parameters
    ----------
    distance
        y in half widths at the peak, shape (point,).
    loss, knee
        F and kappa, both positive.
    """
    peak = 1.0 / math.sqrt(1.0 + knee)
    n = 1.0 / (1.0 + distance**2)
    for _ in range(_NEWTON_COUNT):
        fill = 1.0 / np.sqrt(1.0 + knee * n)
        width = 1.0 + loss * (fill - peak)
        error = n * (width**2 + distance**2) - 1.0
        # The bracket is positive: more energy always takes more drive.
        slope = width * (width - n * loss * knee * fill**3) + distance**2
        n = np.clip(n - error / np.maximum(slope, 1e-9), 1e-12, 1.0)
    width = 1.0 + loss * (1.0 / np.sqrt(1.0 + knee * n) - peak)
    return np.asarray(1.0 / (width + 1j * distance))


def _root(square: Reals, linear: Reals, constant: float, *, highest: bool) -> Reals:
    """Return a positive root of n^3 + square n^2 + linear n + constant."""
    p = linear - square**2 / 3.0
    q = 2.0 * square**3 / 27.0 - square * linear / 3.0 + constant
    disc = (q / 2.0) ** 2 + (p / 3.0) ** 3
    side = np.sqrt(np.maximum(disc, 0.0))
    single = np.cbrt(-q / 2.0 + side) + np.cbrt(-q / 2.0 - side)
    reach = np.sqrt(np.maximum(-p / 3.0, 1e-30))
    angle = np.arccos(np.clip(-q / 2.0 / reach**3, -1.0, 1.0)) / 3.0
    triple = 2.0 * reach * np.cos(angle - (0.0 if highest else 4.0 * np.pi / 3.0))
    return np.asarray(np.where(disc >= 0.0, single, triple) - square / 3.0)
