"""Which temperatures and fields a healthy receiver would need to look like this."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from models.coordinates.signal import Flags, Reals

_FIELD_QUANTILE_COUNT = 121


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """What a healthy receiver would be at; the first axis is the sweep.

    Attributes
    ----------
    places
        Temperature axis (log10 K), rising, shape (sweep, place).
    density
        Probability density over it, shape (sweep, place).
    field_tesla, field_sigma_tesla
        Mean and standard deviation of the field at each place, (sweep, place).
    residuals
        Whitened residuals at the best place, 0 where a coordinate is missing, shape
        (sweep, coordinate).
    departures
        The same in the units of the coordinates, correlated as they are, shape (sweep,
        coordinate).
    chi_square
        Mean square of the residuals over what is there, shape (sweep,).
    best_place, best_field_tesla
        Where the sweep is explained best, shape (sweep,).
    frozen_below
        Place below which the receiver tells nothing, and the density is even; -inf
        where it tells all, shape (sweep,).
    """

    places: Reals
    density: Reals
    field_tesla: Reals
    field_sigma_tesla: Reals
    residuals: Reals
    departures: Reals
    chi_square: Reals
    best_place: Reals
    best_field_tesla: Reals
    frozen_below: Reals

    def place_quantiles(self, levels: Reals) -> Reals:
        """Return quantiles on the temperature axis, shape (sweep, level)."""
        return _quantiles(self.places, self._cumulated(), levels)

    def field_quantiles(self, levels: Reals) -> Reals:
        """Return quantiles of the field in T, shape (sweep, level)."""
        share = np.diff(self._cumulated(), axis=1)
        share = np.concatenate([share[:, :1], share], axis=1)
        share = share / share.sum(axis=1, keepdims=True)
        found = np.empty((share.shape[0], levels.size))
        for row in range(share.shape[0]):
            found[row] = _mixture_quantiles(
                share[row], self.field_tesla[row], self.field_sigma_tesla[row], levels
            )
        return found

    def doubted(self, doubt: Reals) -> "Posterior":
        """Return a posterior that is less sure, its likelihood to the power 1 / doubt.

        Parameters
        ----------
        doubt
            At least 1, shape (sweep,).
        """
        density = np.maximum(self.density, 1e-300) ** (1.0 / doubt)[:, None]
        sigma = self.field_sigma_tesla * np.sqrt(doubt)[:, None]
        return replace(self, density=density, field_sigma_tesla=sigma)

    def frozen(self, below: float) -> "Posterior":
        """Return a posterior that is even below a place, with as much mass there."""
        steps = np.diff(self.places, axis=1)
        middle = 0.5 * (self.density[:, 1:] + self.density[:, :-1])
        steps = np.where(self.places[:, 1:] <= below, steps, 0.0)
        width = steps.sum(axis=1, keepdims=True)
        even = (middle * steps).sum(axis=1, keepdims=True) / np.maximum(width, 1e-12)
        density = np.where(self.places <= below, even, self.density)
        return replace(
            self, density=density, frozen_below=np.full(density.shape[0], below)
        )

    def taken(self, rows: Flags) -> "Posterior":
        """Return some of the sweeps."""
        return Posterior(
            **{name: getattr(self, name)[rows] for name in Posterior.__slots__}
        )

    def _cumulated(self) -> Reals:
        steps = np.diff(self.places, axis=1)
        middle = 0.5 * (self.density[:, 1:] + self.density[:, :-1])
        total = np.zeros(self.places.shape)
        np.cumsum(middle * steps, axis=1, out=total[:, 1:])
        return np.asarray(total / np.maximum(total[:, -1:], 1e-300))


def _quantiles(places: Reals, cumulated: Reals, levels: Reals) -> Reals:
    rising = cumulated + 1e-12 * np.arange(cumulated.shape[1])
    return np.stack(
        [
            np.interp(levels, row / row[-1], place)
            for row, place in zip(rising, places, strict=True)
        ]
    )


def _mixture_quantiles(share: Reals, mean: Reals, sigma: Reals, levels: Reals) -> Reals:
    counted = share > 2e-4 * share.max()
    share, mean, sigma = (
        share[counted],
        mean[counted],
        np.maximum(sigma[counted], 1e-12),
    )
    low, high = float((mean - 5 * sigma).min()), float((mean + 5 * sigma).max())
    at = np.linspace(low, high, _FIELD_QUANTILE_COUNT)
    total = (share * ndtr((at[:, None] - mean) / sigma)).sum(axis=1)
    rising = total / max(float(total[-1]), 1e-300) + 1e-12 * np.arange(at.size)
    return np.asarray(np.interp(levels, rising, at))
