"""Drops trend points and roll-ups that are older than their tier is kept."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from service.storage import tables
from service.storage.engine import Database, Transaction
from service.storage.times import to_us

_DAY_US = 86_400_000_000
_H = tables.trend_horizon.c


def prune_trends(
    database: Database,
    keep_s: Mapping[int, float],
    now: datetime,
    is_stopped: Callable[[], bool],
) -> int:
    """Drop what is older, in whole days, a day of one series a transaction.

    Parameters
    ----------
    keep_s
        Tier in seconds, 0 for the points, to how long it is kept in seconds.

    Returns
    -------
    int
        How many rows went.
    """
    total = 0
    for tier_s, kept_s in keep_s.items():
        before_us = to_us(now - timedelta(seconds=kept_s)) // _DAY_US * _DAY_US
        with database.write() as transaction:
            _move_horizon(transaction, tier_s, before_us)
            series = transaction.execute(select(tables.trend_series.c.id)).scalars()
            numbers = list(series)
        for number in numbers:
            total += _prune_series(database, number, tier_s, before_us, is_stopped)
    return total


def _prune_series(
    database: Database,
    series_id: int,
    tier_s: int,
    before_us: int,
    is_stopped: Callable[[], bool],
) -> int:
    table, when = _place(tier_s)
    ours = table.c.series_id == series_id
    if tier_s:
        ours &= table.c.tier_s == tier_s
    total = 0
    while not is_stopped():
        with database.read() as transaction:
            oldest = select(func.min(table.c[when])).where(ours)
            oldest_us = transaction.execute(oldest).scalar_one()
        if oldest_us is None or oldest_us >= before_us:
            break
        until_us = min(before_us, (oldest_us // _DAY_US + 1) * _DAY_US)
        with database.write() as transaction:
            gone = delete(table).where(ours, table.c[when] < until_us)
            total += transaction.execute(gone).rowcount
    return total


def _place(tier_s: int) -> tuple[Table, str]:
    if tier_s == 0:
        return tables.trend_point, "at_us"
    return tables.trend_bucket, "start_us"


def _move_horizon(transaction: Transaction, tier_s: int, before_us: int) -> None:
    dialect = sqlite if transaction.dialect.name == "sqlite" else postgresql
    transaction.execute(
        dialect.insert(tables.trend_horizon)
        .values(tier_s=tier_s, before_us=before_us)
        .on_conflict_do_update(
            index_elements=[_H.tier_s],
            set_={"before_us": before_us},
            where=_H.before_us < before_us,
        )
    )
