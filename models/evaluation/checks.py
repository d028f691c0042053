"""What is checked of every target beside its scores."""

from dataclasses import dataclass
from typing import Any

from models.evaluation.detection import score_detection
from models.evaluation.gates import GROUPED
from models.evaluation.label_noise import label_noise
from models.evaluation.leaderboard import Board, ClassLearner, baseline_learner
from models.evaluation.predictions import ClassPredictions, Predictions
from models.evaluation.question import Question
from models.evaluation.sanity import metadata_only, shuffled_labels, through_time
from models.evaluation.severity import score_severity
from models.evaluation.unknown import (
    Certainty,
    baseline_certainty,
    leave_classes_out,
)
from models.training.corpus import Corpus

NETWORK = "this_network_retrained"
"""Name of the model's own network, trained anew, among the baselines."""

UNKNOWN_BY = ("pca30_ridge", "minirocket_ridge")
"""Baselines whose sense for classes never seen is scored, and for wrong labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDemand:
    """What takes trainings of its own, and is checked where it is given.

    Attributes
    ----------
    certainty
        How sure the model's own network is of classes that it has not seen.
    learner
        How it learns from labels of which some are wrong.
    """

    certainty: Certainty | None = None
    learner: ClassLearner | None = None


def check_targets(
    mine: dict[str, Predictions],
    corpus: Corpus,
    board: Board,
    wanted: OnDemand = OnDemand(),
) -> dict[str, dict[str, Any]]:
    """Check each target, JSON-ready.

    Returns
    -------
    dict
        Target to ``sanity``, and for classes ``unknown_class`` by baseline and, where
        sweeps are called healthy, ``detection`` and ``severity`` of the model; with a
        learner ``label_noise``, by model.
    """
    found: dict[str, dict[str, Any]] = {}
    split = board.splits[GROUPED]
    for question in board.questions:
        name = question.name
        predictions = mine[name]
        if predictions.rows.size == 0:
            continue
        found[name] = {
            "sanity": {
                "shuffled_labels": shuffled_labels(
                    question, corpus, board.representation, split
                ),
                "metadata_only": metadata_only(
                    dict(board.found[GROUPED][name]), corpus
                ),
                "through_time": through_time(question, corpus, board.representation),
            }
        }
        if isinstance(predictions, ClassPredictions):
            found[name] |= {
                "unknown_class": _unknown(question, board, wanted.certainty),
                "detection": score_detection(predictions, corpus),
                "severity": score_severity(predictions, corpus),
            }
            if wanted.learner is not None:
                found[name]["label_noise"] = _noise(
                    question, corpus, board, wanted.learner
                )
    return found


def _unknown(
    question: Question, board: Board, certainty: Certainty | None
) -> dict[str, Any]:
    split = board.splits[GROUPED]
    found = {
        baseline: leave_classes_out(
            question, baseline_certainty(board.representation, split, baseline)
        )
        for baseline in _put_to_it(question, board)
    }
    if certainty is not None:
        found[NETWORK] = leave_classes_out(question, certainty)
    return found


def _noise(
    question: Question, corpus: Corpus, board: Board, learner: ClassLearner
) -> dict[str, Any]:
    split = board.splits[GROUPED]
    learners = {
        baseline: baseline_learner(board.representation, split, baseline)
        for baseline in _put_to_it(question, board)
    }
    return {
        name: label_noise(question, corpus, learn)
        for name, learn in (learners | {NETWORK: learner}).items()
    }


def _put_to_it(question: Question, board: Board) -> list[str]:
    return [name for name in UNKNOWN_BY if name in board.found[GROUPED][question.name]]
