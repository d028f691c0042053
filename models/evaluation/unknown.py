"""Whether a class that was never trained is noticed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.evaluation.leaderboard import baseline_learner
from models.evaluation.question import Question
from models.evaluation.representation import Representation
from models.evaluation.weighted import Weighting, auroc_of, false_positive_rate_at
from models.training.split import Split

Reals = npt.NDArray[np.float64]

LEAST_CLASSES = 3
"""With fewer there is nothing left to tell apart once one is held out."""

Certainty = Callable[[Question], Reals]
"""From a question that lacks a class to how sure of its best class a model is, of every
sweep by a fold that has not seen it; shape (sweep,)."""


def leave_classes_out(question: Question, certainty: Certainty) -> dict[str, Any]:
    """Hold each class out of training in turn, and see whether it looks unknown.

    Parameters
    ----------
    certainty
        Trains without the class and says how sure it is.

    Returns
    -------
    dict
        Class to ``sweeps``, ``fpr_95`` (share of its sweeps that pass where 95 % of the
        known ones pass) and ``auroc``; ``mean_fpr_95`` over classes.
    """
    if len(question.labels) < LEAST_CLASSES:
        return {}
    found: dict[str, Any] = {}
    for index, label in enumerate(question.labels):
        own = question.scored & (question.truth == index)
        known = question.scored & ~own
        if not own.any() or not known.any():
            continue
        sure = certainty(without_class(question, index))
        told = np.isfinite(sure)
        own, known = own & told, known & told
        if not own.any() or not known.any():
            continue
        everything = own | known
        found[label] = {
            "sweeps": int(own.sum()),
            "fpr_95": false_positive_rate_at(sure[known], sure[own]),
            "auroc": float(
                auroc_of(
                    -sure[everything],
                    own[everything],
                    Weighting.whole(np.ones(int(everything.sum()), dtype=np.bool_)),
                )[0]
            ),
        }
    rates = [one["fpr_95"] for one in found.values()]
    return {
        "classes": found,
        "mean_fpr_95": float(np.mean(rates)) if rates else None,
    }


def without_class(question: Question, index: int) -> Question:
    """Return the question with one class neither learnt nor named."""
    labels = question.labels[:index] + question.labels[index + 1 :]
    truth = np.where(question.truth > index, question.truth - 1, question.truth)
    learnt = question.learnt & (question.truth != index)
    # Sweeps of the missing class are asked all the same; their number means nothing.
    return replace(
        question,
        labels=labels,
        truth=np.minimum(truth, len(labels) - 1),
        learnt=learnt,
    )


def baseline_certainty(
    representation: Representation, split: Split, name: str
) -> Certainty:
    """Return how sure a baseline is, by its largest probability."""
    learn = baseline_learner(representation, split, name)

    def certainty(question: Question) -> Reals:
        predictions = learn(question)
        sure = np.full(question.scored.size, np.nan)
        sure[predictions.rows] = predictions.probabilities.max(axis=1)
        return sure

    return certainty
