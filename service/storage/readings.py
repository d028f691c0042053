"""Stores readings, each once, and reads them back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from instruments.measurement import Reading
from service.storage import arrivals, tables
from service.storage.engine import Transaction
from service.storage.times import from_us, to_us

_R = tables.reading.c


def insert_readings(transaction: Transaction, readings: Sequence[Reading]) -> int:
    """Store readings; one that is there already is left as it is.

    Returns
    -------
    int
        How many were new.
    """
    rows = [
        {
            "name": reading.name,
            "cavity": reading.cavity or "",
            "source": reading.source or "",
            "measured_at_us": to_us(reading.measured_at),
            "value": float(reading.value),
        }
        for reading in readings
    ]
    dialect = sqlite if transaction.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(tables.reading).on_conflict_do_nothing()
    arrivals.hold(transaction, arrivals.READINGS)
    inserted = 0
    for start in range(0, len(rows), 500):
        result = transaction.execute(
            statement.values(rows[start : start + 500]).returning(_R.id)
        )
        inserted += len(result.all())
    return inserted


def list_readings(
    transaction: Transaction,
    *,
    name: str | None = None,
    cavity: str | None = None,
    measured_from: datetime | None = None,
    measured_to: datetime | None = None,
    limit: int = 1000,
) -> list[Reading]:
    """List readings, newest first, at most ``limit``."""
    query = select(tables.reading).order_by(_R.measured_at_us.desc(), _R.id.desc())
    if name is not None:
        query = query.where(_R.name == name)
    if cavity is not None:
        query = query.where(_R.cavity == cavity)
    if measured_from is not None:
        query = query.where(_R.measured_at_us >= to_us(measured_from))
    if measured_to is not None:
        query = query.where(_R.measured_at_us < to_us(measured_to))
    return [
        Reading(
            name=row.name,
            value=row.value,
            measured_at=from_us(row.measured_at_us),
            cavity=row.cavity or None,
            source=row.source or None,
        )
        for row in transaction.execute(query.limit(limit))
    ]
