"""Reads trends in the tier that has them whole in few enough rows."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from service.storage import tables
from service.storage.engine import Transaction
from service.storage.times import to_us
from service.storage.trend_writing import TIERS_S

_S = tables.trend_series.c
_P = tables.trend_point.c
_B = tables.trend_bucket.c
_H = tables.trend_horizon.c

_SpanUs = tuple[int | None, int | None]


def read_trend(
    transaction: Transaction,
    cavity: str,
    quantity: str,
    *,
    measured_from: datetime | None,
    measured_to: datetime | None,
    most_rows: int,
) -> tuple[int, list[Row[Any]]]:
    """Read a trend in the finest tier that has it whole in few enough rows.

    Parameters
    ----------
    most_rows
        Most rows of a tier; the coarsest is taken where even it has more.

    Returns
    -------
    tuple
        The tier in seconds (0: the points themselves), and its rows, oldest first:
        ``at_us, value, low, high, sigma`` of points, the columns of
        ``trend_bucket`` otherwise.
    """
    query = select(_S.id).where(_S.cavity == cavity, _S.quantity == quantity)
    number = transaction.execute(query).scalar_one_or_none()
    if number is None:
        return 0, []
    span_us = (
        None if measured_from is None else to_us(measured_from),
        None if measured_to is None else to_us(measured_to),
    )
    horizons = transaction.execute(select(_H.tier_s, _H.before_us))
    whole_since_us = {row.tier_s: row.before_us for row in horizons}
    first_us = _first_us(transaction, number, span_us)
    for tier_s in (0, *TIERS_S[:-1]):
        if first_us is not None and whole_since_us.get(tier_s, first_us) > first_us:
            continue
        count = _count_up_to(transaction, number, tier_s, span_us, most_rows + 1)
        if count <= most_rows:
            return tier_s, _rows(transaction, number, tier_s, span_us)
    return TIERS_S[-1], _rows(transaction, number, TIERS_S[-1], span_us)


def _first_us(transaction: Transaction, series_id: int, span_us: _SpanUs) -> int | None:
    """Return when a trend begins within a span, to a day; None where it is empty."""
    inside = _inside(series_id, TIERS_S[-1], span_us)
    query = select(func.min(_B.start_us)).where(*inside)
    found: int | None = transaction.execute(query).scalar_one()
    return found if found is None else max(found, span_us[0] or found)


def _count_up_to(
    transaction: Transaction,
    series_id: int,
    tier_s: int,
    span_us: _SpanUs,
    limit: int,
) -> int:
    # Counting is the database's work; fetching rows to count them would be ours.
    when = _B.start_us if tier_s else _P.at_us
    inside = select(when).where(*_inside(series_id, tier_s, span_us)).limit(limit)
    query = select(func.count()).select_from(inside.subquery())
    return int(transaction.execute(query).scalar_one())


def _rows(
    transaction: Transaction, series_id: int, tier_s: int, span_us: _SpanUs
) -> list[Row[Any]]:
    table = tables.trend_bucket if tier_s else tables.trend_point
    when = _B.start_us if tier_s else _P.at_us
    query = select(table).where(*_inside(series_id, tier_s, span_us)).order_by(when)
    return list(transaction.execute(query))


def _inside(series_id: int, tier_s: int, span_us: _SpanUs) -> list[Any]:
    first_us, end_us = span_us
    width_us = tier_s * 1_000_000
    conditions: list[Any] = [_P.series_id == series_id]
    when: Any = _P.at_us
    if tier_s:
        conditions = [_B.series_id == series_id, _B.tier_s == tier_s]
        when = _B.start_us
    if first_us is not None:
        # The roll-up in which the interval begins counts as well.
        conditions.append(when > first_us - width_us if tier_s else when >= first_us)
    if end_us is not None:
        conditions.append(when < end_us)
    return conditions
