"""What one sweep says, and how many make a finding."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.diagnosis import EstimateState, ResonanceState
from service.alerts.rules import (
    RECEIVER_CONDITION,
    RESONANCE_LOST,
    RULES,
    UNKNOWN_CHANGE,
    VOID_SWEEPS,
    WARMING,
    Finding,
    Observation,
    is_fulfilled,
    is_silent,
)

findings = st.lists(st.sampled_from(list(Finding)), max_size=8)
rules = st.sampled_from(RULES)


def seen(**changes) -> Observation:
    healthy = {
        "sweep_id": "s",
        "measured_at": datetime(2026, 1, 1, tzinfo=UTC),
        "condition_state": EstimateState.ESTIMATED.value,
        "condition_label": "healthy",
        "is_out_of_distribution": False,
        "temperature_state": EstimateState.ESTIMATED.value,
        "temperature_p05_k": 3.9,
        "temperature_p95_k": 4.2,
        "resonance_state": ResonanceState.OK.value,
    }
    return Observation(**{**healthy, **changes})


@pytest.mark.parametrize(
    ("rule", "changes", "finding"),
    [
        (RECEIVER_CONDITION, {}, Finding.GOOD),
        (RECEIVER_CONDITION, {"condition_label": "loose_connector"}, Finding.BAD),
        (RECEIVER_CONDITION, {"condition_label": "unknown"}, Finding.SILENT),
        (RECEIVER_CONDITION, {"condition_state": "no_reference"}, Finding.SILENT),
        (UNKNOWN_CHANGE, {}, Finding.GOOD),
        (UNKNOWN_CHANGE, {"condition_label": "unknown"}, Finding.BAD),
        (UNKNOWN_CHANGE, {"is_out_of_distribution": True}, Finding.BAD),
        (UNKNOWN_CHANGE, {"condition_state": "not_trained"}, Finding.SILENT),
        (WARMING, {}, Finding.GOOD),
        (WARMING, {"temperature_p05_k": 12.1}, Finding.BAD),
        (WARMING, {"temperature_p05_k": 11.5}, Finding.SILENT),
        (
            WARMING,
            {"temperature_state": "not_determinable", "temperature_p05_k": None},
            Finding.GOOD,
        ),
        (WARMING, {"temperature_state": "not_determinable"}, Finding.GOOD),
        (
            WARMING,
            {"temperature_state": "not_determinable", "temperature_p05_k": 12.1},
            Finding.BAD,
        ),
        (
            WARMING,
            {
                "temperature_state": "not_determinable",
                "temperature_p05_k": None,
                "is_out_of_distribution": True,
            },
            Finding.SILENT,
        ),
        (
            WARMING,
            {"temperature_state": "not_trained", "temperature_p05_k": None},
            Finding.SILENT,
        ),
        (RESONANCE_LOST, {}, Finding.GOOD),
        (RESONANCE_LOST, {"resonance_state": "no_resonance"}, Finding.BAD),
        (RESONANCE_LOST, {"resonance_state": None}, Finding.SILENT),
        (RESONANCE_LOST, {"resonance_state": "instrument_fault"}, Finding.SILENT),
        (VOID_SWEEPS, {}, Finding.GOOD),
        (VOID_SWEEPS, {"integrity": ("spikes",)}, Finding.GOOD),
        (VOID_SWEEPS, {"integrity": ("rf_off", "no_trace")}, Finding.BAD),
    ],
)
def test_finding_of_one_sweep(rule, changes, finding):
    assert rule.find(seen(**changes), 12.0) is finding


@given(rules, findings)
def test_one_bad_sweep_never_raises(rule, others):
    lone = [f for f in others if f is not Finding.BAD]
    assert not is_fulfilled(rule, [Finding.BAD, *lone], was=False)


@given(rules, findings)
def test_raising_needs_k_of_n_whatever_the_order(rule, seen_findings):
    bad = seen_findings[: rule.window].count(Finding.BAD)
    assert is_fulfilled(rule, seen_findings, was=False) is (bad >= rule.raise_count)


@given(rules, findings)
def test_one_good_sweep_never_clears(rule, others):
    assert is_fulfilled(rule, [Finding.GOOD, Finding.BAD, *others], was=True)


@given(rules, findings)
def test_good_ones_in_a_row_clear_and_do_not_raise_again(rule, older):
    window = [Finding.GOOD] * rule.depth + older
    assert not is_fulfilled(rule, window, was=True)
    assert not is_fulfilled(rule, window, was=False)


@given(rules, st.integers(1, 10))
def test_silence_neither_raises_nor_clears(rule, count):
    silent = [Finding.SILENT] * count
    assert is_fulfilled(rule, silent, was=True)
    assert not is_fulfilled(rule, silent, was=False)


def test_no_data_waits_three_periods_and_at_least_five_seconds():
    assert not is_silent(5.0, 1.0)
    assert is_silent(5.1, 1.0)
    assert not is_silent(180.0, 60.0)
    assert is_silent(181.0, 60.0)
