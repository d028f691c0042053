"""The charts: laws of a step, and what a shift does to them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.monitoring import (
    Baseline,
    ChartState,
    Limits,
    baseline_of,
    is_back,
    is_out,
    normal_score,
    step,
)

START = datetime(2026, 1, 31, tzinfo=UTC)
LIMITS = Limits(ewma=0.85, cusum=7.83)
"""About one call in 16,128 independent scores."""


def walk(scores, limits=LIMITS):
    state, states = ChartState(), []
    for number, score in enumerate(scores):
        state = step(state, float(score), START + timedelta(minutes=number), limits)
        states.append(state)
    return states


@given(p=st.floats(1e-6, 1 - 1e-6))
def test_a_score_is_the_normal_quantile_of_its_p_value(p):
    from scipy.stats import norm

    assert normal_score(p) == pytest.approx(norm.isf(p), abs=1e-6)


@given(p=st.floats(0.0, 1.0), q=st.floats(0.0, 1.0))
def test_the_stranger_sweep_has_the_larger_score(p, q):
    assert (normal_score(p) >= normal_score(q)) == (
        p <= q or normal_score(p) == normal_score(q)
    )


@given(scores=st.lists(st.floats(-4, 4), max_size=60))
def test_a_cusum_is_never_negative_and_dates_its_last_zero(scores):
    states = walk(scores)
    for number, state in enumerate(states):
        assert 0.0 <= state.cusum <= 1.25 * LIMITS.cusum
        assert (state.began_at is None) == (state.cusum == 0.0)
        if state.began_at is not None:
            began = round((state.began_at - START).total_seconds() / 60)
            assert all(each.cusum > 0.0 for each in states[began : number + 1])
            assert began == 0 or states[began - 1].cusum == 0.0
        low, high = min([0.0, *scores]), max([0.0, *scores])
        assert low - 1e-9 <= state.ewma <= high + 1e-9


@pytest.mark.parametrize(("shift", "most"), [(1.0, 24), (2.0, 10)])
def test_a_shift_is_found_as_soon_as_theory_says(shift, most):
    """Theory: 16 sweeps at one spread, 6 at two, at this limit."""
    rng = np.random.default_rng(4)
    delays = []
    for _ in range(200):
        states = walk(rng.standard_normal(120) + shift)
        delays.append(next(n for n, s in enumerate(states, 1) if is_out(s, LIMITS)))
    assert np.mean(delays) < most


def test_it_says_when_a_drift_began():
    rng = np.random.default_rng(8)
    scores = rng.standard_normal(300)
    scores[200:] += 1.5
    states = walk(scores)
    (first, *_) = [
        n for n, state in enumerate(states) if n > 150 and is_out(state, LIMITS)
    ]
    began = round((states[first].began_at - START).total_seconds() / 60)
    assert 180 <= began <= 205
    assert first < 215


def test_it_comes_back_as_fast_as_it_left():
    states = walk([4.0] * 50 + [0.0] * 40)
    assert is_out(states[49], LIMITS)
    back = next(n for n, state in enumerate(states[50:]) if is_back(state, LIMITS))
    assert back < 25


def test_a_baseline_resists_a_tenth_of_wild_scores():
    rng = np.random.default_rng(2)
    scores = np.concatenate([1.0 + 0.5 * rng.standard_normal(900), np.full(100, 6.0)])
    found = baseline_of(list(scores))
    assert found.centre == pytest.approx(1.0, abs=0.15)
    assert found.spread == pytest.approx(0.5, rel=0.3)
    assert Baseline(centre=0.0, spread=1.0).standard(99.0) == 4.0
    assert baseline_of([0.3] * 9).spread == 0.2
    with pytest.raises(ValueError, match="needs scores"):
        baseline_of([])
