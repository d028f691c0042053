"""What a model in service says of a corpus, beside the truth."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.diagnosis import UNKNOWN, Classification, EstimateState
from models.evaluation.predictions import (
    ClassPredictions,
    Predictions,
    ScalarPredictions,
    scored_rows,
    unit_of,
)
from models.preprocessing.canonical import Features
from models.serving.trained import TrainedModel
from models.serving.wording import word_judgement
from models.training.corpus import Corpus
from models.training.targets import TargetPlan

Flags = npt.NDArray[np.bool_]


def judge_corpus(
    model: TrainedModel,
    corpus: Corpus,
    plan: TargetPlan,
    heard: Flags | None = None,
) -> dict[str, Predictions]:
    """Judge all sweeps as the service would, and put the truth beside.

    Parameters
    ----------
    plan
        Targets to score.
    heard
        Traces that the model may hear, shape (trace,); all where None.
    """
    judged = model.judge(features_of(corpus, heard))
    words = [
        word_judgement(model, judged, row, "") for row in range(corpus.sweep_count)
    ]
    found: dict[str, Predictions] = {}
    for name, grid in plan.densities.items():
        rows = scored_rows(corpus, plan, name)
        states = [words[row].estimate(name).state for row in rows]
        found[name] = ScalarPredictions(
            rows=rows,
            grid=grid,
            truth=grid.place(corpus.numbers[name][rows]),
            quantiles=judged.quantiles[name][rows],
            unit=unit_of(name, corpus),
            estimated=np.array([state is EstimateState.ESTIMATED for state in states]),
        )
    for name, labels in plan.classes.items():
        rows = scored_rows(corpus, plan, name)
        said = [getattr(words[row], name) for row in rows]
        found[name] = ClassPredictions(
            rows=rows,
            labels=labels,
            truth=np.searchsorted(labels, corpus.classes[name][rows]),
            probabilities=judged.probabilities[name][rows],
            in_set=_in_set(said, labels),
            unknown=np.array([one.label == UNKNOWN for one in said], dtype=np.bool_),
        )
    return found


def features_of(corpus: Corpus, heard: Flags | None = None) -> list[Features]:
    """Return the features of each sweep, with the traces that may be heard."""
    kept = np.ones(corpus.present.shape[1], dtype=np.bool_) if heard is None else heard
    values = kept[:, None].astype(np.float32)
    names = np.array(corpus.form.s_parameters)[kept].tolist()
    return [
        Features(
            ratio=corpus.ratio[row] * values,
            level=corpus.level[row] * values,
            reference_level=corpus.reference_level[row] * values,
            present=corpus.present[row] & kept,
            compared=corpus.compared[row] & kept,
            view=corpus.views[row].heard(names),
        )
        for row in range(corpus.sweep_count)
    ]


def _in_set(said: Sequence[Classification], labels: tuple[str, ...]) -> Flags:
    return np.array(
        [[label in one.conformal_set for label in labels] for one in said],
        dtype=np.bool_,
    ).reshape(len(said), len(labels))
