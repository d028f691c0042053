"""From which severity on a failure is found, and what the interval promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.evaluation.predictions import ClassPredictions
from models.evaluation.severity import SEVERITY, score_severity, severity_found
from models.training.corpus import build_corpus


def drawn(seed, count, middle, steepness):
    """Sweeps of a failure that is found as a logistic curve of its severity."""
    rng = np.random.default_rng(seed)
    severity = rng.uniform(0.0, 1.0, count)
    share = 1.0 / (1.0 + np.exp(-steepness * (severity - middle)))
    truth = middle + np.log(9.0) / steepness
    return severity, rng.random(count) < share, truth


def test_the_interval_holds_as_often_as_promised():
    """Each end fails in at most one of twenty sets of sweeps, plus what 200 scatter."""
    missed_low = missed_high = both = 0
    for seed in range(200):
        severity, found, truth = drawn(seed, 150, 0.3, 12.0)
        low, high = severity_found(severity, found)["interval_90"]
        missed_low += low is not None and low > truth
        missed_high += high is not None and high < truth
        both += low is not None and high is not None
    assert missed_low <= 17
    assert missed_high <= 17
    assert both > 150


def test_the_estimate_comes_near_with_many_sweeps():
    severity, found, truth = drawn(3, 4000, 0.3, 12.0)
    told = severity_found(severity, found)
    assert told["severity_90"] == pytest.approx(truth, abs=0.06)
    low, high = told["interval_90"]
    assert low < truth < high
    shares = [step["share"] for step in told["curve"]]
    assert shares[0] < 0.3
    assert shares[-1] > 0.95
    assert sum(step["sweeps"] for step in told["curve"]) == 4000


@settings(max_examples=20)
@given(st.integers(0, 2**20), st.integers(10, 200), st.booleans())
def test_any_sweeps_have_an_answer(seed, count, alike):
    rng = np.random.default_rng(seed)
    severity = rng.uniform(0.1, 1.0, count)
    if alike:
        severity = np.round(severity, 1)
    found = rng.random(count) < rng.random()
    told = severity_found(severity, found)
    order = rng.permutation(count)
    again = severity_found(severity[order], found[order])
    assert told["severity_90"] == again["severity_90"]
    if not alike:
        assert told == again
    low, high = told["interval_90"]
    assert low is None or severity.min() <= low <= severity.max()
    assert high is None or severity.min() <= high <= severity.max()


def test_too_few_sweeps_show_nothing_and_all_found_show_the_least():
    severity = np.linspace(0.1, 1.0, 28)
    everything = np.ones(28, dtype=bool)
    assert severity_found(severity, everything)["interval_90"] == [None, None]
    assert severity_found(severity, everything)["severity_90"] == severity[0]
    assert severity_found(severity, ~everything)["severity_90"] is None
    more = np.linspace(0.1, 1.0, 40)
    # 29 sweeps, all found, show 0.9; the least severe such block ends at the 29th.
    assert severity_found(more, np.ones(40, dtype=bool))["interval_90"] == [
        None,
        pytest.approx(more[28]),
    ]


def test_only_failures_with_severities_are_scored(archive_maker):
    corpus = build_corpus([archive_maker(cycles=2, sweeps=30, points=128)])
    count = corpus.sweep_count
    labels = ("healthy", "loose_connector")
    truth = np.searchsorted(labels, corpus.classes["condition"])
    severity = np.linspace(0.1, 1.0, count)
    shares = np.eye(2)[((truth == 1) & (severity > 0.5)).astype(int)]
    predictions = ClassPredictions(
        rows=np.arange(count), labels=labels, truth=truth, probabilities=shares
    )
    assert score_severity(predictions, corpus) == {}
    corpus.numbers[SEVERITY] = severity
    found = score_severity(predictions, corpus)
    assert set(found) == {"loose_connector"}
    one = found["loose_connector"]
    assert one["sweeps"] == int((truth == 1).sum())
    assert one["cycles"] == 2
    assert one["detected"]["severity_90"] == pytest.approx(0.5, abs=0.02)
    assert one["named"] == one["detected"]
