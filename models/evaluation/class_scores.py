"""Scores of class verdicts: recall, ranking, and whether the sets hold."""

from typing import Any

import numpy as np
import numpy.typing as npt

from models.evaluation.predictions import ClassPredictions
from models.evaluation.weighted import (
    Weighting,
    auroc_of,
    confusion_of,
    mean_of,
    wilson_interval,
)
from models.serving.trained import HEALTHY

Reals = npt.NDArray[np.float64]

_RANKED = 3


class ClassScorer:
    """Scores class verdicts under any weighting."""

    headline = "balanced_accuracy"

    def __init__(self, predictions: ClassPredictions) -> None:
        self._predictions = predictions
        truth, shown = predictions.truth, predictions.probabilities
        rows = np.arange(truth.size)
        self.said = shown.argmax(axis=1)
        of_truth = shown[rows, truth]
        above = (shown > of_truth[:, None]).sum(axis=1)
        onehot = np.eye(len(predictions.labels))[truth]
        self._terms: dict[str, Reals] = {
            "accuracy": (self.said == truth).astype(float),
            "top_3": (above < _RANKED).astype(float),
            "log_loss": -np.log(np.maximum(of_truth, 1e-12)),
            "brier": ((shown - onehot) ** 2).sum(axis=1),
        }
        if predictions.in_set is not None:
            self._terms["set_coverage"] = predictions.in_set[rows, truth].astype(float)
            self._terms["set_size"] = predictions.in_set.sum(axis=1).astype(float)
        if predictions.unknown is not None:
            named = ~predictions.unknown
            self._terms["unknown_share"] = predictions.unknown.astype(float)
            self._terms["named_right_share"] = (named & (self.said == truth)).astype(
                float
            )
            self._terms["misnamed_share"] = (named & (self.said != truth)).astype(float)

    def scores(self, weighting: Weighting) -> dict[str, Reals]:
        """Return every score, each of shape (draw,)."""
        recalls = self._recalls(weighting)
        found = {"balanced_accuracy": _mean_over_present(recalls)}
        means = mean_of(np.stack(list(self._terms.values()), axis=1), weighting)
        found |= dict(zip(self._terms, means.T, strict=True))
        labels = self._predictions.labels
        found |= {
            f"recall:{label}": recalls[:, index] for index, label in enumerate(labels)
        }
        areas = self._areas(weighting)
        found["auroc"] = _mean_over_present(areas)
        found |= {
            f"auroc:{label}": areas[:, index] for index, label in enumerate(labels)
        }
        if HEALTHY in labels:
            index = labels.index(HEALTHY)
            shown = self._predictions.probabilities[:, index]
            found["detection_auroc"] = auroc_of(
                -shown, self._predictions.truth != index, weighting
            )
        return found

    def headline_scores(self, weighting: Weighting) -> Reals:
        """Return the balanced accuracy alone, shape (draw,)."""
        return _mean_over_present(self._recalls(weighting))

    def classes(self, cycles: npt.NDArray[np.str_]) -> dict[str, Any]:
        """Describe each class that occurs: recall with Wilson's interval, precision.

        The interval takes sweeps as independent, which those of one cycle are not.
        """
        found: dict[str, Any] = {}
        truth, said = self._predictions.truth, self.said
        for index, label in enumerate(self._predictions.labels):
            own = truth == index
            if not own.any():
                continue
            hits = int((said[own] == index).sum())
            asserted = int((said == index).sum())
            found[label] = {
                "sweeps": int(own.sum()),
                "cycles": int(np.unique(cycles[own]).size),
                "recall": hits / int(own.sum()),
                "recall_wilson_95": list(wilson_interval(hits, int(own.sum()))),
                "precision": hits / asserted if asserted else None,
            }
        return found

    def _recalls(self, weighting: Weighting) -> Reals:
        count = len(self._predictions.labels)
        cells = confusion_of(self._predictions.truth, self.said, count, weighting)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.diagonal(cells, axis1=1, axis2=2) / cells.sum(axis=2))

    def _areas(self, weighting: Weighting) -> Reals:
        shown, truth = self._predictions.probabilities, self._predictions.truth
        return np.stack(
            [
                auroc_of(shown[:, index], truth == index, weighting)
                for index in range(shown.shape[1])
            ],
            axis=1,
        )


def _mean_over_present(values: Reals) -> Reals:
    there = np.isfinite(values)
    count = there.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(there, values, 0.0).sum(axis=1) / count)
