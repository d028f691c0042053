"""Scores of one set of predictions; every one is a plain number."""

import numpy as np
import numpy.typing as npt

from models.evaluation.predictions import (
    ClassPredictions,
    Predictions,
    ScalarPredictions,
)
from models.networks.density import Coordinate

Rows = npt.NDArray[np.intp]


def score(predictions: Predictions, chosen: Rows) -> dict[str, float]:
    """Score some of the predictions.

    Parameters
    ----------
    chosen
        Positions inside of the predictions, shape (sweep,).
    """
    if isinstance(predictions, ScalarPredictions):
        return _score_scalar(predictions, chosen)
    return _score_classes(predictions, chosen)


def headline_score(predictions: Predictions, chosen: Rows) -> float:
    """Return the one score that a target is judged by; quick enough to resample."""
    if isinstance(predictions, ScalarPredictions):
        return float(np.sqrt(np.mean(_errors(predictions, chosen)[0] ** 2)))
    truth = predictions.truth[chosen]
    right = predictions.probabilities[chosen].argmax(axis=1) == truth
    counts = np.bincount(truth)
    hits = np.bincount(truth, weights=right)
    return float(np.mean(hits[counts > 0] / counts[counts > 0]))


def headline(predictions: Predictions) -> str:
    """Return the name of the score that a target is judged by."""
    if isinstance(predictions, ClassPredictions):
        return "balanced_accuracy"
    logarithmic = predictions.grid.coordinate is Coordinate.LOG10
    return "rms_error_dex" if logarithmic else "rms_error_tesla"


def _score_scalar(predictions: ScalarPredictions, chosen: Rows) -> dict[str, float]:
    truth, quantiles = predictions.truth[chosen], predictions.quantiles[chosen]
    error, suffix = _errors(predictions, chosen)
    scores = {
        f"rms_error_{suffix}": float(np.sqrt(np.mean(error**2))),
        f"median_error_{suffix}": float(np.median(np.abs(error))),
        f"bias_{suffix}": float(np.mean(error)),
    }
    if quantiles.shape[1] == 5:
        low, inner_low, _, inner_high, high = quantiles.T
        scores["coverage_90"] = float(np.mean((truth >= low) & (truth <= high)))
        scores["coverage_68"] = float(
            np.mean((truth >= inner_low) & (truth <= inner_high))
        )
        scores["width_90"] = float(np.mean(high - low))
    return scores


def _errors(
    predictions: ScalarPredictions, chosen: Rows
) -> tuple[npt.NDArray[np.float64], str]:
    grid, truth = predictions.grid, predictions.truth[chosen]
    median = predictions.quantiles[chosen, predictions.quantiles.shape[1] // 2]
    if grid.coordinate is Coordinate.LOG10:
        return median - truth, "dex"
    return grid.value(median) - grid.value(truth), "tesla"


def _score_classes(predictions: ClassPredictions, chosen: Rows) -> dict[str, float]:
    truth = predictions.truth[chosen]
    probabilities = predictions.probabilities[chosen]
    best = probabilities.argmax(axis=1)
    recalls = {
        label: float(np.mean(best[truth == index] == index))
        for index, label in enumerate(predictions.labels)
        if (truth == index).any()
    }
    of_truth = probabilities[np.arange(truth.size), truth]
    scores = {
        "balanced_accuracy": float(np.mean(list(recalls.values()))),
        "accuracy": float(np.mean(best == truth)),
        "log_loss": float(-np.mean(np.log(np.maximum(of_truth, 1e-12)))),
    }
    scores |= {f"recall:{label}": value for label, value in recalls.items()}
    if predictions.calibration is not None:
        inside = probabilities >= predictions.calibration.set_threshold
        known = probabilities.max(axis=1) >= predictions.calibration.unknown_threshold
        scores["set_coverage"] = float(np.mean(inside[np.arange(truth.size), truth]))
        scores["set_size"] = float(np.mean(inside.sum(axis=1)))
        scores["unknown_share"] = float(np.mean(~known))
    return scores
