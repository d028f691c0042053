"""Which of several models is better, by more than chance among cycles."""

from typing import Any

import numpy as np

from models.evaluation.breakdown import FEW_CYCLES
from models.evaluation.predictions import (
    Predictions,
    ScalarPredictions,
    ranked_sweeps,
)
from models.evaluation.scores import scorer_of
from models.evaluation.weighted import Weighting
from models.training.corpus import Corpus


def rank(found: dict[str, Predictions], corpus: Corpus) -> dict[str, Any]:
    """Rank models that were tested on the same sweeps.

    Scalars are ranked on the healthy sweeps where conditions are known. Models that
    were tested on other sweeps than the first are left out.

    Returns
    -------
    dict
        ``headline``, ``order`` from best to worst, each with ``name``, ``score`` and
        its ``behind_best`` with the ``standard_error`` of that difference over
        resampled cycles; ``order`` is empty, with a ``warning``, where cycles are few.
    """
    first = next(iter(found.values()))
    found = {
        name: predictions
        for name, predictions in found.items()
        if np.array_equal(predictions.rows, first.rows)
    }
    headline = scorer_of(first).headline
    kept = ranked_sweeps(first, corpus)
    cycles = corpus.thermal_cycle[first.rows]
    count = int(np.unique(cycles[kept]).size)
    summary: dict[str, Any] = {"headline": headline, "sweeps": int(kept.sum())}
    if count < FEW_CYCLES:
        return summary | {
            "cycles": count,
            "order": [],
            "warning": f"insufficient cycles: {count}, and at least {FEW_CYCLES} are "
            "needed to rank models",
        }
    scores, draws = {}, {}
    for name, predictions in found.items():
        scorer = scorer_of(predictions)
        scores[name] = float(scorer.headline_scores(Weighting.whole(kept))[0])
        draws[name] = np.concatenate(
            [
                scorer.headline_scores(weighting)
                for weighting in Weighting.resampled(cycles, kept)
            ]
        )
    sign = -1.0 if isinstance(first, ScalarPredictions) else 1.0
    order = sorted(scores, key=lambda name: -sign * scores[name])
    best = order[0]
    return summary | {
        "cycles": count,
        "order": [
            {
                "name": name,
                "score": scores[name],
                "behind_best": abs(scores[name] - scores[best]),
                "standard_error": float(np.nanstd(draws[name] - draws[best])),
            }
            for name in order
        ],
        "warning": None,
    }
