"""Waits double up to the longest, and jitter only shortens them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.client import Backoff
from instruments.client.packing import join_messages
from instruments.measurement.bodies import unpack_body
from instruments.measurement.message import decode_sweep, encode_sweeps


def test_waits_double_to_the_longest_and_begin_anew_after_a_success():
    backoff = Backoff(first_s=1.0, longest_s=60.0, jitter=0.0)
    waits = [backoff.next_s() for _ in range(8)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.reset()
    assert backoff.next_s() == 1.0


@given(
    st.floats(min_value=0.0, max_value=1.0),
    st.integers(min_value=0, max_value=2**32),
)
def test_jitter_takes_at_most_its_fraction(jitter, seed):
    backoff = Backoff(
        first_s=0.5, longest_s=60.0, jitter=jitter, rng=random.Random(seed)
    )
    for whole_s in (0.5, 1, 2, 4):
        assert (1 - jitter) * whole_s <= backoff.next_s() <= whole_s


def test_a_year_of_failures_does_not_overflow():
    backoff = Backoff(first_s=0.5, longest_s=60.0, jitter=0.0)
    backoff.failure_count = 10**6
    assert backoff.next_s() == 60.0


@pytest.mark.parametrize("count", [1, 2, 15, 16, 70])
def test_joined_messages_are_one_body(make_sweep, count):
    sweeps = [make_sweep(number) for number in range(count)]
    body = join_messages([encode_sweeps([sweep]) for sweep in sweeps])
    assert [decode_sweep(message) for message in unpack_body(body)] == sweeps
