"""What is checked of every target beside its scores."""

from typing import Any

from models.evaluation.detection import score_detection
from models.evaluation.leaderboard import GROUPED, Board
from models.evaluation.predictions import ClassPredictions, Predictions
from models.evaluation.sanity import metadata_only, shuffled_labels, through_time
from models.evaluation.unknown import (
    Certainty,
    baseline_certainty,
    leave_classes_out,
)
from models.training.corpus import Corpus

NETWORK = "this_network_retrained"
"""Name of the model's own network, trained anew, among the baselines."""

UNKNOWN_BY = ("pca30_ridge", "minirocket_ridge")
"""Baselines whose sense for classes never seen is scored."""


def check_targets(
    mine: dict[str, Predictions],
    corpus: Corpus,
    board: Board,
    certainty: Certainty | None = None,
) -> dict[str, dict[str, Any]]:
    """Check each target, JSON-ready.

    Parameters
    ----------
    certainty
        How sure the model's own network is of classes that it has not seen, if that is
        to be scored.

    Returns
    -------
    dict
        Target to ``sanity``, and for classes ``unknown_class`` by baseline and, where
        sweeps are called healthy, ``detection`` of the model.
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
            found[name]["unknown_class"] = {
                baseline: leave_classes_out(
                    question, baseline_certainty(board.representation, split, baseline)
                )
                for baseline in UNKNOWN_BY
                if baseline in board.found[GROUPED][name]
            }
            if certainty is not None:
                found[name]["unknown_class"][NETWORK] = leave_classes_out(
                    question, certainty
                )
            found[name]["detection"] = score_detection(predictions, corpus)
    return found
