"""Looks for slow drifts: charts every healthy sweep, draws the limits, tells both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.measurement.times import format_time
from models.diagnosis import Diagnosis, EstimateState
from models.monitoring import (
    Baseline,
    ChartState,
    baseline_of,
    count_alarms,
    draw_limits,
    is_back,
    is_out,
    normal_score,
    step,
)
from service.alerts.drifts import SLOW_DRIFT
from service.alerts.rules import HEALTHY
from service.operations.presenting import optional_time
from service.storage.alert_records import RuleState
from service.storage.cavities import list_cavities
from service.storage.drifts import (
    DriftChart,
    DriftLimits,
    add_drift_limits,
    get_drift_chart,
    healthy_p_values,
    list_drift_charts,
    list_drift_limits,
    newest_drift_limits,
    put_drift_chart,
)
from service.storage.engine import Database, Transaction
from service.storage.records import SweepRecord
from service.storage.rule_states import fulfilled_subjects, get_rule_state

LEAST_SCORES = 300
"""Healthy sweeps of the fleet before any limit is drawn."""

LEAST_OWN_SCORES = 60
"""Healthy sweeps of a cavity before it has a baseline of its own."""

MOST_SCORES = 4000
"""Newest healthy sweeps of a cavity that limits rest on."""

REDRAW_AFTER = timedelta(days=1)
"""Age at which limits are drawn again, or once they are as old as what they rest on."""

_WEEK_S = 604_800.0
_DAY_S = 86_400.0

Reals = npt.NDArray[np.float64]


def follow_drift(
    transaction: Transaction,
    sweep: SweepRecord,
    diagnosis: Diagnosis,
    known: RuleState | None,
    now: datetime,
) -> RuleState | None:
    """Chart a wide sweep; return where the rule stands then, None where as before.

    Only sweeps that are judged healthy count: what is found in one sweep is the
    business of other rules. Runs in the transaction that stores the diagnosis.

    Parameters
    ----------
    known
        Where the rule stands for the cavity; None where it never stood.
    """
    limits = newest_drift_limits(transaction, diagnosis.model_version)
    if limits is None:
        return _forgotten(known, now)
    p_value = _healthy_p_value(diagnosis)
    if p_value is None:
        return None
    chart = get_drift_chart(transaction, sweep.cavity)
    if chart is not None and sweep.measured_at <= chart.measured_at:
        return None
    state = ChartState()
    if chart is not None and _continues(chart, diagnosis):
        state = chart.state
    score = limits.baseline_of(sweep.cavity).standard(normal_score(p_value))
    state = step(state, score, sweep.measured_at, limits.limits)
    put_drift_chart(
        transaction,
        DriftChart(
            cavity=sweep.cavity,
            model_version=diagnosis.model_version,
            reference_sweep=diagnosis.reference_sweep,
            measured_at=sweep.measured_at,
            state=state,
        ),
    )
    return _standing(sweep.cavity, known, state, limits, now)


@dataclass(frozen=True, slots=True)
class _Series:
    """Healthy scores of a cavity, with the times of their sweeps in seconds."""

    cavity: str
    at_s: Reals
    scores: Reals


def redraw_limits(
    database: Database, model_version: str, now: datetime, *, asked_per_week: float
) -> bool:
    """Draw the limits of a model version anew where it is time; tells whether it did.

    Parameters
    ----------
    asked_per_week
        False alarms of the whole fleet in a week, at most.
    """
    with database.read() as transaction:
        if not _is_due(newest_drift_limits(transaction, model_version), now):
            return False
        series = _series(transaction, model_version)
    if sum(each.scores.size for each in series) < LEAST_SCORES:
        return False
    drawn = _draw(series, model_version, now, asked_per_week)
    with database.write() as transaction:
        add_drift_limits(transaction, drawn)
    return True


@dataclass(frozen=True, slots=True)
class Drifts:
    """The charts of all cavities at one moment.

    Attributes
    ----------
    charts
        By cavity.
    limits
        By model version.
    drifting
        Cavities for which the rule stands fulfilled.
    """

    charts: Mapping[str, DriftChart]
    limits: Mapping[str, DriftLimits]
    drifting: frozenset[str]


def read_drifts(transaction: Transaction) -> Drifts:
    """Read the charts of all cavities, in three statements however many there are."""
    return Drifts(
        charts=list_drift_charts(transaction),
        limits=list_drift_limits(transaction),
        drifting=fulfilled_subjects(transaction, SLOW_DRIFT),
    )


def drift_json(
    drifts: Drifts, cavity: str, model_version: str | None
) -> dict[str, Any] | None:
    """Write where the charts of a cavity stand; None without a model."""
    if model_version is None:
        return None
    limits = drifts.limits.get(model_version)
    if limits is None:
        return {"state": "learning", "needed_sweeps": LEAST_SCORES}
    chart = drifts.charts.get(cavity)
    state = ChartState()
    if chart is not None and chart.model_version == model_version:
        state = chart.state
    return {
        "state": "drifting" if cavity in drifts.drifting else "steady",
        "began_at": optional_time(state.began_at),
        "ewma": state.ewma,
        "ewma_limit": limits.limits.ewma,
        "cusum": state.cusum,
        "cusum_limit": limits.limits.cusum,
        "sweeps": state.count,
        "asked_false_alarms_per_week": limits.asked_per_week,
        "measured_false_alarms_per_day": limits.measured_per_day,
        "healthy_sweeps": limits.sweep_count,
        "healthy_days": limits.span_s / _DAY_S,
        "limits_drawn_at": format_time(limits.drawn_at),
    }


def _healthy_p_value(diagnosis: Diagnosis) -> float | None:
    strange, condition = diagnosis.out_of_distribution, diagnosis.condition
    is_judged = condition.state is EstimateState.ESTIMATED
    if strange.flag or not is_judged or condition.label != HEALTHY:
        return None
    return strange.p_value


def _continues(chart: DriftChart, diagnosis: Diagnosis) -> bool:
    same_model = chart.model_version == diagnosis.model_version
    return same_model and chart.reference_sweep == diagnosis.reference_sweep


def _standing(
    cavity: str,
    known: RuleState | None,
    state: ChartState,
    limits: DriftLimits,
    now: datetime,
) -> RuleState | None:
    was = known is not None and known.is_fulfilled
    stands = not is_back(state, limits.limits) if was else is_out(state, limits.limits)
    if stands == was:
        return None
    return RuleState(
        rule=SLOW_DRIFT,
        subject=cavity,
        is_fulfilled=stands,
        since=now,
        alert_id=None if known is None else known.alert_id,
    )


def _forgotten(known: RuleState | None, now: datetime) -> RuleState | None:
    """End what an earlier model's charts found; the new one's have yet to learn."""
    if known is None or not known.is_fulfilled:
        return None
    return replace(known, is_fulfilled=False, since=now)


def _series(transaction: Transaction, model_version: str) -> list[_Series]:
    found = []
    for cavity in list_cavities(transaction):
        rows = healthy_p_values(transaction, cavity.cavity, model_version, MOST_SCORES)
        rule = get_rule_state(transaction, SLOW_DRIFT, cavity.cavity)
        # What drifts now must not become what is usual.
        if rows and not (rule is not None and rule.is_fulfilled):
            at_s, p_values = zip(*rows, strict=True)
            scores = np.array([normal_score(each) for each in p_values])
            found.append(_Series(cavity.cavity, np.array(at_s), scores))
    return found


def _is_due(known: DriftLimits | None, now: datetime) -> bool:
    if known is None:
        return True
    rests_on = timedelta(seconds=known.span_s)
    return now - known.drawn_at >= min(REDRAW_AFTER, rests_on)


def _draw(
    series: Sequence[_Series], model_version: str, now: datetime, asked_per_week: float
) -> DriftLimits:
    baselines = {"": baseline_of(np.concatenate([s.scores for s in series]).tolist())}
    for each in series:
        if each.scores.size >= LEAST_OWN_SCORES:
            baselines[each.cavity] = baseline_of(each.scores.tolist())
    standard = {
        each.cavity: _standardised(each, baselines.get(each.cavity, baselines[""]))
        for each in series
    }
    per_week = sum(_sweeps_per_week(each) for each in series)
    run_length = max(per_week / asked_per_week, 2.0)
    limits = draw_limits(list(standard.values()), run_length=run_length)
    calls = sum(count_alarms(each, limits) for each in standard.values())
    spans_s = [_span_s(each) for each in series]
    span_s = max(spans_s)
    return DriftLimits(
        model_version=model_version,
        drawn_at=now,
        limits=limits,
        baselines=baselines,
        sweep_count=sum(each.scores.size for each in series),
        span_s=span_s,
        asked_per_week=asked_per_week,
        measured_per_day=calls * _DAY_S / span_s if span_s > 0.0 else 0.0,
    )


def _standardised(series: _Series, baseline: Baseline) -> Reals:
    return np.array([baseline.standard(float(score)) for score in series.scores])


def _sweeps_per_week(series: _Series) -> float:
    if series.at_s.size < 2:
        return 0.0
    # Nights without the DAQ are no sweeps: the usual distance counts, not the span.
    return _WEEK_S / max(float(np.median(np.diff(series.at_s))), 1e-3)


def _span_s(series: _Series) -> float:
    """Return the time that was watched, in seconds: sweeps times their distance."""
    return _WEEK_S * series.at_s.size / max(_sweeps_per_week(series), 1e-9)
