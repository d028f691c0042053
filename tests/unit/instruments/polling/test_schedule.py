"""The grid is kept, nothing piles up, nothing starves."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.polling.schedule import Schedule


def test_kinds_are_due_on_their_grids():
    schedule = Schedule({"wide": (60.0, 0.0), "narrow": (20.0, 5.0)}, start_s=100.0)
    assert schedule.take(99.0) is None
    assert schedule.take(100.0) == "wide"
    assert schedule.take(100.0) is None
    assert schedule.next_due_s() == 105.0
    assert schedule.take(105.0) == "narrow"
    assert schedule.next_due_s() == 125.0


def test_late_kind_is_taken_once_and_the_rest_skipped():
    schedule = Schedule({"wide": (10.0, 0.0)}, start_s=0.0)
    assert schedule.take(0.0) == "wide"
    assert schedule.take(47.0) == "wide"
    assert schedule.skipped_count == 3
    assert schedule.take(47.0) is None
    assert schedule.next_due_s() == 50.0


def test_kind_that_waited_longest_comes_first():
    schedule = Schedule({"wide": (10.0, 2.0), "narrow": (10.0, 1.0)}, start_s=0.0)
    assert [schedule.take(9.0), schedule.take(9.0)] == ["narrow", "wide"]


def test_failed_kind_is_due_again_at_once():
    schedule = Schedule({"wide": (60.0, 0.0)}, start_s=0.0)
    assert schedule.take(0.0) == "wide"
    schedule.give_back("wide", 3.0)
    assert schedule.take(3.0) == "wide"
    assert schedule.next_due_s() == 60.0


def test_empty_schedule_is_never_due():
    schedule = Schedule({}, start_s=0.0)
    assert schedule.next_due_s() == math.inf
    assert schedule.take(1e9) is None


@given(
    period_s=st.floats(min_value=0.1, max_value=100.0),
    phase_s=st.floats(min_value=0.0, max_value=100.0),
    delays_s=st.lists(st.floats(min_value=0.0, max_value=500.0), max_size=30),
)
def test_every_due_time_is_a_grid_point_after_now(period_s, phase_s, delays_s):
    schedule = Schedule({"wide": (period_s, phase_s)}, start_s=10.0)
    now_s = 10.0 + phase_s
    for delay_s in delays_s:
        now_s += delay_s
        schedule.take(now_s)
        due_s = schedule.next_due_s()
        steps = (due_s - 10.0 - phase_s) / period_s
        assert steps == pytest.approx(round(steps), abs=1e-6)
        assert now_s < due_s <= now_s + period_s * (1 + 1e-9)


def test_overloaded_instrument_serves_all_kinds_alike():
    entries = dict.fromkeys(("wide", "transmission", "reflection"), (1.0, 0.0))
    schedule = Schedule(entries, start_s=0.0)
    taken = [schedule.take(float(now_s)) for now_s in range(0, 90, 2)]
    assert {taken.count(name) for name in entries} == {15}
