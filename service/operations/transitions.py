"""Records transitions of alerts, each with its outbox entries and its event."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from service.alerts.transition import MESSAGE_EVENT, Action, AlertState, next_state
from service.config_values import Channel
from service.errors import ConflictError, NotFoundError
from service.operations.presenting import alert_json
from service.storage.alert_records import AlertRecord
from service.storage.alerts import (
    get_alert,
    insert_transition,
    list_expired,
    update_alert,
)
from service.storage.deliveries import insert_delivery
from service.storage.engine import Transaction
from service.storage.events import add_event
from service.storage.records import EventKind, TaskKind
from service.storage.rule_states import lock_rules
from service.storage.tasks import add_task

SYSTEM = "halowatch"
"""The actor of transitions that no person made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why an alert changes, and who changed it."""

    reason: str
    now: datetime
    actor: str = SYSTEM
    note: str | None = None


def transit(
    transaction: Transaction,
    alert: AlertRecord,
    action: Action,
    cause: Cause,
    channels: Sequence[Channel],
) -> AlertRecord:
    """Move a stored alert by one action, with its message and its event.

    Raises
    ------
    ConflictError
        If the action means nothing in the alert's state.
    """
    before = AlertState(alert.state)
    after = next_state(before, action)
    if after is None:
        raise ConflictError(
            f"alert {alert.alert_id} is {before.value}: there is nothing to "
            f"{action.value}"
        )
    moved = replace(alert, state=after.value, **_fields(action, cause))
    update_alert(transaction, moved)
    number = insert_transition(
        transaction,
        alert_id=alert.alert_id,
        at=cause.now,
        event=MESSAGE_EVENT[action],
        from_state=before.value,
        to_state=after.value,
        reason=cause.reason,
        actor=cause.actor,
        note=cause.note,
    )
    for channel in channels:
        delivery = insert_delivery(
            transaction,
            alert_id=alert.alert_id,
            transition_id=number,
            channel=channel.name,
            now=cause.now,
        )
        lane = f"{alert.alert_id}/{channel.name}"
        add_task(transaction, TaskKind.DELIVER, str(delivery), cause.now, lane)
    stored = get_alert(transaction, alert.alert_id)
    assert stored is not None
    event = alert_json(stored, cause.now)
    add_event(transaction, EventKind.ALERT, event, cause.now)
    return stored


def acknowledge(
    transaction: Transaction,
    alert_id: str,
    *,
    by: str,
    note: str | None,
    duration: timedelta,
    now: datetime,
    channels: Sequence[Channel],
) -> AlertRecord:
    """Record that a person takes an alert on, for a while.

    Raises
    ------
    NotFoundError
        If there is no such alert.
    ConflictError
        If the alert is over.
    """
    lock_rules(transaction)
    alert = get_alert(transaction, alert_id)
    if alert is None:
        raise NotFoundError(f"no alert {alert_id!r}; GET /api/v1/alerts lists them")
    alert = replace(alert, acknowledgement_expires_at=now + duration)
    cause = Cause(reason=f"acknowledged by {by}", now=now, actor=by, note=note)
    return transit(transaction, alert, Action.ACKNOWLEDGE, cause, channels)


def find_expired(transaction: Transaction, now: datetime) -> list[AlertRecord]:
    """List the active alerts whose acknowledgement has run out."""
    return list_expired(transaction, AlertState.ACTIVE_ACKNOWLEDGED.value, now)


def expire(
    transaction: Transaction,
    alerts: Sequence[AlertRecord],
    now: datetime,
    channels: Sequence[Channel],
) -> None:
    """Let alerts speak again whose acknowledgement has run out."""
    for alert in alerts:
        reason = f"the acknowledgement by {alert.acknowledged_by} ran out"
        cause = Cause(reason=reason, now=now)
        transit(transaction, alert, Action.EXPIRE, cause, channels)


def widen(
    transaction: Transaction, alert: AlertRecord, cavities: Sequence[str], now: datetime
) -> None:
    """Add cavities to an active alert for the whole array: recorded, not sent again.

    The alert has called once for all of them; the pages show how far it reaches now.
    """
    joined = sorted(set(cavities) - set(alert.cavities))
    if not joined:
        return
    reached = tuple(sorted({*alert.cavities, *joined}))
    reason = f"reaches {len(reached)} cavities: {', '.join(reached)}"
    update_alert(transaction, replace(alert, cavities=reached, reason=reason))
    insert_transition(
        transaction,
        alert_id=alert.alert_id,
        at=now,
        event="widened",
        from_state=alert.state,
        to_state=alert.state,
        reason=f"{', '.join(joined)} joined",
        actor=SYSTEM,
        note=None,
    )
    stored = get_alert(transaction, alert.alert_id)
    assert stored is not None
    add_event(transaction, EventKind.ALERT, alert_json(stored, now), now)


def _fields(action: Action, cause: Cause) -> dict[str, Any]:
    """Return what an action changes beside the state."""
    forget = {
        "acknowledged_at": None,
        "acknowledged_by": None,
        "acknowledgement_expires_at": None,
    }
    if action is Action.RAISE:
        return {"raised_at": cause.now, "cleared_at": None, **forget}
    if action is Action.CLEAR:
        return {"cleared_at": cause.now, "acknowledgement_expires_at": None}
    if action is Action.ACKNOWLEDGE:
        return {"acknowledged_at": cause.now, "acknowledged_by": cause.actor}
    return forget
