"""Evaluates the rules and turns what they decide into recorded transitions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from instruments.measurement import SweepPurpose
from models.diagnosis import Diagnosis
from service.alerts.rules import (
    RULES,
    WARMING,
    Rule,
    is_fulfilled,
)
from service.alerts.settling import (
    ARRAY,
    Decision,
    Standing,
    settle,
    warm_cavities,
)
from service.config_values import Channel
from service.operations.drifting import follow_drift
from service.operations.observing import limit_k_of, observe
from service.operations.raising import apply_decision
from service.operations.silence import clocked_states
from service.operations.transitions import expire, find_expired, widen
from service.storage.alert_records import AlertRecord, RuleState
from service.storage.alerts import get_alert
from service.storage.cavities import get_cavity, list_cavities
from service.storage.engine import Database, Transaction
from service.storage.records import CavityRecord, SweepRecord
from service.storage.rule_states import (
    get_rule_state,
    list_rule_states,
    lock_rules,
    put_rule_state,
)

HORIZON_S = 3600.0
"""Sweeps older than this, and than ten sweep periods, raise nothing: history that
is read in late is judged, but wakes nobody."""

_HORIZON_PERIODS = 10.0


def evaluate_sweep(
    transaction: Transaction,
    sweep: SweepRecord,
    diagnosis: Diagnosis,
    now: datetime,
    channels: Sequence[Channel],
) -> None:
    """Evaluate the rules that a newly judged sweep may change.

    Runs in the transaction that stores the diagnosis.
    """
    lock_rules(transaction)
    cavity = get_cavity(transaction, sweep.cavity)
    if cavity is None or not cavity.enabled or _is_history(sweep, cavity, now):
        return
    model_version = diagnosis.model_version
    if sweep.purpose is SweepPurpose.WIDE:
        follow_drift(transaction, sweep, diagnosis, now)
    for rule in RULES:
        if rule.purpose is sweep.purpose:
            _stand(transaction, rule, cavity, model_version, now)
    _apply(transaction, model_version, now, channels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the clock alone changes: silence, spools, waiting decisions, old marks."""

    changed: Sequence[RuleState]
    decisions: Sequence[Decision]
    expired: Sequence[AlertRecord]

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.changed or self.decisions or self.expired)


def survey(transaction: Transaction, now: datetime, watching_since: datetime) -> Survey:
    """Look at what the clock changes, and write nothing.

    Parameters
    ----------
    watching_since
        When this process began to watch; silence before it counts for nothing.
    """
    states = list_rule_states(transaction)
    cavities = [cavity for cavity in list_cavities(transaction) if cavity.enabled]
    changed = clocked_states(transaction, cavities, states, now, watching_since)
    states |= {(state.rule, state.subject): state for state in changed}
    return Survey(
        changed=changed,
        decisions=settle(_standings(states), _periods(cavities), now),
        expired=find_expired(transaction, now),
    )


def tick(
    database: Database,
    now: datetime,
    watching_since: datetime,
    channels: Sequence[Channel],
) -> bool:
    """Let the clock act on the rules; takes the write lock only where needed.

    Returns
    -------
    bool
        Whether anything changed.
    """
    with database.read() as transaction:
        if survey(transaction, now, watching_since).is_empty:
            return False
    with database.write() as transaction:
        lock_rules(transaction)
        found = survey(transaction, now, watching_since)
        for state in found.changed:
            put_rule_state(transaction, state)
        expire(transaction, found.expired, now, channels)
        _apply(transaction, None, now, channels)
    return True


def _apply(
    transaction: Transaction,
    model_version: str | None,
    now: datetime,
    channels: Sequence[Channel],
) -> None:
    states = list_rule_states(transaction)
    cavities = [cavity for cavity in list_cavities(transaction) if cavity.enabled]
    standings, periods_s = _standings(states), _periods(cavities)
    array = states.get((WARMING.name, ARRAY))
    if array is not None and array.alert_id is not None:
        alert = get_alert(transaction, array.alert_id)
        assert alert is not None
        widen(transaction, alert, warm_cavities(standings, periods_s), now)
    for decision in settle(standings, periods_s, now):
        state = states.get((decision.rule, decision.subject))
        apply_decision(
            transaction,
            decision,
            state=state,
            model_version=model_version,
            now=now,
            channels=channels,
        )


def _stand(
    transaction: Transaction,
    rule: Rule,
    cavity: CavityRecord,
    model_version: str,
    now: datetime,
) -> None:
    state = get_rule_state(transaction, rule.name, cavity.cavity)
    was = state is not None and state.is_fulfilled
    limit_k = limit_k_of(cavity)
    seen = observe(transaction, rule, cavity.cavity, model_version)
    findings = [rule.find(item, limit_k) for item in seen]
    stands = is_fulfilled(rule, findings, was=was)
    if stands != was:
        put_rule_state(
            transaction,
            RuleState(
                rule=rule.name,
                subject=cavity.cavity,
                is_fulfilled=stands,
                since=now,
                alert_id=None if state is None else state.alert_id,
            ),
        )


def _standings(
    states: Mapping[tuple[str, str], RuleState],
) -> dict[tuple[str, str], Standing]:
    return {
        key: Standing(
            is_fulfilled=state.is_fulfilled,
            since=state.since,
            is_alerting=state.alert_id is not None,
        )
        for key, state in states.items()
    }


def _periods(cavities: Sequence[CavityRecord]) -> dict[str, float | None]:
    return {cavity.cavity: cavity.sweep_period_s for cavity in cavities}


def _is_history(sweep: SweepRecord, cavity: CavityRecord, now: datetime) -> bool:
    periods_s = _HORIZON_PERIODS * (cavity.sweep_period_s or 0.0)
    age_s = (now - sweep.measured_at).total_seconds()
    return age_s > max(HORIZON_S, periods_s)
