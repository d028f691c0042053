"""The model's own network, trained anew so that each sweep is judged unseen."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from models.calibration.scaling import softmax
from models.evaluation.leaderboard import ClassLearner
from models.evaluation.predictions import (
    ClassPredictions,
    Predictions,
    read_predictions,
)
from models.evaluation.question import Question
from models.evaluation.unknown import Certainty
from models.training.corpus import Corpus
from models.training.fit import fit_ensemble, logits_of
from models.training.recipe import Recipe
from models.training.split import Split
from models.training.targets import TargetPlan

Reals = npt.NDArray[np.float64]


def retrained_predictions(
    corpus: Corpus,
    plan: TargetPlan,
    split: Split,
    recipe: Recipe,
    kernels: tuple[str, ...] = (),
) -> dict[str, Predictions]:
    """Train one member a fold, and judge each sweep by the one without it.

    Parameters
    ----------
    kernels
        Heads that the conjugate kernel answers.
    """
    held_out = _held_out_logits(corpus, plan, split, recipe, kernels)
    probabilities = {name: softmax(held_out[name]) for name in plan.classes}
    quantiles = {
        name: grid.quantiles(softmax(held_out[name]))
        for name, grid in plan.densities.items()
    }
    return read_predictions(corpus, plan, probabilities, quantiles, {})


def retrained_certainty(corpus: Corpus, split: Split, recipe: Recipe) -> Certainty:
    """Return how sure the network is, trained anew for each question.

    A head alone is trained, of the labels that the question names.
    """

    def certainty(question: Question) -> Reals:
        shares = _head_alone(corpus, split, recipe, question)
        return np.asarray(shares.max(axis=1))

    return certainty


def retrained_learner(corpus: Corpus, split: Split, recipe: Recipe) -> ClassLearner:
    """Return how the network learns a question, trained anew for it; a head alone."""

    def learn(question: Question) -> ClassPredictions:
        shares = _head_alone(corpus, split, recipe, question)
        rows = np.flatnonzero(question.scored & (split.fold >= 0))
        return ClassPredictions(
            rows=rows,
            labels=question.labels,
            truth=question.truth[rows],
            probabilities=shares[rows],
        )

    return learn


def _head_alone(
    corpus: Corpus, split: Split, recipe: Recipe, question: Question
) -> Reals:
    """Return probabilities of classes by a network taught as a question says."""
    labels = np.array(question.labels)
    told = np.where(question.learnt, labels[question.truth], "")
    relabelled = replace(corpus, classes={**corpus.classes, question.name: told})
    plan = TargetPlan(classes={question.name: question.labels})
    return softmax(_held_out_logits(relabelled, plan, split, recipe)[question.name])


def _held_out_logits(
    corpus: Corpus,
    plan: TargetPlan,
    split: Split,
    recipe: Recipe,
    kernels: tuple[str, ...] = (),
) -> dict[str, Reals]:
    known = tuple(name for name in kernels if name in plan.trained)
    ensemble = fit_ensemble(
        corpus, plan, split.held_out(), split.seed, recipe, kernels=known
    )
    rows = np.arange(corpus.sweep_count)
    return {
        name: values[split.fold, rows]
        for name, values in logits_of(ensemble, corpus).items()
    }
