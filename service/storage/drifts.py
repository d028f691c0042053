"""The charts that look for slow drifts: their limits, and where each cavity stands."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, bindparam, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from instruments.measurement import SweepPurpose
from models.monitoring.charts import Baseline, ChartState, Limits
from service.alerts.rules import HEALTHY
from service.storage import tables
from service.storage.engine import Transaction
from service.storage.model_records import Role
from service.storage.times import from_us, to_us

_C = tables.drift_chart.c
_L = tables.drift_limits.c
_D = tables.diagnosis.c

# Built once: every judged wide sweep asks.
_CHART = select(tables.drift_chart).where(_C.cavity == bindparam("cavity"))
_NEWEST_LIMITS = (
    select(tables.drift_limits)
    .where(_L.model_version == bindparam("model_version"))
    .order_by(_L.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftChart:
    """Where the charts of a cavity stand.

    Attributes
    ----------
    reference_sweep
        What its sweeps were compared with; another one begins the charts anew.
    measured_at
        The last sweep that was charted.
    """

    cavity: str
    model_version: str
    reference_sweep: str | None
    measured_at: datetime
    state: ChartState


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftLimits:
    """Limits that were drawn from healthy sweeps, and how they did on them.

    Attributes
    ----------
    baselines
        Cavity to what its healthy scores look like; ``""`` is the whole fleet's.
    sweep_count, span_s
        Healthy sweeps that they rest on, and the time that they span.
    asked_per_week
        False alarms of the fleet that were asked for, at most.
    measured_per_day
        Calls of the charts on those healthy sweeps, for the fleet and a day.
    """

    model_version: str
    drawn_at: datetime
    limits: Limits
    baselines: Mapping[str, Baseline]
    sweep_count: int
    span_s: float
    asked_per_week: float
    measured_per_day: float

    def baseline_of(self, cavity: str) -> Baseline:
        """Return the baseline of a cavity, or the fleet's."""
        return self.baselines.get(cavity, self.baselines[""])


def put_drift_chart(transaction: Transaction, chart: DriftChart) -> None:
    """Remember where the charts of a cavity stand."""
    state = chart.state
    values = {
        "model_version": chart.model_version,
        "reference_sweep": chart.reference_sweep,
        "measured_at_us": to_us(chart.measured_at),
        "ewma": state.ewma,
        "cusum": state.cusum,
        "began_at_us": None if state.began_at is None else to_us(state.began_at),
        "count": state.count,
    }
    dialect = sqlite if transaction.dialect.name == "sqlite" else postgresql
    transaction.execute(
        dialect.insert(tables.drift_chart)
        .values(cavity=chart.cavity, **values)
        .on_conflict_do_update(index_elements=[_C.cavity], set_=values)
    )


def get_drift_chart(transaction: Transaction, cavity: str) -> DriftChart | None:
    """Return where the charts of a cavity stand."""
    row = transaction.execute(_CHART, {"cavity": cavity}).one_or_none()
    return None if row is None else _chart(row)


def list_drift_charts(transaction: Transaction) -> dict[str, DriftChart]:
    """Return where the charts of every cavity stand, by cavity."""
    rows = transaction.execute(select(tables.drift_chart))
    return {row.cavity: _chart(row) for row in rows}


def add_drift_limits(transaction: Transaction, drawn: DriftLimits) -> None:
    """Keep newly drawn limits; the older ones stay."""
    record = {
        "baselines": {name: asdict(each) for name, each in drawn.baselines.items()},
        "sweep_count": drawn.sweep_count,
        "span_s": drawn.span_s,
        "asked_per_week": drawn.asked_per_week,
        "measured_per_day": drawn.measured_per_day,
    }
    transaction.execute(
        insert(tables.drift_limits).values(
            model_version=drawn.model_version,
            drawn_at_us=to_us(drawn.drawn_at),
            ewma=drawn.limits.ewma,
            cusum=drawn.limits.cusum,
            record=orjson.dumps(record).decode(),
        )
    )


def newest_drift_limits(
    transaction: Transaction, model_version: str
) -> DriftLimits | None:
    """Return the limits in force for the sweeps of a model version."""
    asked = {"model_version": model_version}
    row = transaction.execute(_NEWEST_LIMITS, asked).one_or_none()
    return None if row is None else _limits(row)


def list_drift_limits(transaction: Transaction) -> dict[str, DriftLimits]:
    """Return the limits in force, by model version."""
    newest = select(func.max(_L.id)).group_by(_L.model_version)
    query = select(tables.drift_limits).where(_L.id.in_(newest.scalar_subquery()))
    return {row.model_version: _limits(row) for row in transaction.execute(query)}


def healthy_p_values(
    transaction: Transaction, cavity: str, model_version: str, limit: int
) -> list[tuple[float, float]]:
    """List what a model said of the healthy wide sweeps of a cavity, oldest first.

    Returns
    -------
    list
        Pairs of seconds since 1970 and p-value, the newest ``limit``.
    """
    query = (
        select(_D.measured_at_us, _D.p_value)
        .where(
            _D.cavity == cavity,
            # Kept from the index of purposes: that of models has far fewer rows.
            _D.purpose.concat("") == SweepPurpose.WIDE.value,
            _D.model_version == model_version,
            _D.role == Role.LIVE.value,
            _D.condition_label == HEALTHY,
            _D.out_of_distribution.is_(False),
            _D.p_value.is_not(None),
        )
        .order_by(_D.measured_at_us.desc(), _D.id.desc())
        .limit(limit)
    )
    rows = transaction.execute(query).all()
    return [(row.measured_at_us / 1e6, float(row.p_value)) for row in reversed(rows)]


def _chart(row: Row[Any]) -> DriftChart:
    began = row.began_at_us
    return DriftChart(
        cavity=row.cavity,
        model_version=row.model_version,
        reference_sweep=row.reference_sweep,
        measured_at=from_us(row.measured_at_us),
        state=ChartState(
            ewma=row.ewma,
            cusum=row.cusum,
            began_at=None if began is None else from_us(began),
            count=row._mapping["count"],  # noqa: SLF001 - a row's own count is a method
        ),
    )


def _limits(row: Row[Any]) -> DriftLimits:
    record = orjson.loads(row.record)
    return DriftLimits(
        model_version=row.model_version,
        drawn_at=from_us(row.drawn_at_us),
        limits=Limits(ewma=row.ewma, cusum=row.cusum),
        baselines={
            name: Baseline(**each) for name, each in record.pop("baselines").items()
        },
        **record,
    )
