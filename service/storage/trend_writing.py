"""Writes trends: a narrow table of estimates over time, its roll-ups in step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, and_, bindparam, case, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from instruments.measurement import SweepPurpose
from models.diagnosis import Diagnosis
from service.storage import tables
from service.storage.engine import Transaction
from service.storage.records import SweepRecord
from service.storage.times import to_us

TIERS_S = (60, 3600, 86_400)
"""Widths of the roll-ups: minute, hour, day."""

_S = tables.trend_series.c
_P = tables.trend_point.c
_B = tables.trend_bucket.c
_H = tables.trend_horizon.c

# Statements are built once: building one takes longer than running it.
_SERIES = (
    select(
        _S.quantity,
        _S.id,
        _P.at_us,
        select(func.max(_H.before_us))
        .where(_H.tier_s == 0)
        .scalar_subquery()
        .label("before_us"),
    )
    .outerjoin(
        tables.trend_point, and_(_P.series_id == _S.id, _P.at_us == bindparam("at_us"))
    )
    .where(
        _S.cavity == bindparam("cavity"),
        _S.quantity.in_(bindparam("quantities", expanding=True)),
    )
)


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One estimate, or the place where one is missing.

    Attributes
    ----------
    value
        The estimate; None where nothing could be told.
    low, high
        5 % and 95 % quantile, where the estimate has them.
    sigma
        Standard deviation, where it has one.
    """

    quantity: str
    value: float | None
    low: float | None = None
    high: float | None = None
    sigma: float | None = None


def points_of(sweep: SweepRecord, diagnosis: Diagnosis) -> list[TrendPoint]:
    """Return what a diagnosis adds to the trends of its cavity."""
    if sweep.purpose is SweepPurpose.WIDE:
        return [
            TrendPoint(name, estimate.median, estimate.p05, estimate.p95)
            for name, estimate in (
                ("temperature_k", diagnosis.temperature_k),
                ("magnetic_field_tesla", diagnosis.magnetic_field_tesla),
            )
        ]
    fit = diagnosis.resonance
    if sweep.purpose is SweepPurpose.REFLECTION:
        beta = (
            (None, None)
            if fit is None
            else (fit.coupling_beta, fit.coupling_beta_sigma)
        )
        return [TrendPoint("coupling_beta", beta[0], sigma=beta[1])]
    if fit is None:
        return [TrendPoint("resonant_frequency_hz", None), TrendPoint("loaded_q", None)]
    return [
        TrendPoint(
            "resonant_frequency_hz",
            fit.resonant_frequency_hz,
            sigma=fit.resonant_frequency_sigma_hz,
        ),
        TrendPoint("loaded_q", fit.loaded_q, sigma=fit.loaded_q_sigma),
    ]


def record_trends(
    transaction: Transaction,
    cavity: str,
    measured_at: datetime,
    points: Sequence[TrendPoint],
) -> None:
    """Add estimates of one time to the trends of a cavity, roll-ups included.

    A time that stands there already, as when another model judges the sweep again,
    gets the new value. What is older than the points that are kept changes nothing.
    """
    at_us = to_us(measured_at)
    names = [point.quantity for point in points]
    series = {row.quantity: row for row in _series(transaction, cavity, names, at_us)}
    before_us = series[names[0]].before_us
    if before_us is not None and at_us < before_us:
        return
    rows = [_point_row(series[point.quantity].id, at_us, point) for point in points]
    transaction.execute(_upsert_points(transaction.dialect.name), rows)
    known = {row.id for row in series.values() if row.at_us is not None}
    fresh = [row for row in rows if row["series_id"] not in known]
    if fresh:
        buckets = [_bucket(row, tier_s) for row in fresh for tier_s in TIERS_S]
        transaction.execute(_add_to_buckets(transaction.dialect.name), buckets)
    for number in sorted(known):
        for tier_s in TIERS_S:
            _recompute(transaction, number, tier_s, at_us)


def _series(
    transaction: Transaction, cavity: str, quantities: Sequence[str], at_us: int
) -> Sequence[Row[Any, Any, Any, Any]]:
    """Return each series with the point that stands at a time, made where missing."""
    wanted = {"cavity": cavity, "quantities": list(quantities), "at_us": at_us}
    found = transaction.execute(_SERIES, wanted).all()
    missing = set(quantities) - {row.quantity for row in found}
    if not missing:
        return found
    rows = [{"cavity": cavity, "quantity": name} for name in sorted(missing)]
    insert = _dialect(transaction.dialect.name).insert(tables.trend_series)
    transaction.execute(insert.values(rows).on_conflict_do_nothing())
    return transaction.execute(_SERIES, wanted).all()


def _point_row(series_id: int, at_us: int, point: TrendPoint) -> dict[str, Any]:
    return {
        "series_id": series_id,
        "at_us": at_us,
        "value": point.value,
        "low": point.low,
        "high": point.high,
        "sigma": point.sigma,
    }


@cache
def _upsert_points(dialect: str) -> Any:
    statement = _dialect(dialect).insert(tables.trend_point)
    names = ("value", "low", "high", "sigma")
    return statement.on_conflict_do_update(
        index_elements=[_P.series_id, _P.at_us],
        set_={name: statement.excluded[name] for name in names},
    )


def _bucket(row: dict[str, Any], tier_s: int) -> dict[str, Any]:
    width_us = tier_s * 1_000_000
    value = row["value"]
    at_us = None if value is None else row["at_us"]
    return {
        "series_id": row["series_id"],
        "tier_s": tier_s,
        "start_us": row["at_us"] // width_us * width_us,
        "count": 0 if value is None else 1,
        "total": 0.0 if value is None else value,
        "minimum": value,
        "minimum_at_us": at_us,
        "maximum": value,
        "maximum_at_us": at_us,
        "low": row["low"],
        "high": row["high"],
        "sigma": row["sigma"],
    }


@cache
def _add_to_buckets(dialect: str) -> Any:
    statement = _dialect(dialect).insert(tables.trend_bucket)
    new = statement.excluded

    def better(name: str, *, lower: bool) -> Any:
        old = _B[name]
        beats = new[name] < old if lower else new[name] > old
        return or_(old.is_(None), beats)

    def extreme(name: str, taken: str, *, lower: bool) -> Any:
        wins = and_(new[name].is_not(None), better(name, lower=lower))
        return case((wins, new[taken]), else_=_B[taken])

    changes = {"count": _B.count + new.count, "total": _B.total + new.total}
    for name, lower in (("minimum", True), ("maximum", False)):
        changes[name] = extreme(name, name, lower=lower)
        changes[f"{name}_at_us"] = extreme(name, f"{name}_at_us", lower=lower)
    for name, lower in (("low", True), ("high", False), ("sigma", False)):
        changes[name] = extreme(name, name, lower=lower)
    return statement.on_conflict_do_update(
        index_elements=[_B.series_id, _B.tier_s, _B.start_us], set_=changes
    )


def _recompute(
    transaction: Transaction, series_id: int, tier_s: int, at_us: int
) -> None:
    """Roll one bucket up again from its points, after one of them has changed."""
    width_us = tier_s * 1_000_000
    start_us = at_us // width_us * width_us
    query = select(tables.trend_point).where(
        _P.series_id == series_id, _P.at_us >= start_us, _P.at_us < start_us + width_us
    )
    points = [dict(row) for row in transaction.execute(query).mappings()]
    told = [point for point in points if point["value"] is not None]
    bucket = _bucket(points[0], tier_s)
    if told:
        least = min(told, key=lambda point: point["value"])
        most = max(told, key=lambda point: point["value"])
        bucket |= {
            "count": len(told),
            "total": sum(point["value"] for point in told),
            "minimum": least["value"],
            "minimum_at_us": least["at_us"],
            "maximum": most["value"],
            "maximum_at_us": most["at_us"],
        }
    for name, pick in (("low", min), ("high", max), ("sigma", max)):
        found = [point[name] for point in points if point[name] is not None]
        bucket[name] = pick(found) if found else None
    transaction.execute(
        tables.trend_bucket.update()
        .where(_B.series_id == series_id, _B.tier_s == tier_s, _B.start_us == start_us)
        .values(bucket)
    )


def _dialect(name: str) -> Any:
    return sqlite if name == "sqlite" else postgresql
