"""The stream's memory: events in the order of their commits."""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, func, insert, select

from service.storage import arrivals, tables
from service.storage.engine import Transaction
from service.storage.records import EventKind, EventRecord
from service.storage.times import to_us

_E = tables.event.c
_LAST = 2**63 - 1
_ADD = insert(tables.event)


def add_event(
    transaction: Transaction, kind: EventKind, body: dict[str, Any], now: datetime
) -> None:
    """Append an event; it is seen once the transaction commits."""
    arrivals.hold(transaction, arrivals.EVENTS)
    row = {
        "kind": kind.value,
        "at_us": to_us(now),
        "body": orjson.dumps(body).decode(),
    }
    transaction.execute(_ADD, row)


def list_events(
    transaction: Transaction, after: int, limit: int = 1000, up_to: int = _LAST
) -> list[EventRecord]:
    """List the events with numbers above ``after``, to ``up_to``, oldest first."""
    is_between = (_E.id > after) & (_E.id <= up_to)
    query = select(tables.event).where(is_between).order_by(_E.id).limit(limit)
    return [
        EventRecord(event_id=row.id, kind=EventKind(row.kind), body=row.body)
        for row in transaction.execute(query)
    ]


def settled_events(transaction: Transaction) -> tuple[int, int]:
    """Return the number up to which no event will come any more, and the last given.

    To be called before the events are read.
    """
    newest = arrivals.EVENTS.newest(transaction)
    return arrivals.EVENTS.settled(transaction, newest), newest


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
