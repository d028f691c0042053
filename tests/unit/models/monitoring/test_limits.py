"""Limits by block bootstrap: the run length that was asked for, memory or not."""

import numpy as np
import pytest

from models.monitoring import Limits, count_alarms, draw_limits
from models.monitoring.limits import autocorrelation_time

WANTED = 400.0


def ar1(rho: float, count: int, seed: int) -> np.ndarray:
    """Make standard scores with an autocorrelation of ``rho`` a sweep."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(count) * np.sqrt(1.0 - rho * rho)
    values = np.empty(count)
    values[0] = rng.standard_normal()
    for place in range(1, count):
        values[place] = rho * values[place - 1] + noise[place]
    return np.clip(values, -4.0, 4.0)


def run_length(scores: np.ndarray, limits: Limits) -> float:
    return scores.size / max(count_alarms(scores, limits), 1)


@pytest.mark.parametrize("rho", [0.0, 0.6, 0.9])
def test_the_run_length_is_that_asked_for_on_scores_not_seen(rho):
    """Law: limits drawn from six cavities hold for a seventh, memory or not."""
    series = [ar1(rho, 4000, seed) for seed in range(6)]
    limits = draw_limits(series, run_length=WANTED)
    measured = run_length(ar1(rho, 120_000, 99), limits)
    assert 0.55 * WANTED < measured < 1.8 * WANTED


def test_a_limit_for_independent_scores_fails_on_those_with_memory():
    """Why the bootstrap is there: the textbook limit would call far too often."""
    textbook = draw_limits([ar1(0.0, 4000, s) for s in range(6)], run_length=WANTED)
    with_memory = ar1(0.6, 120_000, 99)
    assert run_length(with_memory, textbook) < 0.3 * WANTED


def test_rarer_calls_need_higher_limits_beyond_what_was_measured():
    series = [ar1(0.3, 1000, seed) for seed in range(4)]
    found = [draw_limits(series, run_length=rl) for rl in (300.0, 30_000.0)]
    cusums = [limits.cusum for limits in found]
    ewmas = [limits.ewma for limits in found]
    assert cusums == sorted(cusums)
    assert ewmas == sorted(ewmas)
    assert cusums[0] < cusums[-1]
    assert np.isfinite([*cusums, *ewmas]).all()


def test_the_same_scores_give_the_same_limits():
    series = [ar1(0.3, 500, seed) for seed in range(3)]
    assert draw_limits(series, run_length=200.0) == draw_limits(
        series, run_length=200.0
    )


@pytest.mark.parametrize(("rho", "tau"), [(0.0, 1.0), (0.6, 4.0), (0.9, 19.0)])
def test_the_memory_of_an_ar1_process_is_found(rho, tau):
    series = [ar1(rho, 20_000, seed) for seed in range(3)]
    assert autocorrelation_time(series) == pytest.approx(tau, rel=0.2)


def test_without_scores_there_are_no_limits():
    with pytest.raises(ValueError, match="healthy scores"):
        draw_limits([np.zeros(1)], run_length=100.0)
