"""Counts what is stored."""

from dataclasses import dataclass

from sqlalchemy import func, select

from service.storage import tables
from service.storage.engine import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCounts:
    """How many rows of each kind there are."""

    sweep_count: int
    diagnosis_count: int
    reading_count: int
    alert_count: int


def count_stored(transaction: Transaction) -> StoredCounts:
    """Count sweeps, diagnoses, readings and alerts."""
    found = {
        name: transaction.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in (
            ("sweep_count", tables.sweep),
            ("diagnosis_count", tables.diagnosis),
            ("reading_count", tables.reading),
            ("alert_count", tables.alert),
        )
    }
    return StoredCounts(**found)
