"""Simple models on the same features, the same splits and the same labels."""

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.evaluation.predictions import (
    ClassPredictions,
    Predictions,
    ScalarPredictions,
    scored_rows,
)
from models.training.corpus import Corpus
from models.training.splits import Split
from models.training.targets import TargetPlan

Reals = npt.NDArray[np.float64]

BASELINES = ("predict_mean", "pca30_linear", "pca30_knn5")
"""Mean or prior; PCA and ridge or logistic regression; PCA and nearest neighbours."""

_COMPONENTS = 30
_NEIGHBOURS = 5
_ITERATIONS = 500


def baseline_predictions(
    corpus: Corpus, plan: TargetPlan, split: Split, name: str, baseline: str
) -> Predictions:
    """Predict one target by one baseline, every sweep from a fold without it.

    Parameters
    ----------
    name
        The target.
    baseline
        One of :data:`BASELINES`.
    """
    rows = scored_rows(corpus, plan, name)
    features = _features(corpus, name)[rows]
    folds = split.fold[rows]
    if name in plan.densities:
        grid = plan.densities[name]
        truth = grid.place(corpus.numbers[name][rows])
        guess = _held_out(features, truth, folds, baseline, classes=0)
        return ScalarPredictions(rows=rows, grid=grid, truth=truth, quantiles=guess)
    labels = plan.classes[name]
    index = np.searchsorted(labels, corpus.classes[name][rows])
    return ClassPredictions(
        rows=rows,
        labels=labels,
        truth=index,
        probabilities=_held_out(features, index, folds, baseline, classes=len(labels)),
    )


def _features(corpus: Corpus, name: str) -> Reals:
    parts = [corpus.ratio]
    if name == "component":
        parts.append(corpus.level)
    flat = [part.reshape(corpus.sweep_count, -1) for part in parts]
    return np.concatenate(flat, axis=1).astype(np.float64)


def _held_out(
    features: Reals,
    truth: npt.NDArray[np.generic],
    folds: npt.NDArray[np.intp],
    baseline: str,
    *,
    classes: int,
) -> Reals:
    guess = np.zeros((truth.size, max(classes, 1)))
    for fold in np.unique(folds):
        test = folds == fold
        if test.all():
            test = np.ones_like(test)
            train = test
        else:
            train = ~test
        guess[test] = _fit_predict(
            features[train], truth[train], features[test], baseline, classes
        )
    return guess


def _fit_predict(
    features: Reals,
    truth: npt.NDArray[np.generic],
    asked: Reals,
    baseline: str,
    classes: int,
) -> Reals:
    constant = baseline == "predict_mean" or np.unique(truth).size < 2
    if constant:
        row = (
            np.bincount(truth.astype(np.intp), minlength=classes) / truth.size
            if classes
            else np.array([np.mean(truth.astype(np.float64))])
        )
        return np.tile(row, (asked.shape[0], 1))
    count = min(_COMPONENTS, features.shape[0] - 1, features.shape[1])
    neighbours = min(_NEIGHBOURS, features.shape[0])
    estimators = {
        ("pca30_linear", False): RidgeCV(np.logspace(-3, 4, 15)),
        ("pca30_linear", True): LogisticRegression(max_iter=_ITERATIONS),
        ("pca30_knn5", False): KNeighborsRegressor(neighbours),
        ("pca30_knn5", True): KNeighborsClassifier(neighbours),
    }
    model = make_pipeline(
        PCA(count, random_state=0),
        StandardScaler(),
        estimators[baseline, bool(classes)],
    )
    model.fit(features, truth)
    if not classes:
        return np.asarray(model.predict(asked)).reshape(-1, 1)
    found = np.zeros((asked.shape[0], classes))
    found[:, model.classes_.astype(np.intp)] = model.predict_proba(asked)
    return found
