"""Sweeps carry fresh readings of their own cavity, never stale ones."""

from datetime import timedelta

import pytest

from instruments.measurement import Reading
from instruments.polling.conditions import LatestReadings

NAMES = {"temperature_k": "receiver_temperature_k"}
AGES = {"receiver_temperature_k": 15.0}


@pytest.fixture
def latest():
    return LatestReadings()


def reading(clock, value, cavity=None, age_s=0.0):
    return Reading(
        name="receiver_temperature_k",
        value=value,
        measured_at=clock.now() - timedelta(seconds=age_s),
        cavity=cavity,
    )


def look(latest, clock, cavity="cavity-1"):
    return latest.conditions_of(cavity, NAMES, at=clock.now(), max_age_s=AGES)


def test_own_reading_comes_before_that_of_the_array(latest, clock):
    latest.add(reading(clock, 4.0))
    assert look(latest, clock) == {"temperature_k": 4.0}
    latest.add(reading(clock, 5.0, "cavity-1"))
    assert look(latest, clock) == {"temperature_k": 5.0}
    assert look(latest, clock, "cavity-2") == {"temperature_k": 4.0}


def test_old_reading_is_left_out(latest, clock):
    latest.add(reading(clock, 4.0))
    clock.step(15.0)
    assert look(latest, clock) == {"temperature_k": 4.0}
    clock.step(0.1)
    assert look(latest, clock) == {}


def test_late_older_reading_replaces_no_newer_one(latest, clock):
    latest.add(reading(clock, 4.0))
    latest.add(reading(clock, 9.0, age_s=5.0))
    assert look(latest, clock) == {"temperature_k": 4.0}


def test_unknown_reading_is_left_out(latest, clock):
    assert look(latest, clock) == {}
