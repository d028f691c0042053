"""Scores of one set of predictions; every one is a plain number."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from models.evaluation.class_scores import ClassScorer
from models.evaluation.predictions import Predictions, ScalarPredictions
from models.evaluation.scalar_scores import ScalarScorer
from models.evaluation.weighted import Weighting

Scorer: TypeAlias = ScalarScorer | ClassScorer
"""What scores predictions under weights."""

Reals = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


def scorer_of(predictions: Predictions, mean_crps: Reals | None = None) -> Scorer:
    """Return what scores predictions.

    Parameters
    ----------
    mean_crps
        CRPS of predict-mean for the same sweeps, shape (sweep,).
    """
    if isinstance(predictions, ScalarPredictions):
        return ScalarScorer(predictions, mean_crps)
    return ClassScorer(predictions)


def score(predictions: Predictions, chosen: Rows) -> dict[str, float]:
    """Score some of the predictions.

    Parameters
    ----------
    chosen
        Positions inside of the predictions, shape (sweep,).
    """
    kept = np.zeros(predictions.rows.size, dtype=np.bool_)
    kept[chosen] = True
    return one_row(scorer_of(predictions).scores(Weighting.whole(kept)), 0)


def headline(predictions: Predictions) -> str:
    """Return the name of the score that a target is judged by."""
    return scorer_of(predictions).headline


def one_row(scores: dict[str, Reals], row: int) -> dict[str, float]:
    """Return the scores of one weighting; those that are not defined are left out."""
    return {
        name: float(values[row])
        for name, values in scores.items()
        if np.isfinite(values[row])
    }
