"""Point estimates made distributions by the errors of other folds."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from models.evaluation.histogram import histogram_quantile
from models.evaluation.predictions import ScalarPredictions
from models.networks.density import LEVELS, DensityGrid

Reals = npt.NDArray[np.float64]

_MOST_RESIDUALS = 201


def with_residuals(
    predictions: ScalarPredictions,
    folds: npt.NDArray[np.intp],
    learnt: npt.NDArray[np.bool_],
) -> ScalarPredictions:
    """Give point estimates the spread that the errors of the other folds have.

    So a simple model is scored as a distribution too, learnt from cycles that are not
    in its own test (as cross-conformal prediction does, Vovk 2015). With one fold
    there is nothing to learn the spread from, and the points stay points.

    Parameters
    ----------
    predictions
        With one quantile, the estimate.
    folds
        Fold of each scored sweep, shape (sweep,).
    learnt
        Whether a scored sweep is of the kind that was learnt from, shape (sweep,):
        errors of others are no measure.
    """
    point = predictions.quantiles[:, 0]
    error = predictions.truth - point
    grid = predictions.grid
    density = np.zeros((point.size, grid.edges.size - 1))
    for fold in np.unique(folds):
        other = error[(folds != fold) & learnt]
        if other.size < 2:
            return replace(predictions, point=point)
        own = folds == fold
        density[own] = _spread(point[own], other, grid)
    quantiles = np.stack(
        [histogram_quantile(density, grid.edges, level) for level in LEVELS], axis=1
    )
    return replace(predictions, quantiles=quantiles, density=density, point=point)


def _spread(point: Reals, errors: Reals, grid: DensityGrid) -> Reals:
    levels = (np.arange(_MOST_RESIDUALS) + 0.5) / _MOST_RESIDUALS
    drawn = np.quantile(errors, levels)
    bins = grid.edges.size - 1
    place = (point[:, None] + drawn - grid.low) / grid.width
    place = np.clip(place, 0.0, bins - 1e-9).astype(np.intp)
    place += bins * np.arange(point.size)[:, None]
    counts = np.bincount(place.ravel(), minlength=bins * point.size)
    found = counts.reshape(point.size, bins) / levels.size
    return np.asarray(gaussian_filter1d(found, 0.7, axis=1, mode="nearest"))
