"""The next group waits as its commit is worth it, and never long."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from service.storage.writer import GATHER_S, MOST_GATHER_S, gather_wait_s


@given(st.lists(st.floats(0.0, 1e3), min_size=2))
def test_longer_commits_are_waited_for_longer_within_bounds(commits_s):
    waits_s = [gather_wait_s(commit_s) for commit_s in sorted(commits_s)]
    assert all(GATHER_S <= wait_s <= MOST_GATHER_S for wait_s in waits_s)
    assert all(a <= b for a, b in itertools.pairwise(waits_s))


def test_a_wait_is_never_longer_than_half_of_what_it_may_save():
    assert gather_wait_s(0.0) == GATHER_S
    assert gather_wait_s(0.02) == 0.01
