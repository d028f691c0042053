"""The stream's memory: events in the order of their commits."""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, func, insert, select

from service.storage import tables
from service.storage.engine import Transaction
from service.storage.records import EventKind, EventRecord
from service.storage.times import to_us

_E = tables.event.c


def add_event(
    transaction: Transaction, kind: EventKind, body: dict[str, Any], now: datetime
) -> None:
    """Append an event; it is seen once the transaction commits."""
    transaction.execute(
        insert(tables.event).values(
            kind=kind.value, at_us=to_us(now), body=orjson.dumps(body).decode()
        )
    )


def list_events(
    transaction: Transaction, after: int, limit: int = 1000
) -> list[EventRecord]:
    """List the events with a number above ``after``, oldest first."""
    query = select(tables.event).where(_E.id > after).order_by(_E.id).limit(limit)
    return [
        EventRecord(event_id=row.id, kind=EventKind(row.kind), body=row.body)
        for row in transaction.execute(query)
    ]


def newest_event_id(transaction: Transaction) -> int:
    """Return the highest number, 0 where there is none."""
    return int(transaction.execute(select(func.max(_E.id))).scalar_one() or 0)


def prune_events(transaction: Transaction, before: datetime) -> int:
    """Forget events older than a time; returns how many."""
    newest_old = transaction.execute(
        select(func.max(_E.id)).where(_E.at_us < to_us(before))
    ).scalar_one()
    if newest_old is None:
        return 0
    gone = transaction.execute(
        delete(tables.event).where(_E.id <= newest_old, _E.at_us < to_us(before))
    )
    return int(gone.rowcount)
