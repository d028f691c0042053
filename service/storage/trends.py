"""Reads the narrow columns of diagnoses over time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from instruments.measurement import SweepPurpose
from service.storage import tables
from service.storage.engine import Transaction
from service.storage.model_records import Role
from service.storage.times import to_us

_D = tables.diagnosis.c

MAX_TREND_ROWS = 200_000
"""Most diagnoses that one trend looks at, newest first."""


def trend(
    transaction: Transaction,
    cavity: str,
    purposes: Sequence[SweepPurpose],
    columns: Sequence[str],
    *,
    measured_from: datetime | None,
    measured_to: datetime | None,
) -> list[tuple[Any, ...]]:
    """Read columns over time, oldest first.

    Returns
    -------
    list
        Rows of (seconds since 1970, column, column, ...).
    """
    query = select(_D.measured_at_us, *(_D[name] for name in columns)).where(
        _D.cavity == cavity,
        _D.purpose.in_([purpose.value for purpose in purposes]),
        _D.role == Role.LIVE.value,
    )
    if measured_from is not None:
        query = query.where(_D.measured_at_us >= to_us(measured_from))
    if measured_to is not None:
        query = query.where(_D.measured_at_us < to_us(measured_to))
    query = query.order_by(_D.measured_at_us.desc(), _D.id.desc()).limit(MAX_TREND_ROWS)
    rows = [(row[0] / 1e6, *row[1:]) for row in transaction.execute(query)]
    return rows[::-1]
