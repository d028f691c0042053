"""Carries out a decision of the rules: a stored alert, raised or cleared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from instruments.measurement import SweepPurpose
from instruments.measurement.poller_status import CavityMode
from service.alerts.drifts import SLOW_DRIFT, explain_drift
from service.alerts.modes import MODE_LOST, explain_mode
from service.alerts.rules import NO_DATA, RECEIVER_CONDITION, RULES, Rule
from service.alerts.settling import ARRAY, Decision
from service.alerts.spools import SPOOL_FILLING, explain_spools
from service.alerts.transition import Action, AlertState
from service.alerts.wording import explain, explain_end, newest_label, word
from service.config_values import Channel
from service.operations.observing import limit_k_of, observe
from service.operations.polling import read_cavity_modes
from service.operations.transitions import Cause, transit
from service.storage.alert_records import AlertRecord, RuleState
from service.storage.alerts import (
    find_open_alert,
    get_alert,
    insert_alert,
    update_alert,
)
from service.storage.cavities import get_cavity
from service.storage.drifts import get_drift_chart, newest_drift_limits
from service.storage.engine import Transaction
from service.storage.identifiers import name_alert
from service.storage.mode_tracks import get_mode_track
from service.storage.pollers import list_pollers
from service.storage.rule_states import put_rule_state
from service.storage.sweep_queries import SweepFilter, list_sweeps

_BY_NAME = {rule.name: rule for rule in RULES}
_COMMON_CAUSE_SEVERITY = "critical"
_PLUMBING_SEVERITY = "major"
_SEVERITIES = {MODE_LOST: "minor", SLOW_DRIFT: "minor"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """What the last sweeps say for a decision."""

    reason: str
    label: str | None = None
    sweep_id: str | None = None
    measured_at: datetime | None = None


def apply_decision(
    transaction: Transaction,
    decision: Decision,
    *,
    state: RuleState | None,
    model_version: str | None,
    now: datetime,
    channels: Sequence[Channel],
) -> None:
    """Raise or clear the alert of a decision and remember which one it is.

    Parameters
    ----------
    state
        Where the rule stands for the subject; None where it never stood.
    """
    evidence = _gather(transaction, decision, model_version, now)
    cause = Cause(reason=evidence.reason, now=now)
    if decision.action is Action.RAISE:
        alert = _open(transaction, decision, evidence, now)
        transit(transaction, alert, Action.RAISE, cause, channels)
        alert_id: str | None = alert.alert_id
    else:
        assert state is not None
        stored = get_alert(transaction, str(state.alert_id))
        assert stored is not None
        transit(transaction, stored, Action.CLEAR, cause, channels)
        alert_id = None
    put_rule_state(
        transaction,
        RuleState(
            rule=decision.rule,
            subject=decision.subject,
            is_fulfilled=state.is_fulfilled if state else True,
            since=state.since if state else now,
            alert_id=alert_id,
        ),
    )


def _open(
    transaction: Transaction, decision: Decision, evidence: _Evidence, now: datetime
) -> AlertRecord:
    """Return the alert to raise: the unseen one of last time, or a new one."""
    fresh = _compose(decision, evidence, now)
    unseen = find_open_alert(
        transaction,
        decision.rule,
        fresh.cavity,
        AlertState.CLEARED_UNACKNOWLEDGED.value,
    )
    if unseen is None:
        insert_alert(transaction, fresh)
        return fresh
    again = replace(fresh, alert_id=unseen.alert_id, state=unseen.state)
    update_alert(transaction, again)
    return again


def _compose(decision: Decision, evidence: _Evidence, now: datetime) -> AlertRecord:
    is_array = decision.subject == ARRAY
    wording = word(decision.rule, is_array=is_array, label=evidence.label)
    rule = _BY_NAME.get(decision.rule)
    severity = _SEVERITIES.get(decision.rule, _PLUMBING_SEVERITY)
    if rule is not None:
        severity = rule.severity
    if is_array and rule is not None:
        severity = _COMMON_CAUSE_SEVERITY
    return AlertRecord(
        alert_id=name_alert(now),
        rule=decision.rule,
        scope="array" if is_array else "cavity",
        cavity=None if is_array else decision.subject,
        cavities=decision.cavities,
        severity=severity,
        title=wording.title,
        cause=wording.cause,
        action=wording.action,
        state=AlertState.NORMAL.value,
        reason=evidence.reason,
        sweep_id=evidence.sweep_id,
        sweep_measured_at=evidence.measured_at,
        raised_at=now,
    )


def _gather(
    transaction: Transaction,
    decision: Decision,
    model_version: str | None,
    now: datetime,
) -> _Evidence:
    is_raise = decision.action is Action.RAISE
    if decision.rule == NO_DATA:
        return _Evidence(reason=_explain_silence(transaction, decision, now))
    if decision.rule == SPOOL_FILLING:
        return _Evidence(reason=explain_spools(list_pollers(transaction)))
    if decision.rule == MODE_LOST:
        return _of_track(transaction, decision.subject)
    if decision.rule == SLOW_DRIFT:
        return _of_charts(transaction, decision.subject)
    if decision.subject == ARRAY:
        named = ", ".join(decision.cavities)
        reason = f"a warming receiver in {named}" if is_raise else "no cavity is warm"
        return _newest(transaction, decision, model_version, reason)
    return _of_cavity(transaction, decision, model_version)


def _explain_silence(
    transaction: Transaction, decision: Decision, now: datetime
) -> str:
    if decision.action is Action.RAISE:
        return "no wide sweep came for more than three sweep periods"
    poller, told = read_cavity_modes(transaction, now).get(
        decision.subject, (None, None)
    )
    if told is not None and told.mode is not CavityMode.POLLED:
        return f"{poller} has {told.mode.value} the cavity"
    return "wide sweeps come again"


def _of_track(transaction: Transaction, cavity: str) -> _Evidence:
    kept = get_mode_track(transaction, cavity)
    if kept is None:
        return _Evidence(reason="the track of the mode is gone")
    track = kept.track
    reason = explain_mode(track.reason, track.mode.resonant_frequency_hz)
    return _with_newest(transaction, cavity, SweepPurpose.TRANSMISSION, reason)


def _with_newest(
    transaction: Transaction, cavity: str, purpose: SweepPurpose, reason: str
) -> _Evidence:
    found = list_sweeps(transaction, SweepFilter(cavity=cavity, purpose=purpose), 1)
    if not found:
        return _Evidence(reason=reason)
    newest = found[0]
    return _Evidence(
        reason=reason, sweep_id=newest.sweep_id, measured_at=newest.measured_at
    )


def _of_charts(transaction: Transaction, cavity: str) -> _Evidence:
    chart = get_drift_chart(transaction, cavity)
    if chart is None:
        return _Evidence(reason="the charts of the cavity are gone")
    drawn = newest_drift_limits(transaction, chart.model_version)
    assert drawn is not None
    reason = explain_drift(
        chart.state.began_at,
        ewma=(chart.state.ewma, drawn.limits.ewma),
        cusum=(chart.state.cusum, drawn.limits.cusum),
    )
    return _with_newest(transaction, cavity, SweepPurpose.WIDE, reason)


def _of_cavity(
    transaction: Transaction, decision: Decision, model_version: str | None
) -> _Evidence:
    cavity = get_cavity(transaction, decision.subject)
    assert cavity is not None
    if not cavity.enabled:
        return _Evidence(reason="the cavity was disabled")
    rule: Rule = _BY_NAME[decision.rule]
    limit_k = limit_k_of(cavity)
    seen = observe(transaction, rule, cavity.cavity, model_version)
    say = explain if decision.action is Action.RAISE else explain_end
    reason = say(rule, seen, limit_k)
    return _Evidence(
        reason=reason,
        label=newest_label(seen, limit_k) if rule is RECEIVER_CONDITION else None,
        sweep_id=seen[0].sweep_id if seen else None,
        measured_at=seen[0].measured_at if seen else None,
    )


def _newest(
    transaction: Transaction, decision: Decision, model_version: str | None, reason: str
) -> _Evidence:
    """Take the newest sweep of the cavities that an array alert names."""
    rule = _BY_NAME[decision.rule]
    newest = [
        seen[0]
        for cavity in decision.cavities
        if (seen := observe(transaction, rule, cavity, model_version))
    ]
    if not newest:
        return _Evidence(reason=reason)
    last = max(newest, key=lambda item: item.measured_at)
    return _Evidence(
        reason=reason, sweep_id=last.sweep_id, measured_at=last.measured_at
    )
