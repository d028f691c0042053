"""What mating a part's own connector again may change: its delay, by a little.

A connector that is taken apart and put together does not come to rest where it was. The
path to the part is longer or shorter by a few ps, and where ports differ by no more
than that, their delay names none of them. So an assembly is as far from a sweep as it
is at the best of such delays, and rehearsals draw them.
"""

import numpy as np

from models.fingerprint.view import Complexes, Reals

REMATED_S = 2e-12
"""Standard deviation of the delay, there and back: that of 0.3 mm of air."""

_SLIPS_S = REMATED_S * np.arange(-3.0, 3.125, 0.25)
# Where it falls fastest, a probability falls by a factor e in 1/20 of a distance.
_COST = 0.5 * (_SLIPS_S / REMATED_S) ** 2 / 20.0


def turns_of(band_hz: Reals) -> Complexes:
    """Return what takes such delays off again, band by band; shape (band, slip)."""
    return np.asarray(np.exp(2j * np.pi * band_hz[:, None] * _SLIPS_S))


def at_best_slip(misfit: Reals, weight: Reals) -> Reals:
    """Choose the delay at which all bands of a trace together fit best.

    Parameters
    ----------
    misfit
        Logarithm of the misfit, shape (assembly, trace, band, slip).
    weight
        Shape (assembly, trace, band).

    Returns
    -------
    ndarray
        Logarithm of the misfit there, and what a delay of this size costs, as a larger
        one is less likely; shape (assembly, trace, band).
    """
    total = np.maximum(weight.sum(axis=-1), 1e-9)[..., None]
    mean = np.einsum("atb,atbs->ats", weight, misfit) / total + _COST
    best = np.argmin(mean, axis=-1)[..., None, None]
    return np.asarray(np.take_along_axis(misfit + _COST, best, axis=-1)[..., 0])
