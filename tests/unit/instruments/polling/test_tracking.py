"""Narrow sweeps follow good fits, and nothing else."""

import math

import pytest

from instruments.polling import ModePosition, ResonanceTracker

EXPECTED = ModePosition(resonant_frequency_hz=5.0e9, loaded_q=8000.0)
GOOD = {
    "state": "ok",
    "resonant_frequency_hz": 5.01e9,
    "loaded_q": 7000.0,
    "age_s": 2.0,
}


@pytest.fixture
def tracker(clock):
    clock.step(1000.0)
    return ResonanceTracker({"cavity-1": EXPECTED}, clock=clock, max_age_s=100.0)


def test_expected_mode_stands_in_until_a_fit_is_known(tracker):
    assert tracker.position("cavity-1") == EXPECTED
    assert not tracker.follow("cavity-1", None)
    assert tracker.position("cavity-1") == EXPECTED


def test_good_fit_is_followed_until_it_is_old(tracker, clock):
    assert tracker.follow("cavity-1", GOOD)
    assert tracker.position("cavity-1").resonant_frequency_hz == 5.01e9
    clock.step(97.0)
    assert tracker.position("cavity-1").loaded_q == 7000.0
    clock.step(2.0)
    assert tracker.position("cavity-1") == EXPECTED


@pytest.mark.parametrize(
    "change",
    [
        {"state": "no_resonance"},
        {"resonant_frequency_hz": None},
        {"resonant_frequency_hz": math.nan},
        {"resonant_frequency_hz": True},
        {"resonant_frequency_hz": 5.3e9},
        {"loaded_q": None},
        {"loaded_q": "8000"},
        {"loaded_q": 50_000.0},
        {"loaded_q": 1000.0},
        {"loaded_q": -1.0},
    ],
)
def test_doubtful_fit_leaves_the_last_good_one(tracker, change):
    tracker.follow("cavity-1", GOOD)
    assert not tracker.follow("cavity-1", GOOD | change)
    assert tracker.position("cavity-1").resonant_frequency_hz == 5.01e9
