"""What is drawn of predictions: few numbers, JSON-ready."""

from typing import Any

import numpy as np
import numpy.typing as npt

from models.evaluation.class_scores import ClassScorer
from models.evaluation.predictions import (
    ClassPredictions,
    Predictions,
    ScalarPredictions,
    ranked_sweeps,
)
from models.evaluation.scalar_scores import ScalarScorer
from models.evaluation.weighted import Weighting, confusion_of
from models.networks.density import Coordinate
from models.training.corpus import Corpus

PIT_BINS = 20
"""Bins of the PIT histogram."""

MOST_POINTS = 1500
"""Sweeps that are drawn as points."""

_CONFIDENCE_BINS = 10

Reals = npt.NDArray[np.float64]


def chart_data(predictions: Predictions, corpus: Corpus) -> dict[str, Any]:
    """Return what the charts of one target show."""
    if predictions.rows.size == 0:
        return {}
    if isinstance(predictions, ScalarPredictions):
        return _scalar(predictions, corpus)
    return _classes(predictions)


def _scalar(predictions: ScalarPredictions, corpus: Corpus) -> dict[str, Any]:
    scorer = ScalarScorer(predictions)
    kept = ranked_sweeps(predictions, corpus)
    cycles = corpus.thermal_cycle[predictions.rows]
    found: dict[str, Any] = {"points": _points(predictions, corpus)}
    if scorer.pit is None:
        return found
    pit = scorer.pit[kept]
    counts, _ = np.histogram(pit, PIT_BINS, (0.0, 1.0))
    levels = np.linspace(0.1, 0.9, 9)
    central = 2.0 * np.abs(pit - 0.5)
    names, by_cycle = Weighting.one_by_one(cycles)
    held = scorer.scores(by_cycle)["coverage_90"]
    return found | {
        "pit": counts.tolist(),
        "reliability": [
            {"nominal": float(level), "observed": float(np.mean(central <= level))}
            for level in levels
        ],
        "coverage_per_cycle": [
            {
                "cycle": name,
                "sweeps": int((cycles == name).sum()),
                "coverage_90": float(share),
            }
            for name, share in zip(names, held, strict=True)
        ],
    }


def _points(predictions: ScalarPredictions, corpus: Corpus) -> list[dict[str, Any]]:
    """Return true temperature, field and error of an even choice of sweeps."""
    grid, rows = predictions.grid, predictions.rows
    if grid.coordinate is Coordinate.LOG10:
        error = predictions.estimate - predictions.truth
    else:
        error = grid.value(predictions.estimate) - grid.value(predictions.truth)
    healthy = ranked_sweeps(predictions, corpus)
    chosen = np.unique(
        np.linspace(0, rows.size - 1, min(rows.size, MOST_POINTS)).astype(np.intp)
    )
    temperature_k = corpus.numbers["temperature_k"][rows]
    field_tesla = corpus.numbers["magnetic_field_tesla"][rows]
    return [
        {
            "temperature_k": _number(temperature_k[index]),
            "magnetic_field_tesla": _number(field_tesla[index]),
            "error": float(error[index]),
            "healthy": bool(healthy[index]),
        }
        for index in chosen
    ]


def _classes(predictions: ClassPredictions) -> dict[str, Any]:
    scorer = ClassScorer(predictions)
    truth, labels = predictions.truth, predictions.labels
    everything = Weighting.whole(np.ones(truth.size, dtype=np.bool_))
    cells = confusion_of(truth, scorer.said, len(labels), everything)[0]
    best = predictions.probabilities.max(axis=1)
    right = scorer.said == truth
    place = np.minimum((best * _CONFIDENCE_BINS).astype(int), _CONFIDENCE_BINS - 1)
    return {
        "labels": list(labels),
        "confusion": cells.astype(int).tolist(),
        "reliability": [
            {
                "nominal": float(best[place == step].mean()),
                "observed": float(right[place == step].mean()),
                "sweeps": int((place == step).sum()),
            }
            for step in range(_CONFIDENCE_BINS)
            if (place == step).any()
        ],
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
