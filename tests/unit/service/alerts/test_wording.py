"""Every rule and trained fault has sentences that a person can act on."""

from datetime import UTC, datetime

import pytest

from service.alerts.rules import (
    NO_DATA,
    RECEIVER_CONDITION,
    RULES,
    VOID_SWEEPS,
    WARMING,
    Observation,
)
from service.alerts.wording import explain, explain_end, newest_label, word


def observation(**changes) -> Observation:
    base = {
        "sweep_id": "s",
        "measured_at": datetime(2026, 1, 1, tzinfo=UTC),
        "condition_state": "estimated",
        "condition_label": "loose_connector",
        "is_out_of_distribution": True,
        "temperature_state": "estimated",
        "temperature_p05_k": 14.25,
        "temperature_p95_k": 16.0,
        "resonance_state": "no_resonance",
    }
    return Observation(**{**base, **changes})


@pytest.mark.parametrize("rule", [*(rule.name for rule in RULES), NO_DATA])
def test_every_rule_has_words(rule):
    wording = word(rule, is_array=False)
    assert wording.title
    assert wording.cause.endswith(".")
    assert wording.action.endswith(".")


def test_a_trained_fault_is_named_even_if_nobody_wrote_about_it():
    known = word(RECEIVER_CONDITION.name, is_array=False, label="loose_connector")
    assert known.title == "Loose connector"
    other = word(RECEIVER_CONDITION.name, is_array=False, label="wet_cable")
    assert other.title == "Receiver fault: wet cable"
    assert other.action == word(RECEIVER_CONDITION.name, is_array=False).action


def test_the_array_warms_as_a_cryostat():
    assert word(WARMING.name, is_array=True).title == "Cryostat warming"


@pytest.mark.parametrize("rule", RULES)
def test_the_reason_counts_the_bad_sweeps(rule):
    void = {"integrity": ("rf_off", "no_trace")} if rule is VOID_SWEEPS else {}
    seen = [observation(**void)] * 2 + [
        observation(
            condition_label="healthy",
            is_out_of_distribution=False,
            temperature_p05_k=4.0,
            resonance_state="ok",
        )
    ]
    reason = explain(rule, seen, 12.0)
    assert reason.startswith(f"2 of the last 3 {rule.purpose.value} sweeps")
    assert "_" not in reason


def test_the_reason_of_good_sweeps_says_so():
    good = [observation(temperature_p05_k=4.0)] * 3
    assert explain(WARMING, good, 12.0).startswith("none of the last 3")


def test_the_end_is_good_sweeps_or_another_alert():
    good = [observation(temperature_p05_k=4.0)] * 3
    assert explain_end(WARMING, good, 12.0) == "the last 3 wide sweeps are good"
    bad = [observation(), *good[1:]]
    assert explain_end(WARMING, bad, 12.0).startswith("another alert covers it: 1 of")


def test_the_label_is_that_of_the_newest_trained_fault():
    seen = [observation(condition_label="unknown"), observation()]
    assert newest_label(seen, 12.0) == "loose_connector"
    assert newest_label(seen[:1], 12.0) is None
