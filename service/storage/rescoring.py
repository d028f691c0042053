"""Finds the sweeps that a model version has not judged."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, tuple_

from service.storage import tables
from service.storage.engine import Transaction
from service.storage.records import SweepRecord
from service.storage.sweep_queries import get_sweeps
from service.storage.times import to_us

_S = tables.sweep.c
_D = tables.diagnosis.c


@dataclass(frozen=True, slots=True, kw_only=True)
class RescoreWindow:
    """Which sweeps a model shall judge in hindsight; the time is half open."""

    version: str
    cavity: str | None
    measured_from: datetime
    measured_to: datetime


def count_unjudged(transaction: Transaction, window: RescoreWindow) -> int:
    """Count the sweeps of a window that the version has not judged."""
    query = _narrow(select(func.count()).select_from(tables.sweep), window)
    return int(transaction.execute(query).scalar_one())


def list_unjudged(
    transaction: Transaction,
    window: RescoreWindow,
    after: tuple[int, str] | None,
    limit: int,
) -> list[tuple[int, SweepRecord]]:
    """List sweeps that the version has not judged, oldest first.

    Parameters
    ----------
    after
        Only sweeps behind this (measured_at_us, id).

    Returns
    -------
    list
        Pairs of the measurement time in microseconds and the sweep.
    """
    query = _narrow(select(_S.measured_at_us, _S.id), window)
    query = query.order_by(_S.measured_at_us, _S.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(_S.measured_at_us, _S.id) > after)
    rows = transaction.execute(query).all()
    sweeps = get_sweeps(transaction, [row.id for row in rows])
    return [(int(row.measured_at_us), sweeps[row.id]) for row in rows]


def _narrow(query: Select[Any], window: RescoreWindow) -> Select[Any]:
    judged = select(_D.id).where(
        _D.sweep_id == _S.id, _D.model_version == window.version
    )
    query = query.where(
        _S.measured_at_us >= to_us(window.measured_from),
        _S.measured_at_us < to_us(window.measured_to),
        ~judged.exists(),
    )
    return query if window.cavity is None else query.where(_S.cavity == window.cavity)
