"""Evaluates the rules and turns what they decide into recorded transitions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from instruments.measurement import SweepPurpose
from models.diagnosis import Diagnosis
from service.alerts.drifts import SLOW_DRIFT
from service.alerts.rules import (
    RULES,
    WARMING,
    Observation,
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
from service.operations.observing import limit_k_of
from service.operations.raising import apply_decision
from service.operations.silence import clocked_states
from service.operations.transitions import expire, find_expired, widen
from service.storage.alert_records import AlertRecord, RuleState
from service.storage.alerts import get_alert
from service.storage.cavities import list_cavities
from service.storage.engine import Database, Transaction
from service.storage.observations import recent_observations
from service.storage.records import CavityRecord, SweepRecord
from service.storage.rule_states import (
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
    cavities = list_cavities(transaction)
    cavity = next((one for one in cavities if one.cavity == sweep.cavity), None)
    if cavity is None or not cavity.enabled or _is_history(sweep, cavity, now):
        return
    states = list_rule_states(transaction)
    changed = _changed(
        transaction, sweep, diagnosis, cavity=cavity, states=states, now=now
    )
    for state in changed:
        put_rule_state(transaction, state)
        states[state.rule, state.subject] = state
    _apply(
        transaction,
        states,
        cavities,
        model_version=diagnosis.model_version,
        now=now,
        channels=channels,
    )


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
        states = list_rule_states(transaction)
        _apply(
            transaction,
            states,
            list_cavities(transaction),
            model_version=None,
            now=now,
            channels=channels,
        )
    return True


def _apply(
    transaction: Transaction,
    states: Mapping[tuple[str, str], RuleState],
    cavities: Sequence[CavityRecord],
    *,
    model_version: str | None,
    now: datetime,
    channels: Sequence[Channel],
) -> None:
    enabled = [cavity for cavity in cavities if cavity.enabled]
    standings, periods_s = _standings(states), _periods(enabled)
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


def _changed(
    transaction: Transaction,
    sweep: SweepRecord,
    diagnosis: Diagnosis,
    *,
    cavity: CavityRecord,
    states: Mapping[tuple[str, str], RuleState],
    now: datetime,
) -> list[RuleState]:
    """Return where the rules stand from now on that a sweep lets stand otherwise."""
    found: list[RuleState | None] = []
    if sweep.purpose is SweepPurpose.WIDE:
        known = states.get((SLOW_DRIFT, cavity.cavity))
        found.append(follow_drift(transaction, sweep, diagnosis, known, now))
    rules = [rule for rule in RULES if rule.purpose is sweep.purpose]
    if rules:
        depth = max(rule.depth for rule in rules)
        version = diagnosis.model_version
        # One look serves all: each rule takes the newest of it.
        seen = recent_observations(
            transaction, cavity.cavity, sweep.purpose, version, depth
        )
        for rule in rules:
            known = states.get((rule.name, cavity.cavity))
            found.append(_stand(rule, cavity, known, seen[: rule.depth], now))
    return [state for state in found if state is not None]


def _stand(
    rule: Rule,
    cavity: CavityRecord,
    known: RuleState | None,
    seen: Sequence[Observation],
    now: datetime,
) -> RuleState | None:
    """Tell where a rule stands from now on; None where nothing changes."""
    was = known is not None and known.is_fulfilled
    limit_k = limit_k_of(cavity)
    stands = is_fulfilled(rule, [rule.find(item, limit_k) for item in seen], was=was)
    if stands == was:
        return None
    return RuleState(
        rule=rule.name,
        subject=cavity.cavity,
        is_fulfilled=stands,
        since=now,
        alert_id=None if known is None else known.alert_id,
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
