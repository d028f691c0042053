"""Every baseline on one split with one representation, and how they rank."""

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.baselines.entries import BASELINES, Baseline, Lesson, View, predict_mean
from models.evaluation.breakdown import break_down
from models.evaluation.predictions import (
    ClassPredictions,
    Predictions,
    ScalarPredictions,
)
from models.evaluation.prepared import Prepared
from models.evaluation.question import Question
from models.evaluation.ranking import rank
from models.evaluation.representation import Representation
from models.evaluation.scalar_scores import ScalarScorer
from models.evaluation.weighted import DRAWS
from models.training.corpus import Corpus
from models.training.split import Split
from models.training.targets import TargetPlan

Reals = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

LEAKY = "random_split_leaky"
"""Key of results whose test sweeps have neighbours in training; not a result."""

ClassLearner = Callable[[Question], ClassPredictions]
"""From a question about a class to what each sweep is called by a fold that has not
seen it."""

_LEAKY_DRAWS = 200


def baseline_predictions(
    questions: Iterable[Question],
    representation: Representation,
    split: Split,
    names: Iterable[str] = tuple(BASELINES),
) -> dict[str, dict[str, Predictions]]:
    """Answer every question by every baseline, each sweep from a fold without it.

    A baseline whose package is missing is left out.

    Returns
    -------
    dict
        Target to baseline to its predictions, of the sweeps that the split tests.
    """
    questions = tuple(questions)
    runnable = [name for name in names if BASELINES[name].missing is None]
    said = {
        (question.name, name): np.full((split.fold.size, question.width), np.nan)
        for question in questions
        for name in runnable
    }
    for _, seen, tested in split.folds():
        prepared = Prepared(representation, seen)
        for question in questions:
            for name in runnable:
                lesson = _lesson(question, prepared, seen, tested, BASELINES[name])
                if split.kind.is_leaky:
                    lesson = replace(lesson, groups=None)
                said[question.name, name][tested] = _learn(BASELINES[name], lesson)
    return {
        question.name: {
            name: question.predictions(said[question.name, name], split)
            for name in runnable
        }
        for question in questions
    }


def baseline_learner(
    representation: Representation, split: Split, name: str
) -> ClassLearner:
    """Return how a baseline answers one question about a class."""

    def learn(question: Question) -> ClassPredictions:
        found = baseline_predictions([question], representation, split, (name,))
        predictions = found[question.name][name]
        assert isinstance(predictions, ClassPredictions)
        return predictions

    return learn


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Board:
    """Answers of every baseline under every split; the first split ranks.

    Attributes
    ----------
    splits
        By name.
    found
        Name of the split to target to baseline to its predictions.
    missing
        Baseline to the sentence why it could not run.
    """

    corpus: Corpus
    representation: Representation
    questions: tuple[Question, ...]
    splits: Mapping[str, Split]
    found: Mapping[str, Mapping[str, Mapping[str, Predictions]]]
    missing: Mapping[str, str]

    def rows(self, target: str) -> dict[str, dict[str, Any]]:
        """Score a target: baseline to split to scores."""
        rows: dict[str, dict[str, Any]] = {}
        for key, split in self.splits.items():
            answers = self.found[key][target]
            usual = answers.get("predict_mean")
            draws = _LEAKY_DRAWS if split.kind.is_leaky else DRAWS
            for name, predictions in answers.items():
                rows.setdefault(name, {})[key] = break_down(
                    predictions,
                    self.corpus,
                    mean_crps=mean_crps(usual, predictions),
                    draws=draws,
                )
        return rows

    def ranking(
        self, target: str, others: Mapping[str, Predictions] | None = None
    ) -> dict[str, Any]:
        """Rank a target's baselines, and others tested on the same sweeps."""
        first = next(iter(self.splits))
        return rank(dict(self.found[first][target]) | dict(others or {}), self.corpus)

    def to_record(self) -> dict[str, Any]:
        """Write as a JSON-ready mapping."""
        return {
            "splits": {key: describe_split(one) for key, one in self.splits.items()},
            "missing": dict(self.missing),
            "targets": {
                question.name: {
                    "rows": self.rows(question.name),
                    "ranking": self.ranking(question.name),
                }
                for question in self.questions
            },
        }


def make_board(
    corpus: Corpus,
    plan: TargetPlan,
    representation: Representation,
    splits: Mapping[str, Split],
    *,
    others: Mapping[str, Mapping[str, Mapping[str, Predictions]]] | None = None,
    names: Iterable[str] = tuple(BASELINES),
) -> Board:
    """Let every baseline answer every target under every split.

    Parameters
    ----------
    representation
        What all of them look at.
    splits
        By name; the first one ranks.
    others
        Further models by name: split to target to predictions.
    """
    names = tuple(names)
    questions = tuple(Question.of(corpus, plan, target) for target in plan.trained)
    found = {}
    for key, split in splits.items():
        answers = baseline_predictions(questions, representation, split, names)
        for name, by_split in (others or {}).items():
            for target, predictions in by_split[key].items():
                answers[target][name] = predictions
        found[key] = answers
    missing = {name: BASELINES[name].missing for name in names}
    return Board(
        corpus=corpus,
        representation=representation,
        questions=questions,
        splits=splits,
        found=found,
        missing={name: why for name, why in missing.items() if why is not None},
    )


def describe_split(split: Split) -> dict[str, Any]:
    """Write a split so that others can be scored on it; say whether it leaks."""
    return {"leaky": split.kind.is_leaky} | split.to_record()


def mean_crps(usual: Predictions | None, beside: Predictions) -> Reals | None:
    """Return CRPS of predict-mean sweep by sweep.

    None for classes, and where it was not asked about the very same sweeps.
    """
    if not isinstance(usual, ScalarPredictions):
        return None
    same = np.array_equal(usual.rows, beside.rows)
    return ScalarScorer(usual).crps if same else None


def _lesson(
    question: Question,
    prepared: Prepared,
    seen: Places,
    tested: Places,
    baseline: Baseline,
) -> Lesson:
    learnt = seen[question.learnt[seen]]
    view = prepared.view(baseline.view, question.name)
    return Lesson(
        seen=view[learnt],
        asked=view[tested],
        truth=question.truth[learnt],
        groups=question.cycle[learnt],
        class_count=len(question.labels),
    )


def _learn(baseline: Baseline, lesson: Lesson) -> Reals:
    if lesson.truth.size == 0:
        return np.full((lesson.asked.shape[0], max(lesson.class_count, 1)), np.nan)
    if baseline.view is View.NOTHING or np.unique(lesson.truth).size < 2:
        return predict_mean(lesson)
    with warnings.catch_warnings():
        # A baseline that did not quite converge is a baseline all the same.
        warnings.simplefilter("ignore")
        return baseline.learn(lesson)
