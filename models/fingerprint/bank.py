"""Known assemblies, and how far a sweep is from each."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from models.calibration.scaling import softmax, upper_quantile
from models.fingerprint.remating import at_best_slip, turns_of
from models.fingerprint.view import BAND_COUNT, Complexes, Flags, Reals

_REPEATABLE = 1e-5
_FAINTEST = 0.03
_LEAST_COVERED = 0.25
_LEAST_OF_BAND = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """A sweep in bins.

    Attributes
    ----------
    values
        Shape (trace, bin).
    covered
        Bins that were measured, shape (trace, bin).
    """

    values: Complexes
    covered: Flags


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bank:
    """Known assemblies of every class.

    A class is known by several assemblies, and is as near as the nearest of them. The
    distance is the weighted mean over the bands of the logarithm of the misfit: the
    likelihood of errors whose size is not known and differs from band to band. In a
    ratio the delay that a connector mated again may have is free (:mod:`.remating`).

    Attributes
    ----------
    values, covered
        As in :class:`Seen`, shape (assembly, trace, bin).
    labels
        Class of each assembly, shape (assembly,).
    class_count
        Number of classes.
    weight
        Of each trace and band, sums to one; shape (trace, band).
    band_hz
        Centres of the bands, shape (band,).
    keeps_phase
        Whether gain and phase tell something, as they do in a ratio; an absolute sweep
        is compared up to one complex gain a band.
    sharpness
        Multiplies distances in the exponent of a probability.
    familiar
        Logit of a sweep's being of a known assembly: constant, and factors of
        :func:`standing`; shape (3,).
    set_threshold
        Classes at or above this probability are in the conformal set.
    furthest
        Distance beyond which a sweep is of no known assembly.
    least_probability
        Best probability below which a sweep is not named.
    """

    values: Complexes
    covered: Flags
    labels: npt.NDArray[np.intp]
    class_count: int
    weight: Reals
    band_hz: Reals
    keeps_phase: bool
    familiar: Reals = field(default_factory=lambda: np.array([4.0, 0.0, 0.0]))
    sharpness: float = 1.0
    set_threshold: float = 0.0
    furthest: float = 0.0
    least_probability: float = 0.5

    def misfits(self, seen: Seen) -> tuple[Reals, Reals]:
        """Return the logarithm of the misfit in every band, and the bands' cover.

        Returns
        -------
        tuple
            Each of shape (assembly, trace, band).
        """
        both = (self.covered & seen.covered).astype(np.float64)
        count = np.maximum(_banded(both), 1e-9)
        mine = _banded(both * np.abs(seen.values) ** 2) / count
        known = _banded(both * np.abs(self.values) ** 2) / count
        overlap = _banded(both * self.values.conj() * seen.values) / count
        cover = _banded(both) / (both.shape[-1] / BAND_COUNT)
        if not self.keeps_phase:
            misfit = 1.0 - np.abs(overlap) ** 2 / np.maximum(mine * known, 1e-30)
            return np.log(np.maximum(misfit, _REPEATABLE)), cover
        both_powers = (mine + known)[..., None]
        apart = both_powers - 2.0 * np.real(overlap[..., None] * turns_of(self.band_hz))
        misfit = np.log(
            np.maximum(apart / (0.5 * both_powers + _FAINTEST), _REPEATABLE)
        )
        return at_best_slip(misfit, self.weight * (cover > _LEAST_OF_BAND)), cover

    def distances(self, seen: Seen) -> Reals | None:
        """Return the distance to every assembly; None where too little is shared.

        Shape (assembly,).
        """
        misfit, cover = self.misfits(seen)
        weight = self.weight * (cover > _LEAST_OF_BAND)
        total = weight.sum(axis=(1, 2))
        if not (total > _LEAST_COVERED).any():
            return None
        distance = (weight * misfit).sum(axis=(1, 2)) / np.maximum(total, 1e-9)
        return np.where(total > _LEAST_COVERED, distance, np.inf)

    def nearest(self, distances: Reals) -> Reals:
        """Return the distance to every class, shape (class,)."""
        found = np.full(self.class_count, np.inf)
        np.minimum.at(found, self.labels, distances)
        return found

    def probabilities(self, nearest: Reals) -> Reals:
        """Return the probability of every class, shape (class,).

        What is of no known assembly may be of any class.
        """
        # No misfit is larger than that of two parts that have nothing in common.
        likely = softmax(-self.sharpness * np.minimum(nearest, 0.0))
        logit = self.familiar[0] + float(standing(nearest) @ self.familiar[1:])
        known = float(expit(logit))
        return np.asarray(known * likely + (1.0 - known) / self.class_count)


def standing(nearest: Reals) -> Reals:
    """Return distance of the nearest class and its lead over the next one.

    Parameters
    ----------
    nearest
        Shape (..., class).

    Returns
    -------
    ndarray
        Shape (..., 2).
    """
    first, second = np.moveaxis(np.sort(np.minimum(nearest, 0.0), axis=-1), -1, 0)[:2]
    return np.stack([first, second - first], axis=-1)


def set_threshold_of(true_probabilities: Reals, coverage: float) -> float:
    """Return the least probability of a class in the conformal set."""
    return 1.0 - upper_quantile(1.0 - true_probabilities, coverage)


def _banded(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    shape = (*values.shape[:-1], BAND_COUNT, values.shape[-1] // BAND_COUNT)
    return np.asarray(values.reshape(shape).sum(axis=-1))
