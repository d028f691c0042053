"""The second opinion of a corpus."""

import numpy as np
import numpy.typing as npt

from models.opinion.learning import OpinionLesson, learn_opinion
from models.opinion.opinion import Opinion, OpinionReading
from models.serving.trained import HEALTHY
from models.training.corpus import Corpus
from models.training.split import Split
from models.training.targets import TargetPlan, is_compared, usable

Reals = npt.NDArray[np.float64]


def learn_second_opinion(
    corpus: Corpus, plan: TargetPlan, split: Split
) -> tuple[Opinion, OpinionReading] | None:
    """Learn an opinion on all that is judged against a reference.

    Returns
    -------
    opinion : Opinion
        Taught by all sweeps.
    left_out : OpinionReading
        Every sweep read by what the other cycles teach.
    """
    labels = {name: each for name, each in plan.classes.items() if is_compared(name)}
    conditions = labels.get("condition", ())
    healthy = corpus.classes["condition"] == HEALTHY
    lesson = OpinionLesson(
        ratio=corpus.ratio,
        coordinates=corpus.coordinate_table,
        compared=corpus.compared,
        scalars={name: _places(corpus, plan, name) for name in plan.densities},
        # A fault shifts what a sweep says of temperature and field.
        learnt=healthy if healthy.any() else np.ones_like(healthy),
        classes={name: _numbers(corpus, name, each) for name, each in labels.items()},
        class_counts={name: len(each) for name, each in labels.items()},
        healthy=conditions.index(HEALTHY) if HEALTHY in conditions else -1,
        cycle=corpus.thermal_cycle,
        fold=split.fold,
    )
    return learn_opinion(lesson, split.seed)


def _places(corpus: Corpus, plan: TargetPlan, name: str) -> Reals:
    known = usable(corpus, name)
    values = np.where(known, corpus.numbers[name], 1.0)
    return np.where(known, plan.densities[name].place(values), np.nan)


def _numbers(
    corpus: Corpus, name: str, labels: tuple[str, ...]
) -> npt.NDArray[np.intp]:
    found = np.full(corpus.sweep_count, -1, dtype=np.intp)
    for index, label in enumerate(labels):
        found[corpus.classes[name] == label] = index
    return found
