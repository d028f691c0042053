"""Writes down who did what."""

from datetime import datetime
from typing import Any

from instruments.measurement.times import format_time
from service.access.principal import Principal
from service.storage.access_records import AuditEntry, AuditRecord
from service.storage.audit import record_action
from service.storage.engine import Database

_LONGEST_PATH = 300


def record_call(
    database: Database,
    now: datetime,
    principal: Principal,
    *,
    method: str,
    path: str,
    status: int,
    address: str,
) -> None:
    """Write down a call that changed something, or was not allowed to.

    Raises
    ------
    StorageUnavailableError
        If the log cannot be written.
    """
    entry = AuditEntry(
        at=now,
        actor=principal.actor,
        action=method,
        subject=path[:_LONGEST_PATH],
        outcome="done" if status < 400 else "refused",
        address=address,
        details={"status": status},
    )
    record(database, entry)


def record(database: Database, entry: AuditEntry) -> None:
    """Write an action down in a transaction of its own.

    Raises
    ------
    StorageUnavailableError
        If the log cannot be written.
    """
    with database.write() as transaction:
        record_action(transaction, entry)


def audit_json(record: AuditRecord) -> dict[str, Any]:
    """Write an action with the names of the public interface."""
    entry = record.entry
    return {
        "id": record.number,
        "at": format_time(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "outcome": entry.outcome,
        "address": entry.address or None,
        "details": dict(entry.details),
    }
