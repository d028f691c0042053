"""Identifiers sort by time, whatever the clock does."""

import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.storage.identifiers import TimeOrderedIds, name_alert
from service.storage.times import from_us, to_us


def test_identifiers_rise_even_if_the_clock_steps_back(clock):
    ids = TimeOrderedIds(clock)
    made = []
    for step_s in (0.0, 0.0, 1e-4, -3600.0, 0.0, 1.0):
        clock.step(step_s)
        made.append(ids.next())
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {uuid.UUID(text).version for text in made} == {7}


def test_later_identifiers_are_larger(clock):
    ids = TimeOrderedIds(clock)
    first = ids.next()
    clock.step(3600)
    assert TimeOrderedIds(clock).next() > first
    assert name_alert(clock.now()) > first


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_survive_to_the_microsecond(moment):
    assert from_us(to_us(moment)) == moment


def test_a_time_of_another_zone_is_the_same_time():
    moment = datetime(2026, 1, 31, 4, 0, tzinfo=timezone(timedelta(hours=1)))
    assert from_us(to_us(moment)) == datetime(2026, 1, 31, 3, 0, tzinfo=UTC)


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="zone"):
        to_us(datetime(2026, 1, 1))  # noqa: DTZ001 - the naive time is the test
