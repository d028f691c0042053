"""Keeps who did what; rows are added and read, never changed."""

from typing import Any

import orjson
from sqlalchemy import Row, insert, select

from service.storage import tables
from service.storage.access_records import AuditEntry, AuditRecord
from service.storage.engine import Transaction
from service.storage.times import from_us, to_us

_L = tables.audit.c


def record_action(transaction: Transaction, entry: AuditEntry) -> None:
    """Write one action down, in the transaction of what it did where there is one."""
    transaction.execute(
        insert(tables.audit).values(
            at_us=to_us(entry.at),
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            outcome=entry.outcome,
            address=entry.address,
            details=orjson.dumps(dict(entry.details)).decode(),
        )
    )


def list_actions(
    transaction: Transaction,
    *,
    limit: int,
    actor: str | None = None,
    action: str | None = None,
    before: int | None = None,
) -> list[AuditRecord]:
    """List actions, newest first.

    Parameters
    ----------
    before
        Only actions with a smaller number: where the page before ended.
    """
    query = select(tables.audit).order_by(_L.id.desc()).limit(limit)
    if actor is not None:
        query = query.where(_L.actor == actor)
    if action is not None:
        query = query.where(_L.action == action)
    if before is not None:
        query = query.where(_L.id < before)
    return [_record(row) for row in transaction.execute(query)]


def _record(row: Row[Any]) -> AuditRecord:
    return AuditRecord(
        number=row.id,
        entry=AuditEntry(
            at=from_us(row.at_us),
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            outcome=row.outcome,
            address=row.address,
            details=orjson.loads(row.details),
        ),
    )
