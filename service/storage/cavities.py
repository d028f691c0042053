"""Registers cavities and reads them back."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from service.storage import tables
from service.storage.engine import Transaction
from service.storage.records import CavityRecord
from service.storage.times import from_us, to_us

_C = tables.cavity.c
_EVERY_CAVITY = select(tables.cavity).order_by(_C.id)

SETTABLE = frozenset(field.name for field in fields(CavityRecord)) - {
    "cavity",
    "registered_at",
}
"""What a registration may set."""


def put_cavity(
    transaction: Transaction, cavity: str, changes: Mapping[str, Any], now: datetime
) -> CavityRecord:
    """Register a cavity, or change the named settings of a registered one."""
    values = {name: value for name, value in changes.items() if name in SETTABLE}
    dialect = sqlite if transaction.dialect.name == "sqlite" else postgresql
    row = {"id": cavity, "enabled": True, "registered_at_us": to_us(now)} | values
    transaction.execute(
        dialect.insert(tables.cavity).values(row).on_conflict_do_nothing()
    )
    if values:
        transaction.execute(update(tables.cavity).where(_C.id == cavity).values(values))
    stored = get_cavity(transaction, cavity)
    assert stored is not None
    return stored


def get_cavity(transaction: Transaction, cavity: str) -> CavityRecord | None:
    """Find one cavity."""
    query = select(tables.cavity).where(_C.id == cavity)
    row = transaction.execute(query).one_or_none()
    return None if row is None else _record(row)


def list_cavities(transaction: Transaction) -> list[CavityRecord]:
    """List all cavities by name."""
    return [_record(row) for row in transaction.execute(_EVERY_CAVITY)]


def _record(row: Row[Any]) -> CavityRecord:
    settings = {name: getattr(row, name) for name in SETTABLE}
    return CavityRecord(
        cavity=row.id, registered_at=from_us(row.registered_at_us), **settings
    )
