"""When a message is tried again."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from service.operations.delivering import RetryPolicy, compose_message
from service.storage.alert_records import AlertRecord, TransitionRecord

POLICY = RetryPolicy(backoff_s=0.5, cap_s=60.0, keep_s=86_400.0)
NOW = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)


@given(st.integers(1, 100_000), st.floats(0.0, 1.0))
def test_the_pause_stays_between_half_a_step_and_the_cap(attempts, fraction):
    pause_s = POLICY.pause_s(attempts, fraction)
    assert 0.25 <= pause_s <= 60.0


@given(st.integers(1, 50))
def test_the_pause_never_shrinks(attempts):
    assert POLICY.pause_s(attempts, 1.0) <= POLICY.pause_s(attempts + 1, 1.0)


def test_the_message_names_alert_sweep_and_dedup_key():
    alert = AlertRecord(
        alert_id="a1",
        rule="warming",
        scope="array",
        cavity=None,
        cavities=("cavity-1", "cavity-2"),
        severity="critical",
        title="Cryostat warming",
        cause="c",
        action="d",
        state="active_unacknowledged",
        reason="r",
        sweep_id="s1",
        sweep_measured_at=NOW,
        raised_at=NOW,
    )
    transition = TransitionRecord(
        transition_id=7,
        alert_id="a1",
        at=NOW,
        event="raised",
        from_state="normal",
        to_state="active_unacknowledged",
        reason="a warming receiver",
        actor="halowatch",
        note=None,
    )
    message = compose_message(alert, transition, "http://wall:8000")
    assert message["dedup_key"] == "warming/array/a1"
    assert message["sweep_measured_at"] == "2026-01-31T03:00:00.000000Z"
    assert message["url"] == "http://wall:8000/alerts#a1"
    assert message["summary"] == "Cryostat warming (array): a warming receiver"
    assert None not in (message["event"], message["at"], message["transition_id"])
