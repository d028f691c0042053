"""Laws of information: it adds, noise never helps, references never hurt."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.twin.limits_information import (
    UnresolvedError,
    asked_information,
    marginal_information,
    shared_information,
)
from models.twin.limits_jacobian import SweepSlopes

SEEDS = st.integers(0, 10_000)
SCALES = st.floats(0.1, 1e4)


def slopes(seed, scale=30.0, rows=40, shared=6, state=3):
    rng = np.random.default_rng(seed)
    return SweepSlopes(
        shared=scale * rng.normal(size=(rows, shared)),
        state=scale * rng.normal(size=(rows, state)),
        asked=scale * rng.normal(size=(rows, 2)),
    )


def quieter(sweep, ratio):
    return SweepSlopes(
        shared=sweep.shared * ratio,
        state=sweep.state * ratio,
        asked=sweep.asked * ratio,
    )


def is_at_least(larger, smaller):
    difference = larger - smaller
    slack = 1e-8 * np.abs(larger).max()
    return np.linalg.eigvalsh(difference).min() >= -slack


@given(seed=SEEDS, scale=SCALES)
@settings(max_examples=60, deadline=None)
def test_marginal_is_the_inverse_of_the_inverse(seed, scale):
    rows = scale * np.random.default_rng(seed).normal(size=(30, 7))
    information = rows.T @ rows + np.eye(7)
    marginal = marginal_information(information, 2)
    expected = np.linalg.inv(np.linalg.inv(information)[-2:, -2:])
    assert marginal == pytest.approx(expected, rel=1e-6, abs=1e-6 * scale)


@given(seed=SEEDS, scale=SCALES)
@settings(max_examples=60, deadline=None)
def test_conditional_bound_is_never_above_the_marginal(seed, scale):
    sweep = slopes(seed, scale)
    free = asked_information(sweep, np.zeros((6, 6)))
    assert is_at_least(asked_information(sweep, None), free)
    asked = sweep.asked.T @ sweep.asked + np.eye(2)
    assert is_at_least(asked, asked_information(sweep, None))


@given(seed=SEEDS, other=SEEDS, scale=SCALES)
@settings(max_examples=60, deadline=None)
def test_a_reference_never_hurts_and_a_second_adds(seed, other, scale):
    sweep = slopes(seed)
    first = shared_information(slopes(other, scale), 0.1, 0.1)
    second = shared_information(slopes(other + 1, scale), 0.1, 0.1)
    alone = asked_information(sweep, np.zeros((6, 6)))
    helped = asked_information(sweep, first)
    assert is_at_least(helped, alone)
    assert is_at_least(asked_information(sweep, first + second), helped)


@given(seed=SEEDS, other=SEEDS)
@settings(max_examples=40, deadline=None)
def test_information_of_independent_sweeps_adds(seed, other):
    """Two references one by one are the same as both in one joint matrix."""
    sweep, one, two = slopes(seed), slopes(other), slopes(other + 7)
    added = shared_information(one, 0.2, 0.3) + shared_information(two, 0.2, 0.3)
    rows, own = 40, 5
    joint = np.zeros((3 * rows, 3 * own + 6))
    for index, each in enumerate((one, two, sweep)):
        here = slice(rows * index, rows * (index + 1))
        columns = slice(own * index, own * (index + 1))
        # The sweep that is asked about comes last, and its shared block before it.
        if index == 2:
            joint[here, 10:16] = each.shared
            joint[here, 16:] = np.hstack([each.state, each.asked])
        else:
            joint[here, columns] = np.hstack([each.asked, each.state])
            joint[here, 10:16] = each.shared
    prior = np.ones(joint.shape[1])
    prior[[0, 5]], prior[[1, 6]] = 0.2**-2, 0.3**-2
    whole = marginal_information(joint.T @ joint + np.diag(prior), 2)
    assert asked_information(sweep, added) == pytest.approx(whole, rel=1e-7)


@given(seed=SEEDS, ratio=st.floats(1e-3, 1.0))
@settings(max_examples=60, deadline=None)
def test_more_noise_never_helps(seed, ratio):
    sweep = slopes(seed)
    for shared in (None, np.zeros((6, 6))):
        loud = asked_information(quieter(sweep, ratio), shared)
        assert is_at_least(asked_information(sweep, shared), loud)


def test_what_no_sweep_tells_of_is_said_not_numbered():
    sweep = slopes(3)
    blind = SweepSlopes(
        shared=sweep.shared, state=sweep.state, asked=np.zeros_like(sweep.asked)
    )
    with pytest.raises(UnresolvedError, match="singular"):
        asked_information(blind, np.zeros((6, 6)), has_asked_prior=False)
    assert asked_information(blind, np.zeros((6, 6))) == pytest.approx(np.eye(2))


def test_two_numbers_that_do_the_same_are_not_resolved():
    sweep = slopes(4)
    same = SweepSlopes(
        shared=sweep.shared,
        state=sweep.state,
        asked=np.repeat(sweep.asked[:, :1], 2, axis=1),
    )
    with pytest.raises(UnresolvedError, match="singular"):
        asked_information(same, None, has_asked_prior=False)


def test_numbers_that_are_not_finite_are_refused():
    broken = np.eye(3)
    broken[1, 1] = np.nan
    with pytest.raises(UnresolvedError, match="not finite"):
        marginal_information(broken, 2)
