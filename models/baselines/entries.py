"""The baselines by name: what each looks at, and how it learns."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.cross_decomposition import PLSRegression
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from models.baselines.gaussian_process import predict_gaussian_process
from models.baselines.perceptron import predict_perceptron
from models.baselines.ridge import fit_ridge

Reals = npt.NDArray[np.float64]

_PLS_COMPONENTS = 15
_NEIGHBOURS = 5
_CLOCK_NEIGHBOURS = 15
_PROCESS_ROWS = 500
_ROUNDS = 100


class View(StrEnum):
    """What a baseline looks at."""

    NOTHING = "nothing"
    CLOCK = "clock"
    METADATA = "metadata"
    TABLE = "table"
    COMPONENTS_30 = "components_30"
    COMPONENTS_50 = "components_50"
    RAW_COMPONENTS_30 = "raw_components_30"
    KERNELS = "kernels"


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What a baseline learns from and is asked, in one fold.

    Attributes
    ----------
    seen, asked
        Features, shape (sweep, feature).
    truth
        Of the seen sweeps: values, or numbers of classes; shape (sweep,).
    groups
        Thermal cycle of the seen sweeps; None where the split leaks.
    class_count
        Number of classes; 0 for a scalar.
    """

    seen: Reals
    asked: Reals
    truth: npt.NDArray[Any]
    groups: npt.NDArray[Any] | None
    class_count: int

    @property
    def columns(self) -> Reals:
        """Truth as outputs: one column, or one a class."""
        if self.class_count:
            return np.asarray(np.eye(self.class_count)[self.truth])
        return np.asarray(self.truth, dtype=np.float64)[:, None]


Learner = Callable[[Lesson], Reals]


@dataclass(frozen=True, slots=True)
class Baseline:
    """One row of the leaderboard.

    Attributes
    ----------
    view
        What it looks at.
    learn
        From a lesson to values or probabilities of the asked sweeps, (sweep, output).
    needs
        Package that may be missing; empty where none.
    """

    view: View
    learn: Learner
    needs: str = ""

    @property
    def missing(self) -> str | None:
        """Why it cannot run here, in one sentence; None where it can."""
        if self.needs and find_spec(self.needs) is None:
            return f"needs the package {self.needs}: pip install {self.needs}"
        return None


def predict_mean(lesson: Lesson) -> Reals:
    """Say the mean, or how often each class was seen."""
    row = lesson.columns.mean(axis=0)
    return np.tile(row, (lesson.asked.shape[0], 1))


def _ridge(lesson: Lesson) -> Reals:
    ridge, _ = fit_ridge(lesson.seen, lesson.columns, lesson.groups)
    return _shares(ridge.predict(lesson.asked), lesson.class_count)


def _unscaled_ridge(lesson: Lesson) -> Reals:
    # The representation is weighted by noise; scaling each feature would undo it.
    ridge, _ = fit_ridge(lesson.seen, lesson.columns, lesson.groups, scaled=False)
    return _shares(ridge.predict(lesson.asked), lesson.class_count)


def _linear(lesson: Lesson) -> Reals:
    if not lesson.class_count:
        return _ridge(lesson)
    model = LogisticRegression(C=1.0, max_iter=2000, class_weight="balanced")
    return _fitted(model, lesson)


def _partial_least_squares(lesson: Lesson) -> Reals:
    count = min(_PLS_COMPONENTS, lesson.seen.shape[0] - 1, lesson.seen.shape[1])
    # Constant features would only scale noise.
    alive = lesson.seen.std(axis=0) > 0
    model = PLSRegression(min(count, int(alive.sum())), scale=False, max_iter=200)
    model.fit(lesson.seen[:, alive], lesson.columns)
    said = np.asarray(model.predict(lesson.asked[:, alive]))
    return _shares(said.reshape(lesson.asked.shape[0], -1), lesson.class_count)


def _neighbours(count: int) -> Learner:
    def learn(lesson: Lesson) -> Reals:
        near = min(count, lesson.seen.shape[0])
        if lesson.class_count:
            return _fitted(KNeighborsClassifier(near), lesson)
        return _fitted(KNeighborsRegressor(near), lesson)

    return learn


def _process(lesson: Lesson) -> Reals:
    count = lesson.seen.shape[0]
    rows = np.random.default_rng(0).permutation(count)[:_PROCESS_ROWS]
    said = predict_gaussian_process(
        lesson.seen[rows], lesson.columns[rows], lesson.asked
    )
    return _shares(said, lesson.class_count)


def _trees(lesson: Lesson) -> Reals:
    kind = ExtraTreesClassifier if lesson.class_count else ExtraTreesRegressor
    model = kind(50, min_samples_leaf=3, random_state=0, n_jobs=1)
    return _fitted(model, lesson)


def _boosted_trees(lesson: Lesson) -> Reals:
    import lightgbm

    kind = lightgbm.LGBMClassifier if lesson.class_count else lightgbm.LGBMRegressor
    model = kind(
        n_estimators=_ROUNDS,
        learning_rate=0.08,
        num_leaves=15,
        min_child_samples=8,
        random_state=0,
        n_jobs=1,
        verbose=-1,
        deterministic=True,
    )
    return _fitted(model, lesson)


def _perceptron(lesson: Lesson) -> Reals:
    return predict_perceptron(
        lesson.seen, lesson.columns, lesson.asked, classes=bool(lesson.class_count)
    )


def _fitted(model: Any, lesson: Lesson) -> Reals:
    model.fit(lesson.seen, lesson.truth)
    if not lesson.class_count:
        return np.asarray(model.predict(lesson.asked), np.float64).reshape(-1, 1)
    found = np.zeros((lesson.asked.shape[0], lesson.class_count))
    found[:, model.classes_.astype(np.intp)] = model.predict_proba(lesson.asked)
    return found


def _shares(said: Reals, classes: int) -> Reals:
    """Read regressions on one column a class as probabilities."""
    if not classes:
        return said
    positive = np.clip(said, 1e-3, None)
    return np.asarray(positive / positive.sum(axis=1, keepdims=True))


BASELINES: dict[str, Baseline] = {
    "predict_mean": Baseline(View.NOTHING, predict_mean),
    "clock": Baseline(View.CLOCK, _neighbours(_CLOCK_NEIGHBOURS)),
    "metadata_trees": Baseline(View.METADATA, _trees),
    "raw_pca30_mlp": Baseline(View.RAW_COMPONENTS_30, _perceptron),
    "pca30_ridge": Baseline(View.COMPONENTS_30, _linear),
    "full_rank_ridge": Baseline(View.TABLE, _unscaled_ridge),
    "pls15": Baseline(View.TABLE, _partial_least_squares),
    "pca30_knn5": Baseline(View.COMPONENTS_30, _neighbours(_NEIGHBOURS)),
    "pca30_gp": Baseline(View.COMPONENTS_30, _process),
    "pca50_lightgbm": Baseline(View.COMPONENTS_50, _boosted_trees, needs="lightgbm"),
    "minirocket_ridge": Baseline(View.KERNELS, _ridge),
}
"""Every baseline, from what needs no sweep to what needs most."""

QUICK_BASELINES = (
    "predict_mean",
    "clock",
    "metadata_trees",
    "pca30_ridge",
    "pca30_knn5",
)
"""Those that need no more than seconds."""
