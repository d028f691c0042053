"""Forgets the records of sweeps of which nothing is left to tell."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, ScalarSelect, delete, exists, select

from service.alerts.rules import HEALTHY
from service.storage import tables
from service.storage.engine import Transaction
from service.storage.model_records import Role
from service.storage.months import id_range, month_start
from service.storage.retention import is_spared, mark_month
from service.storage.times import to_us

_S = tables.sweep.c
_D = tables.diagnosis.c
_P = tables.sweep_payload.c
_M = tables.payload_month.c
_R = tables.reading.c
_NEWER = tables.sweep.alias("newer").c

_DAY_US = 86_400_000_000
_ESTIMATED = "estimated"


def months_to_forget(transaction: Transaction, before: datetime) -> list[str]:
    """List the months that ended before a time, whose samples were dropped."""
    query = select(_M.month).where(
        _M.expired_at_us.is_not(None), _M.forgotten_at_us.is_(None)
    )
    months = transaction.execute(query.order_by(_M.month)).scalars()
    return [month for month in months if month_start(month, 1) <= before]


def forget(
    transaction: Transaction, month: str, after: str, limit: int
) -> tuple[str, int]:
    """Delete the next uneventful sweeps of a month with all that was said of them.

    Trends stay, and so does every sweep that was judged ill or strange, that an alert
    names, that retention spares, that is the newest of its cavity and purpose, or
    that arrived or was judged last: the next number is one more than theirs.

    Returns
    -------
    tuple
        The last id that was deleted, "" where the month is through, and how many
        sweeps went.
    """
    first, last = id_range(month)
    query = (
        select(_S.id)
        .where(_S.id >= first, _S.id < last, _S.id > after, ~_is_eventful())
        .order_by(_S.id)
        .limit(limit)
    )
    ids = list(transaction.execute(query).scalars())
    if not ids:
        return "", 0
    for table in (tables.label, tables.diagnosis):
        transaction.execute(delete(table).where(table.c.sweep_id.in_(ids)))
    transaction.execute(delete(tables.sweep).where(_S.id.in_(ids)))
    return ids[-1], len(ids)


def mark_forgotten(transaction: Transaction, month: str, now: datetime) -> None:
    """Remember that a month is through."""
    mark_month(transaction, month, "forgotten_at_us", now)


def forget_readings(transaction: Transaction, before: datetime) -> int | None:
    """Delete the readings of the oldest day that ended before a time.

    Returns
    -------
    int or None
        How many went; None where there is no such day.
    """
    before_us = to_us(before) // _DAY_US * _DAY_US
    # The last to arrive stays: the next number is one more than its.
    others = _R.id < _highest(_R.id)
    oldest = select(_R.measured_at_us).where(others).order_by(_R.measured_at_us)
    oldest_us = transaction.execute(oldest.limit(1)).scalar_one_or_none()
    if oldest_us is None or oldest_us >= before_us:
        return None
    until_us = min(before_us, (oldest_us // _DAY_US + 1) * _DAY_US)
    gone = delete(tables.reading).where(_R.measured_at_us < until_us, others)
    return int(transaction.execute(gone).rowcount)


def _is_eventful() -> ColumnElement[bool]:
    is_ill = (_D.condition_state == _ESTIMATED) & (_D.condition_label != HEALTHY)
    judged = exists().where(
        _D.sweep_id == _S.id,
        _D.role == Role.LIVE.value,
        is_ill | _D.out_of_distribution,
    )
    newer = exists().where(
        _NEWER.cavity == _S.cavity,
        _NEWER.purpose == _S.purpose,
        _NEWER.measured_at_us > _S.measured_at_us,
    )
    named = select(tables.alert.c.sweep_id).where(tables.alert.c.sweep_id.is_not(None))
    return (
        is_spared()
        | exists().where(_P.sweep_id == _S.id)
        | judged
        | ~newer
        | exists().where(_D.sweep_id == _S.id, _D.id == _highest(_D.id))
        | (_S.arrival.is_not(None) & (_S.arrival == _highest(_S.arrival)))
        | _S.id.in_(named)
    )


def _highest(column: Column[Any]) -> ScalarSelect[Any]:
    """Find the last number of a table; a partial index of it is enough."""
    number = column.table.alias().c[column.name]
    query = select(number).where(number > 0).order_by(number.desc())
    return query.limit(1).scalar_subquery()
