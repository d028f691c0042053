"""A healthy receiver, learnt: the mean of its coordinates, and how cycles scatter.

The scatter is that of sweeps of thermal cycles that the mean had not seen, by band of
temperature: it holds re-mated connectors and drifts, and is never that of neighbours.
"""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.coordinates.signal import Flags, Reals, as_stored
from models.emulation.design import Design, knots_for

BAND_COUNT = 20
"""Bands of temperature with a covariance of their own."""

MOST_FOLDS = 10
"""Groups of cycles that are left out in turn."""

_FINE_KNOTS = 80
_COARSE_KNOTS = 4
_NARROWEST_DEX = 0.08
_BAND_SHARE = 0.06
_LEAST_IN_BAND = 8
_LARGEST_DEVIATION = 30.0

Texts = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How an emulator is fitted; chosen on cycles that it has not seen.

    Attributes
    ----------
    smoothness
        Penalty on the bend of the mean.
    pooling
        Share of the correlation of all temperatures in that of a band.
    shrinkage
        Share of no correlation at all.
    """

    smoothness: float = 1e-4
    pooling: float = 0.5
    shrinkage: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HealthyEmulator:
    """Mean and scatter of a healthy receiver's coordinates.

    Attributes
    ----------
    centre, scale
        Of the coordinates, shape (coordinate,).
    used
        Coordinates that are judged by, shape (coordinate,).
    coefficients
        Of the scaled mean, shape (term, coordinate).
    band_places
        Middle of each band on the temperature axis, shape (band,).
    covariances
        Of the scaled coordinates, shape (band, coordinate, coordinate).
    freedom
        Degrees of freedom of the scatter: cycles, not sweeps.
    place_range
        Trained range of the temperature axis.
    field_range_tesla
        Trained range of the field.
    tempering
        Power of the likelihood: below 1 where scatter learnt from few cycles made it
        too sure.
    frozen_below
        Place on the temperature axis below which nothing moves: what the mean does
        there is the scatter of the cycles that taught it. -inf where there is none.
    """

    design: Design
    centre: Reals
    scale: Reals
    used: Flags
    coefficients: Reals
    band_places: Reals
    covariances: Reals
    freedom: float
    place_range: tuple[float, float]
    field_range_tesla: tuple[float, float]
    tempering: float = 1.0
    frozen_below: float = -np.inf

    def mean(self, place: Reals, field_tesla: Reals) -> Reals:
        """Return coordinates of a healthy receiver, shape (sweep, coordinate)."""
        rows = self.design.rows(place, field_tesla)
        return np.asarray(self.centre + self.scale * (rows @ self.coefficients))

    def scaled(self, values: Reals) -> Reals:
        """Return scaled coordinates, far outliers pressed; NaN stays NaN."""
        return np.asarray(np.clip((values - self.centre) / self.scale, -1e4, 1e4))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HealthySweeps:
    """What an emulator learns from; the first axis of each is the sweep.

    Attributes
    ----------
    values
        Coordinates; NaN where a trace is missing.
    place
        log10 of the temperature in K; zeros where there is no such axis.
    field_tesla
        Stray field in T; zeros where there is no such axis.
    cycle
        Thermal cycle.
    """

    values: Reals
    place: Reals
    field_tesla: Reals
    cycle: Texts

    def taken(self, rows: Flags) -> "HealthySweeps":
        """Return some of the sweeps."""
        return HealthySweeps(
            values=self.values[rows],
            place=self.place[rows],
            field_tesla=self.field_tesla[rows],
            cycle=self.cycle[rows],
        )


def folds_of(cycle: Texts, most: int = MOST_FOLDS) -> npt.NDArray[np.intp]:
    """Return the group of cycles that each sweep is left out with, shape (sweep,)."""
    known, index = np.unique(cycle, return_inverse=True)
    return np.asarray(index % min(most, known.size), dtype=np.intp)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scatter:
    """Residuals of left-out cycles, ready to be made into covariances.

    Attributes
    ----------
    residuals
        Scaled, shape (sweep, coordinate).
    place
        Shape (sweep,).
    """

    residuals: Reals
    place: Reals

    def weights(self, at: float) -> Reals:
        """Return how much each sweep counts at a place, shape (sweep,)."""
        away = np.abs(self.place - at)
        nearest = np.sort(away)[
            min(int(_BAND_SHARE * self.place.size), self.place.size - 1)
        ]
        weight = np.exp(-0.5 * (away / max(float(nearest), _NARROWEST_DEX)) ** 2)
        return np.asarray(weight / weight.sum())

    def covariances(self, places: Reals, settings: Settings) -> Reals:
        """Return a covariance at each place, shape (place, coordinate, coordinate)."""
        weights = [self.weights(float(at)) for at in places]
        spreads = np.stack([np.sqrt(w @ self.residuals**2) for w in weights])
        spreads = np.maximum(spreads, 1e-6)
        nearest = np.abs(self.place[:, None] - places[None, :]).argmin(axis=1)
        even = self.residuals / spreads[nearest]
        pooled = even.T @ even / even.shape[0]
        found = []
        for weight, spread in zip(weights, spreads, strict=True):
            local = (self.residuals * weight[:, None]).T @ self.residuals
            local = local / np.outer(spread, spread)
            mixed = (1 - settings.pooling) * local + settings.pooling * pooled
            mixed = (1 - settings.shrinkage) * mixed
            mixed += settings.shrinkage * np.eye(spread.size)
            found.append(mixed * np.outer(spread, spread))
        return np.stack(found)


def fit_emulator(
    sweeps: HealthySweeps, settings: Settings, used: Flags | None = None
) -> HealthyEmulator:
    """Fit mean and scatter.

    Parameters
    ----------
    used
        Coordinates to judge by, shape (coordinate,); all where None. Coordinates of
        missing traces (NaN) are taken at the centre.
    """
    count = sweeps.values.shape[1]
    with warnings.catch_warnings():
        # A trace that no healthy sweep has is all gaps.
        warnings.simplefilter("ignore", RuntimeWarning)
        centre = np.nan_to_num(np.nanmedian(sweeps.values, axis=0))
        scale = np.nan_to_num(np.nanstd(sweeps.values, axis=0))
    deviation = (sweeps.values - centre) / np.maximum(scale, 1e-9)
    scaled = np.nan_to_num(np.clip(deviation, -_LARGEST_DEVIATION, _LARGEST_DEVIATION))
    design = _design_for(sweeps)
    rows = design.rows(sweeps.place, sweeps.field_tesla)
    penalty = design.penalty(settings.smoothness)
    scatter = Scatter(
        residuals=_left_out(rows, scaled, penalty, folds_of(sweeps.cycle)),
        place=sweeps.place,
    )
    places = _band_places(sweeps.place, design)
    fields = sweeps.field_tesla
    return HealthyEmulator(
        design=design,
        centre=centre,
        scale=np.maximum(scale, 1e-9),
        used=np.ones(count, dtype=np.bool_) if used is None else used,
        coefficients=as_stored(_solve(rows, scaled, penalty)),
        band_places=places,
        covariances=as_stored(scatter.covariances(places, settings)),
        freedom=float(max(np.unique(sweeps.cycle).size - 2, 3)),
        place_range=(float(sweeps.place.min()), float(sweeps.place.max())),
        field_range_tesla=(float(fields.min()), float(fields.max())),
    )


def tempered(
    emulator: HealthyEmulator, tempering: float, frozen_share: float = 0.0
) -> HealthyEmulator:
    """Return an emulator that is less sure.

    Parameters
    ----------
    frozen_share
        Share of the trained range of the temperature axis in which nothing moves.
    """
    low, high = emulator.place_range
    below = low + frozen_share * (high - low) if frozen_share else -np.inf
    return replace(emulator, tempering=tempering, frozen_below=below)


def _design_for(sweeps: HealthySweeps) -> Design:
    with_temperature = float(np.ptp(sweeps.place)) > 0.0
    none = np.zeros(0)
    count = int(np.clip(sweeps.place.size // 12, 4, _FINE_KNOTS))
    return Design(
        fine=knots_for(sweeps.place, count) if with_temperature else none,
        coarse=knots_for(sweeps.place, _COARSE_KNOTS) if with_temperature else none,
        field_scale=float(np.abs(sweeps.field_tesla).max()),
    )


def _solve(rows: Reals, scaled: Reals, penalty: Reals) -> Reals:
    normal = rows.T @ rows / rows.shape[0] + penalty
    return np.asarray(np.linalg.solve(normal, rows.T @ scaled / rows.shape[0]))


def _left_out(
    rows: Reals, scaled: Reals, penalty: Reals, fold: npt.NDArray[np.intp]
) -> Reals:
    """Return residuals of every sweep to the mean of the other groups of cycles."""
    left = np.empty_like(scaled)
    folds = int(fold.max()) + 1
    if folds == 1:
        return np.asarray(scaled - rows @ _solve(rows, scaled, penalty))
    for index in range(folds):
        out = fold == index
        known = _solve(rows[~out], scaled[~out], penalty)
        left[out] = scaled[out] - rows[out] @ known
    return left


def _band_places(place: Reals, design: Design) -> Reals:
    if design.fine.size == 0:
        return np.array([float(place[0])])
    return knots_for(place, min(BAND_COUNT, max(place.size // _LEAST_IN_BAND, 2)))
