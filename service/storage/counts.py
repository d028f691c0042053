"""Counts what is stored."""

from dataclasses import dataclass

from sqlalchemy import func, select

from service.storage import tables
from service.storage.engine import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCounts:
    """How many rows of each kind there are."""

    sweeps: int
    diagnoses: int
    readings: int
    alerts: int


def count_stored(transaction: Transaction) -> StoredCounts:
    """Count sweeps, diagnoses, readings and alerts."""
    found = {
        name: transaction.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in (
            ("sweeps", tables.sweep),
            ("diagnoses", tables.diagnosis),
            ("readings", tables.reading),
            ("alerts", tables.alert),
        )
    }
    return StoredCounts(**found)
