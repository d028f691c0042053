"""Checks that a good score is no accident of the evaluation itself."""

from dataclasses import replace
from typing import Any

import numpy as np

from models.errors import TrainingRefusedError
from models.evaluation.leaderboard import baseline_predictions
from models.evaluation.predictions import (
    Predictions,
    ScalarPredictions,
    ranked_sweeps,
)
from models.evaluation.question import Question
from models.evaluation.representation import Representation
from models.evaluation.scores import scorer_of
from models.evaluation.weighted import Weighting
from models.training.corpus import Corpus
from models.training.split import Split
from models.training.splitting import split_in_time

LEARNER = "pca30_ridge"
"""The baseline that is put to the tests; quick, and able to learn."""

BLIND = ("clock", "metadata_trees")
"""Baselines that never look at a sweep."""

_SIGMAS = 3.0
_NEGLIGIBLE_SHARE = 0.02


def shuffled_labels(
    question: Question, corpus: Corpus, representation: Representation, split: Split
) -> dict[str, Any]:
    """Learn shuffled labels: nothing may be left but chance.

    Returns
    -------
    dict
        ``score`` and ``chance`` (predict-mean on the same labels), their
        ``standard_error`` over resampled cycles, and ``passed``: no better than chance
        by more than three standard errors, or 2 % of chance.
    """
    rng = np.random.default_rng(20260131)
    truth = question.truth.copy()
    # Among the learnt and among the others, so that both keep their shares.
    for part in (question.learnt, question.scored & ~question.learnt):
        rows = np.flatnonzero(part)
        truth[rows] = truth[rng.permutation(rows)]
    found = baseline_predictions(
        [replace(question, truth=truth)],
        representation,
        split,
        (LEARNER, "predict_mean"),
    )[question.name]
    mine, chance = found[LEARNER], found["predict_mean"]
    gain, error = _gain(mine, chance, corpus)
    usual = _headline(chance, corpus)
    return {
        "score": _headline(mine, corpus),
        "chance": usual,
        "standard_error": error,
        "passed": bool(gain <= max(_SIGMAS * error, _NEGLIGIBLE_SHARE * usual)),
    }


def metadata_only(found: dict[str, Predictions], corpus: Corpus) -> dict[str, Any]:
    """Hold what never looks at a sweep against what does.

    Parameters
    ----------
    found
        Predictions of the baselines under one split.

    Returns
    -------
    dict
        Best score of either kind, and ``passed``: the sweep tells more.
    """
    blind = [name for name in BLIND if name in found]
    seeing = [name for name in found if name not in {*BLIND, "predict_mean"}]
    if not blind or not seeing:
        return {}
    scores = {name: _headline(found[name], corpus) for name in (*blind, *seeing)}
    sign = -1.0 if isinstance(found[seeing[0]], ScalarPredictions) else 1.0
    best_blind = max(blind, key=lambda name: sign * scores[name])
    best = max(seeing, key=lambda name: sign * scores[name])
    return {
        "metadata": {"name": best_blind, "score": scores[best_blind]},
        "sweep": {"name": best, "score": scores[best]},
        "passed": bool(sign * scores[best] > sign * scores[best_blind]),
    }


def through_time(
    question: Question, corpus: Corpus, representation: Representation
) -> dict[str, Any]:
    """Learn from the past and from the future: drift that has a direction shows."""
    found: dict[str, Any] = {}
    for backward in (False, True):
        try:
            split = split_in_time(
                corpus.thermal_cycle, corpus.measured_at, backward=backward
            )
        except TrainingRefusedError as error:
            return {"not_possible": str(error)}
        said = baseline_predictions([question], representation, split, (LEARNER,))
        predictions = said[question.name][LEARNER]
        if ranked_sweeps(predictions, corpus).any():
            found[split.kind.value] = _headline(predictions, corpus)
    return found


def _headline(predictions: Predictions, corpus: Corpus) -> float:
    kept = ranked_sweeps(predictions, corpus)
    return float(scorer_of(predictions).headline_scores(Weighting.whole(kept))[0])


def _gain(mine: Predictions, other: Predictions, corpus: Corpus) -> tuple[float, float]:
    """Return by how much mine is better, and the standard error of that."""
    kept = ranked_sweeps(mine, corpus)
    sign = -1.0 if isinstance(mine, ScalarPredictions) else 1.0
    scorers = scorer_of(mine), scorer_of(other)
    cycles = corpus.thermal_cycle[mine.rows]

    def difference(weighting: Weighting) -> np.ndarray[Any, np.dtype[np.float64]]:
        first, second = (one.headline_scores(weighting) for one in scorers)
        return np.asarray(sign * (first - second))

    drawn = np.concatenate(
        [
            difference(weighting)
            for weighting in Weighting.resampled(cycles, kept, draws=500)
        ]
    )
    return float(difference(Weighting.whole(kept))[0]), float(np.nanstd(drawn))
