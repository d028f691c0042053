"""A new model beside simple ones, on the sweeps that neither has seen."""

from dataclasses import replace
from typing import Any

import numpy as np

from models.evaluation.breakdown import break_down
from models.evaluation.gates import GROUPED
from models.evaluation.leaderboard import baseline_predictions
from models.evaluation.question import Question
from models.evaluation.representation import representation_of
from models.training.corpus import Corpus
from models.training.split import Split
from models.training.targets import TargetPlan

COMPARED = ("predict_mean", "clock", "pca30_ridge", "pca30_knn5")
"""Baselines that every training holds its model against: seconds, not minutes."""

MOST_COMPARED = 3000
"""Of more sweeps an even choice is compared, so that the time has a bound."""

_DRAWS = 200


def compare(
    corpus: Corpus, plan: TargetPlan, split: Split, metrics: dict[str, Any]
) -> dict[str, Any]:
    """Score cheap baselines on the model's own split, as an evaluation would write it.

    Where there are more than :data:`MOST_COMPARED` sweeps the baselines learn from,
    and are asked about, evenly spread ones.

    Parameters
    ----------
    metrics
        Of the model, on sweeps that its members have not seen.
    """
    rows = np.arange(corpus.sweep_count)[:: -(-corpus.sweep_count // MOST_COMPARED)]
    corpus = corpus.taken(rows)
    split = replace(split, fold=split.fold[rows], ids=split.ids[rows])
    questions = [Question.of(corpus, plan, name) for name in plan.trained]
    found = baseline_predictions(
        questions, representation_of(corpus, None), split, COMPARED
    )
    return {
        "trained_on_this_archive": True,
        "baselines": list(COMPARED),
        "targets": {
            question.name: {
                "retrained": {GROUPED: _short(metrics[question.name])},
                "baselines": {
                    name: {GROUPED: _short(break_down(each, corpus, draws=_DRAWS))}
                    for name, each in found[question.name].items()
                },
            }
            for question in questions
        },
    }


def _short(scores: dict[str, Any]) -> dict[str, Any]:
    """Keep what a ranking needs."""
    names = ("sweeps", "cycles", "headline", "overall", "ranked", "interval_90")
    return {name: scores[name] for name in names if name in scores}
