import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.baselines.ridge import Ridge, fit_ridge


def make(rng, sweeps, features, outputs=2):
    rows = rng.normal(size=(sweeps, features)) * rng.uniform(0.1, 5.0, features)
    targets = rows @ rng.normal(size=(features, outputs)) + 3.0
    return rows, targets + 0.5 * rng.normal(size=targets.shape)


@settings(deadline=None, max_examples=20)
@given(
    seed=st.integers(0, 1000),
    sweeps=st.integers(12, 40),
    features=st.integers(1, 60),
    penalty=st.floats(1e-4, 1e2),
)
def test_it_is_ridge_regression(seed, sweeps, features, penalty):
    rows, targets = make(np.random.default_rng(seed), sweeps, features)
    ridge, _ = fit_ridge(rows, targets, penalties=(penalty,))
    whitened = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    gram = whitened.T @ whitened
    positive = np.trace(gram) / np.linalg.matrix_rank(whitened)
    expected = np.linalg.solve(
        gram + penalty * positive * np.eye(features),
        whitened.T @ (targets - targets.mean(axis=0)),
    )
    assert ridge.weights == pytest.approx(expected, rel=1e-6, abs=1e-8)
    assert ridge.predict(rows).mean(axis=0) == pytest.approx(targets.mean(axis=0))


@pytest.mark.parametrize("features", [4, 80])
def test_left_out_groups_are_as_if_fitted_without_them(features):
    rows, targets = make(np.random.default_rng(5), 60, features)
    groups = np.repeat(np.arange(6), 10)
    ridge, held_out = fit_ridge(rows, targets, groups, penalties=(0.1,))
    whitened = (rows - ridge.centre) / ridge.scale
    values = np.linalg.eigvalsh(whitened.T @ whitened)
    penalty = 0.1 * values[values > 1e-9 * values[-1]].mean()
    for group in range(6):
        seen = groups != group
        columns = np.column_stack([whitened[seen], np.ones(seen.sum())])
        shrink = np.append(np.full(features, penalty), 1e-9)
        weights = np.linalg.solve(
            columns.T @ columns + np.diag(shrink), columns.T @ targets[seen]
        )
        asked = np.column_stack([whitened[~seen], np.ones((~seen).sum())])
        assert held_out[~seen] == pytest.approx(asked @ weights, abs=2e-2)


def test_leaving_groups_out_chooses_better_for_new_groups():
    """Rows of one group share their error: leaving single rows out cannot see it."""
    errors = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        groups = np.repeat(np.arange(12), 10)
        rows = rng.normal(size=(12, 10))[groups] + 0.3 * rng.normal(size=(120, 10))
        targets = 0.5 * rows[:, :1] + rng.normal(size=(12, 1))[groups]
        fresh = rng.normal(size=(300, 10))
        for chosen in (None, groups):
            ridge, _ = fit_ridge(rows, targets, chosen)
            missed = ridge.predict(fresh)[:, 0] - 0.5 * fresh[:, 0]
            errors.append(np.sqrt(np.mean(missed**2)))
    by_row, by_group = np.reshape(errors, (8, 2)).mean(axis=0)
    assert by_group < 0.75 * by_row


def test_a_constant_feature_is_harmless():
    rows = np.column_stack([np.ones(20), np.arange(20.0)])
    ridge, _ = fit_ridge(rows, rows[:, 1:], penalties=(1e-5,))
    assert ridge.predict(rows) == pytest.approx(rows[:, 1:], abs=1e-2)


def test_saved_equals_loaded():
    rows, targets = make(np.random.default_rng(1), 30, 8)
    ridge, _ = fit_ridge(rows, targets)
    again = Ridge.from_arrays(ridge.to_arrays())
    assert np.array_equal(again.predict(rows), ridge.predict(rows))
    broken = ridge.to_arrays() | {"offset": np.zeros(5)}
    with pytest.raises(ValueError, match="do not fit each other"):
        Ridge.from_arrays(broken)
