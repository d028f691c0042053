"""Our conformal quantile gives the intervals and sets of MAPIE."""

import numpy as np
import pytest
from mapie.classification import SplitConformalClassifier
from mapie.regression import SplitConformalRegressor
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from models.calibration.scaling import upper_quantile


class Line(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return X[:, 0]


class Given(ClassifierMixin, BaseEstimator):
    """Its probabilities are its features."""

    def fit(self, X, y):
        self.classes_ = np.arange(X.shape[1])
        return self

    def predict_proba(self, X):
        return X

    def predict(self, X):
        return X.argmax(axis=1)


@pytest.mark.parametrize("coverage", [0.68, 0.9, 0.95])
@pytest.mark.parametrize("count", [37, 200])
def test_intervals_are_those_of_mapie(coverage, count):
    rng = np.random.default_rng(count)
    rows = rng.normal(size=(count, 1))
    truth = rows[:, 0] + rng.standard_t(3, size=count)
    theirs = SplitConformalRegressor(
        Line().fit(rows, truth), confidence_level=coverage, prefit=True
    ).conformalize(rows, truth)
    asked = rng.normal(size=(5, 1))
    _, intervals = theirs.predict_interval(asked)
    offset = upper_quantile(np.abs(truth - rows[:, 0]), coverage)
    assert intervals[:, 0, 0] == pytest.approx(asked[:, 0] - offset)
    assert intervals[:, 1, 0] == pytest.approx(asked[:, 0] + offset)


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_sets_are_those_of_mapie(coverage):
    rng = np.random.default_rng(8)
    shown = rng.dirichlet(np.ones(4) * 0.7, 150)
    truth = np.array([rng.choice(4, p=row) for row in shown])
    theirs = SplitConformalClassifier(
        Given().fit(shown, truth),
        confidence_level=coverage,
        conformity_score="lac",
        prefit=True,
    ).conformalize(shown, truth)
    asked = rng.dirichlet(np.ones(4) * 0.7, 60)
    _, sets = theirs.predict_set(asked)
    limit = upper_quantile(1.0 - shown[np.arange(150), truth], coverage)
    assert (sets[:, :, 0] == (1.0 - asked <= limit)).all()
