"""The figures of a run follow from what was injected and what arrived."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.demo.receiver import ReceivedMessage, describe, render_page
from service.demo.summary import (
    InjectedFault,
    delivered_count,
    detect,
    own_sweeps,
    vna_to_alert_p99_s,
)

START = datetime(2026, 1, 31, 3, tzinfo=UTC)
END = START + timedelta(seconds=60)


def received(after_s: float, **message: Any) -> ReceivedMessage:
    base = {"event": "raised", "alert_id": "a", "rule": "receiver_condition"}
    return ReceivedMessage(
        received_at=START + timedelta(seconds=after_s), message=base | message
    )


def fault(cavity: str | None = "cavity-2") -> InjectedFault:
    return InjectedFault(
        fault="circulator_stray_field",
        cavity=cavity,
        injected_at=START,
        rules=("receiver_condition", "unknown_change"),
        notice_s=20.0,
    )


def test_the_first_alert_of_the_right_rule_and_cavity_is_the_detection() -> None:
    messages = [
        received(-5.0, cavity="cavity-2"),
        received(1.0, cavity="cavity-3"),
        received(2.0, cavity="cavity-2", rule="no_data"),
        received(3.0, cavity="cavity-2", event="cleared"),
        received(9.0, cavity="cavity-2"),
        received(4.0, cavity="cavity-2", rule="unknown_change"),
    ]
    (detection,) = detect([fault()], messages, END)
    assert detection.detected
    assert detection.rule == "unknown_change"
    assert detection.delay_s == pytest.approx(4.0)


def test_a_fault_that_nobody_noticed_is_missed() -> None:
    (detection,) = detect([fault()], [received(1.0, cavity="cavity-3")], END)
    assert not detection.detected
    assert not detection.is_too_late
    assert detection.delay_s is None


def test_a_fault_just_before_the_end_is_not_called_missed() -> None:
    soon = START + timedelta(seconds=19)
    (unseen,) = detect([fault()], [], soon)
    assert (unseen.detected, unseen.is_too_late) == (False, True)
    (seen,) = detect([fault()], [received(1.0, cavity="cavity-2")], soon)
    assert (seen.detected, seen.is_too_late) == (True, False)


@pytest.mark.parametrize(
    ("held", "counted"),
    [(10, (10, 0)), (12, (10, 0)), (8, (8, 2))],
    ids=["all there", "two posted by hand", "two gone"],
)
def test_only_the_own_sweeps_are_counted(held: int, counted: tuple[int, int]) -> None:
    poller = {"sweeps_spooled": 10, "sweeps_confirmed": 10}
    assert own_sweeps(poller, held) == counted


def test_an_array_fault_is_noticed_wherever_its_rule_speaks() -> None:
    (detection,) = detect([fault(None)], [received(1.0, cavity=None)], END)
    assert detection.detected


def test_latency_counts_raised_alerts_that_have_a_sweep() -> None:
    end = START.isoformat()
    messages = [
        received(0.5, sweep_measured_at=end),
        received(9.0, sweep_measured_at=end, event="cleared"),
        received(9.0, sweep_measured_at=end, rule="no_data"),
        received(9.0, sweep_measured_at=None),
    ]
    assert vna_to_alert_p99_s(messages) == pytest.approx(0.5)
    assert vna_to_alert_p99_s(messages[1:]) is None


def test_a_repeated_message_is_one_alert() -> None:
    messages = [received(1.0), received(2.0), received(3.0, alert_id="b")]
    assert delivered_count(messages) == 2


def test_the_page_shows_messages_and_trusts_none() -> None:
    page = render_page([received(1.0, summary="<script>", cavity="cavity-2")])
    assert "&lt;script&gt;" in page
    assert "<script>" not in page
    assert describe(received(1.0, cavity=None))[3] == "array"
