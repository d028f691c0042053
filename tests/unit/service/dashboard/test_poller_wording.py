"""One line a poller."""

from datetime import UTC, datetime

import pytest

from instruments.polling.health import InstrumentHealth, InstrumentState
from service.dashboard.poller_wording import (
    flag_words,
    instrument_words,
    mode_words,
    poller_state,
    poller_state_words,
    silent_words,
    spool_words,
    sweep_words,
    unwell_instruments,
)


@pytest.fixture
def poller(array):
    return array.poller()


@pytest.mark.parametrize(
    ("changes", "state", "words"),
    [
        ({}, "good", "Reports"),
        ({"is_stale": True}, "stale", "No report"),
        ({"spool": {"is_refusing": True}}, "alarm", "Refuses sweeps"),
        ({"spool": {"depth_bytes": 8 * 10**8}}, "warning", "Spool nearly full"),
        (
            {"instruments": [{"name": "vna-1", "state": "fault"}]},
            "warning",
            "Instrument unwell",
        ),
    ],
)
def test_state_of_a_poller(poller, changes, state, words):
    spool = poller["spool"] | changes.pop("spool", {})
    changed = poller | changes | {"spool": spool}
    assert poller_state(changed) == state
    assert poller_state_words(changed) == words


def test_instruments_that_fail_are_named(poller):
    assert instrument_words(poller) == "6 of 6 instruments well"
    poller["instruments"][1]["state"] = "disconnected"
    assert (
        instrument_words(poller) == "5 of 6 instruments well, not vna-2 (disconnected)"
    )
    poller["instruments"][4]["state"] = "fault"
    assert instrument_words(poller).endswith("not vna-2 (disconnected) and 1 more")


@pytest.mark.parametrize("state", sorted(InstrumentState))
@pytest.mark.parametrize("failures", [0, 3])
def test_dashboard_and_poller_agree_on_who_is_well(poller, state, failures):
    health = InstrumentHealth(
        name="vna-1",
        kind="vna",
        state=state,
        since=datetime(2026, 1, 31, tzinfo=UTC),
        consecutive_failure_count=failures,
    )
    poller["instruments"] = [
        {"name": "vna-1", "state": state.value, "consecutive_failures": failures}
    ]
    assert (not unwell_instruments(poller)) is health.is_well


def test_what_waits_and_what_became_of_the_rest(poller):
    assert spool_words(poller["spool"]) == "spool empty"
    spool = poller["spool"] | {"depth": 3, "depth_bytes": 1.5e6, "dead_letter_count": 2}
    assert spool_words(spool) == "spool 3 sweeps, 1.5 of 1000 MB, 2 dead letters"
    few = spool | {"depth": 1, "depth_bytes": 7370, "dead_letter_count": 0}
    assert spool_words(few) == "spool 1 sweep, < 0.1 of 1000 MB"
    sweeps = {"measured": 9, "stored": 5, "flagged": 1, "lost": 2}
    sweeps["failed"] = {"not_finite": 3, "late": 1}
    assert sweep_words(sweeps) == "9 measured, 5 stored, 1 flagged, 2 lost, 4 failed"


def test_cavities_that_are_not_measured_are_named(poller):
    assert silent_words(poller) == ""
    poller["cavities"][2]["mode"] = "inhibited"
    assert silent_words(poller) == "cavity-3 inhibited"


@pytest.mark.parametrize(
    ("mode", "reason", "words"),
    [
        ("polled", "x", ""),
        ("paused", None, "polling paused"),
        ("inhibited", "run 7", "RF inhibited: run 7"),
    ],
)
def test_mode_of_a_cavity(mode, reason, words):
    assert mode_words({"mode": mode, "reason": reason}) == words


def test_flags_as_words():
    assert flag_words(["rf_off", "late"]) == "RF off, late"
