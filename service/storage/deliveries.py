"""Stores what was sent where, attempt by attempt."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from service.storage import tables
from service.storage.alert_records import DeliveryRecord
from service.storage.engine import Transaction
from service.storage.times import from_us, to_us

_D = tables.delivery.c

PENDING = "pending"
DELIVERED = "delivered"
FAILED = "failed"


def insert_delivery(
    transaction: Transaction,
    *,
    alert_id: str,
    transition_id: int,
    channel: str,
    now: datetime,
) -> int:
    """Store that a transition is due at a channel; returns its number."""
    number = transaction.execute(
        insert(tables.delivery)
        .values(
            alert_id=alert_id,
            transition_id=transition_id,
            channel=channel,
            state=PENDING,
            attempts=0,
            created_at_us=to_us(now),
        )
        .returning(_D.id)
    ).scalar_one()
    return int(number)


def get_delivery(transaction: Transaction, delivery_id: int) -> DeliveryRecord | None:
    """Find one delivery."""
    query = select(tables.delivery).where(_D.id == delivery_id)
    row = transaction.execute(query).one_or_none()
    return None if row is None else _record(row)


def list_deliveries(
    transaction: Transaction, alert_ids: Sequence[str]
) -> list[DeliveryRecord]:
    """List the deliveries of some alerts, oldest first."""
    query = select(tables.delivery).where(_D.alert_id.in_(alert_ids)).order_by(_D.id)
    return [_record(row) for row in transaction.execute(query)]


def record_attempt(
    transaction: Transaction,
    delivery: DeliveryRecord,
    *,
    state: str,
    now: datetime,
    http_status: int | None,
    error: str | None,
) -> None:
    """Record one attempt, and where the delivery stands after it."""
    transaction.execute(
        insert(tables.delivery_attempt).values(
            delivery_id=delivery.delivery_id,
            at_us=to_us(now),
            http_status=http_status,
            error=error,
        )
    )
    transaction.execute(
        update(tables.delivery)
        .where(_D.id == delivery.delivery_id)
        .values(
            state=state,
            attempts=_D.attempts + 1,
            delivered_at_us=to_us(now) if state == DELIVERED else None,
            last_error=error,
        )
    )


def list_attempts(
    transaction: Transaction, delivery_id: int
) -> list[tuple[datetime, int | None, str | None]]:
    """List the attempts of a delivery as (when, HTTP status, error), oldest first."""
    attempt = tables.delivery_attempt.c
    query = (
        select(attempt.at_us, attempt.http_status, attempt.error)
        .where(attempt.delivery_id == delivery_id)
        .order_by(attempt.id)
    )
    return [(from_us(row[0]), row[1], row[2]) for row in transaction.execute(query)]


def _record(row: Row[Any]) -> DeliveryRecord:
    delivered_us = row.delivered_at_us
    return DeliveryRecord(
        delivery_id=row.id,
        alert_id=row.alert_id,
        transition_id=row.transition_id,
        channel=row.channel,
        state=row.state,
        attempts=row.attempts,
        created_at=from_us(row.created_at_us),
        delivered_at=None if delivered_us is None else from_us(delivered_us),
        last_error=row.last_error,
    )
