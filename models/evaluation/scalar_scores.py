"""Scores of estimates of a scalar: error, sharpness, and whether intervals hold."""

import numpy as np
import numpy.typing as npt

from models.evaluation.histogram import (
    histogram_cde_loss,
    histogram_crps,
    histogram_of_quantiles,
    histogram_pit,
    histogram_quantile,
)
from models.evaluation.predictions import ScalarPredictions
from models.evaluation.weighted import (
    Weighting,
    flatness_of,
    mean_of,
    median_of,
    uniformity_of,
)
from models.networks.density import LEVELS, Coordinate

Reals = npt.NDArray[np.float64]

PINBALL_LEVELS = {0.05: 0, 0.5: 2, 0.95: 4}
"""Levels of the pinball loss, and their columns among the quantiles."""


class ScalarScorer:
    """Scores estimates of a scalar under any weights.

    Temperatures are scored in decades (dex) and in K, other scalars in their unit.

    Parameters
    ----------
    predictions
        With quantiles; from five of them the distribution is rebuilt where no density
        is given. One quantile is a point estimate, and has errors only.
    mean_crps
        CRPS of predict-mean for the same sweeps, shape (sweep,), if the skill over it
        is wanted.
    """

    def __init__(
        self, predictions: ScalarPredictions, mean_crps: Reals | None = None
    ) -> None:
        grid = predictions.grid
        truth, median = predictions.truth, predictions.estimate
        self._logarithmic = grid.coordinate is Coordinate.LOG10
        self._unit = predictions.unit
        self._truth = grid.value(truth)
        self._error = grid.value(median) - self._truth
        self._dex = median - truth if self._logarithmic else None
        self._place = truth
        self._mean_crps = mean_crps
        self._terms: dict[str, Reals] = {}
        self.pit: Reals | None = None
        self.crps: Reals | None = None
        if predictions.quantiles.shape[1] == len(LEVELS):
            self._score_distribution(predictions)

    @property
    def headline(self) -> str:
        """Name of the score that the target is judged by."""
        return "rms_error_dex" if self._logarithmic else f"rms_error_{self._unit}"

    def scores(self, weighting: Weighting) -> dict[str, Reals]:
        """Return every score, each of shape (draw,)."""
        found = self._errors(weighting)
        if self._terms:
            means = mean_of(np.stack(list(self._terms.values()), axis=1), weighting)
            found |= dict(zip(self._terms, means.T, strict=True))
        if self.pit is not None:
            found["pit_ks"] = uniformity_of(self.pit, weighting)
            found["pit_chi2"] = flatness_of(self.pit, weighting)
        if self.crps is not None and self._mean_crps is not None:
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = mean_of(self.crps, weighting) / mean_of(
                    self._mean_crps, weighting
                )
            found["crps_skill"] = 1.0 - ratio
        return found

    def headline_scores(self, weighting: Weighting) -> Reals:
        """Return the headline score alone, shape (draw,)."""
        error = self._error if self._dex is None else self._dex
        return np.sqrt(mean_of(error**2, weighting))

    def _errors(self, weighting: Weighting) -> dict[str, Reals]:
        found: dict[str, Reals] = {}
        errors = {self._unit: self._error}
        if self._dex is not None:
            errors = {"dex": self._dex, **errors}
        for suffix, error in errors.items():
            found[f"rms_error_{suffix}"] = np.sqrt(mean_of(error**2, weighting))
            found[f"median_error_{suffix}"] = median_of(np.abs(error), weighting)
            found[f"bias_{suffix}"] = mean_of(error, weighting)
        middle = mean_of(self._truth, weighting)
        spread = mean_of(self._truth**2, weighting) - middle**2
        with np.errstate(invalid="ignore", divide="ignore"):
            unexplained = mean_of(self._error**2, weighting) / np.maximum(spread, 0.0)
        # Equal truths leave nothing to explain.
        unexplained = np.where(spread > 1e-12 * middle**2, unexplained, np.nan)
        return found | {"r2": 1.0 - unexplained}

    def _score_distribution(self, predictions: ScalarPredictions) -> None:
        grid, truth = predictions.grid, predictions.truth
        quantiles, density = predictions.quantiles, predictions.density
        edges = grid.edges
        if density is None:
            density = histogram_of_quantiles(quantiles, np.array(LEVELS), edges)
        self.pit = histogram_pit(density, edges, truth)
        suffix = "dex" if self._logarithmic else self._unit
        shown = edges if self._logarithmic else grid.value(edges)
        seen = truth if self._logarithmic else self._truth
        self.crps = histogram_crps(density, shown, seen)
        ends = np.stack(
            [histogram_quantile(density, edges, level) for level in (0.025, 0.975)], 1
        )
        bounds = {
            "68": quantiles[:, [1, 3]],
            "90": quantiles[:, [0, 4]],
            "95": ends,
        }
        terms = {
            f"crps_{suffix}": self.crps,
            "cde_loss": histogram_cde_loss(density, edges, truth),
        }
        for name, (low, high) in ((name, both.T) for name, both in bounds.items()):
            terms[f"coverage_{name}"] = ((truth >= low) & (truth <= high)).astype(float)
            wide = (
                high - low if self._logarithmic else grid.value(high) - grid.value(low)
            )
            terms[f"width_{name}_{suffix}"] = wide
        for level, column in PINBALL_LEVELS.items():
            said = quantiles[:, column]
            said = said if self._logarithmic else grid.value(said)
            missed = seen - said
            loss = np.maximum(level * missed, (level - 1.0) * missed)
            terms[f"pinball_{round(100 * level):02d}_{suffix}"] = loss
        self._terms = terms
