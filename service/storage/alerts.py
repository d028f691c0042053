"""Stores alerts and their transitions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, func, insert, select, update

from service.storage import tables
from service.storage.alert_records import AlertRecord, TransitionRecord
from service.storage.deliveries import list_deliveries
from service.storage.engine import Transaction
from service.storage.times import from_us, to_us

_A = tables.alert.c
_X = tables.alert_transition.c

_TIMES = (
    "sweep_measured_at",
    "raised_at",
    "cleared_at",
    "acknowledged_at",
    "acknowledgement_expires_at",
)
_TEXTS = (
    "rule",
    "scope",
    "cavity",
    "severity",
    "title",
    "cause",
    "action",
    "state",
    "reason",
    "sweep_id",
    "acknowledged_by",
)


def insert_alert(transaction: Transaction, alert: AlertRecord) -> None:
    """Store a new alert."""
    transaction.execute(insert(tables.alert).values(id=alert.alert_id, **_row(alert)))


def update_alert(transaction: Transaction, alert: AlertRecord) -> None:
    """Store the changed fields of an alert."""
    transaction.execute(
        update(tables.alert).where(_A.id == alert.alert_id).values(_row(alert))
    )


def insert_transition(
    transaction: Transaction,
    *,
    alert_id: str,
    at: datetime,
    event: str,
    from_state: str,
    to_state: str,
    reason: str,
    actor: str,
    note: str | None,
) -> int:
    """Record one change of an alert's state; returns its number."""
    number = transaction.execute(
        insert(tables.alert_transition)
        .values(
            alert_id=alert_id,
            at_us=to_us(at),
            event=event,
            from_state=from_state,
            to_state=to_state,
            reason=reason,
            actor=actor,
            note=note,
        )
        .returning(_X.id)
    ).scalar_one()
    return int(number)


def get_alert(transaction: Transaction, alert_id: str) -> AlertRecord | None:
    """Find one alert with its history."""
    query = select(tables.alert).where(_A.id == alert_id)
    row = transaction.execute(query).one_or_none()
    return None if row is None else _with_history(transaction, [_record(row)])[0]


def get_transition(
    transaction: Transaction, transition_id: int
) -> TransitionRecord | None:
    """Find one transition."""
    query = select(tables.alert_transition).where(_X.id == transition_id)
    row = transaction.execute(query).one_or_none()
    return None if row is None else _transition(row)


def list_alerts(
    transaction: Transaction, states: Sequence[str], limit: int
) -> list[AlertRecord]:
    """List the alerts in these states, newest first, each with its history."""
    query = (
        select(tables.alert)
        .where(_A.state.in_(states))
        .order_by(_A.raised_at_us.desc(), _A.id.desc())
        .limit(limit)
    )
    return _with_history(
        transaction, [_record(row) for row in transaction.execute(query)]
    )


def count_alerts(transaction: Transaction, state: str) -> int:
    """Count the alerts in a state."""
    query = select(func.count()).select_from(tables.alert).where(_A.state == state)
    return int(transaction.execute(query).scalar_one())


def list_expired(
    transaction: Transaction, state: str, now: datetime
) -> list[AlertRecord]:
    """List the alerts in a state whose acknowledgement has run out."""
    query = select(tables.alert).where(
        _A.state == state, _A.acknowledgement_expires_at_us <= to_us(now)
    )
    return [_record(row) for row in transaction.execute(query)]


def find_open_alert(
    transaction: Transaction, rule: str, cavity: str | None, state: str
) -> AlertRecord | None:
    """Find the newest alert of a rule and cavity in a state."""
    query = (
        select(tables.alert)
        .where(
            _A.rule == rule, _A.cavity.is_not_distinct_from(cavity), _A.state == state
        )
        .order_by(_A.raised_at_us.desc())
        .limit(1)
    )
    row = transaction.execute(query).one_or_none()
    return None if row is None else _record(row)


def _with_history(
    transaction: Transaction, alerts: list[AlertRecord]
) -> list[AlertRecord]:
    names = [alert.alert_id for alert in alerts]
    if not names:
        return []
    rows = transaction.execute(
        select(tables.alert_transition).where(_X.alert_id.in_(names)).order_by(_X.id)
    )
    transitions = _grouped(_transition(row) for row in rows)
    deliveries = _grouped(list_deliveries(transaction, names))
    return [
        replace(
            alert,
            transitions=tuple(transitions.get(alert.alert_id, ())),
            deliveries=tuple(deliveries.get(alert.alert_id, ())),
        )
        for alert in alerts
    ]


def _grouped(items: Iterable[Any]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for item in items:
        groups.setdefault(item.alert_id, []).append(item)
    return groups


def _row(alert: AlertRecord) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(alert, name) for name in _TEXTS}
    row["cavities"] = orjson.dumps(list(alert.cavities)).decode()
    for name in _TIMES:
        moment = getattr(alert, name)
        row[f"{name}_us"] = None if moment is None else to_us(moment)
    return row


def _record(row: Row[Any]) -> AlertRecord:
    values: dict[str, Any] = {name: getattr(row, name) for name in _TEXTS}
    for name in _TIMES:
        stamp_us = getattr(row, f"{name}_us")
        values[name] = None if stamp_us is None else from_us(stamp_us)
    cavities = tuple(orjson.loads(row.cavities))
    return AlertRecord(alert_id=row.id, cavities=cavities, **values)


def _transition(row: Row[Any]) -> TransitionRecord:
    return TransitionRecord(
        transition_id=row.id,
        alert_id=row.alert_id,
        at=from_us(row.at_us),
        event=row.event,
        from_state=row.from_state,
        to_state=row.to_state,
        reason=row.reason,
        actor=row.actor,
        note=row.note,
    )
