"""The same scores with traces missing: every subset that a broken cable may leave."""

from itertools import combinations
from typing import Any

import numpy as np

from models.evaluation.predictions import Predictions, ranked_sweeps
from models.evaluation.scores import one_row, scorer_of
from models.evaluation.served import judge_corpus
from models.evaluation.weighted import Weighting
from models.serving.trained import TrainedModel
from models.training.corpus import Corpus
from models.training.targets import TargetPlan

MOST_SUBSETS = 15
"""All subsets of four traces; of more only single traces, all, and all but one."""

_SHOWN = ("coverage_90", "coverage_68", "set_coverage", "set_size", "unknown_share")


def trace_subsets(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the subsets that are scored, the whole first."""
    sizes = list(range(len(names), 0, -1))
    if 2 ** len(names) - 1 > MOST_SUBSETS:
        sizes = [len(names), len(names) - 1, 1]
    return [subset for size in sizes for subset in combinations(names, size)]


def score_subsets(
    model: TrainedModel, corpus: Corpus, plan: TargetPlan
) -> dict[str, list[dict[str, Any]]]:
    """Score a model on every subset of its traces.

    Returns
    -------
    dict
        Target to one record a subset: ``traces``, ``sweeps``, the headline score and
        what tells whether intervals and sets still hold; of scalars on healthy sweeps
        where conditions are known.
    """
    names = corpus.form.s_parameters
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in plan.trained}
    for subset in trace_subsets(names):
        heard = np.isin(names, subset)
        judged = judge_corpus(model, corpus, plan, heard)
        for name, predictions in judged.items():
            record = _record(predictions, corpus, heard)
            found[name].append({"traces": list(subset)} | record)
    return found


def _record(
    predictions: Predictions, corpus: Corpus, heard: np.ndarray[Any, Any]
) -> dict[str, Any]:
    # A sweep that lacks what is left cannot be judged.
    there = (corpus.present[predictions.rows] & heard).any(axis=1)
    kept = ranked_sweeps(predictions, corpus) & there
    if not kept.any():
        return {"sweeps": 0}
    scorer = scorer_of(predictions)
    scores = one_row(scorer.scores(Weighting.whole(kept)), 0)
    shown = (scorer.headline, *_SHOWN)
    return {
        "sweeps": int(kept.sum()),
        **{name: scores[name] for name in shown if name in scores},
        **{
            name: value for name, value in scores.items() if name.startswith("width_90")
        },
    }
