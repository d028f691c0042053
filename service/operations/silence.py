"""What the clock alone makes of the rules: silent cavities and filling spools."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from instruments.measurement import SweepPurpose
from instruments.measurement.poller_status import CavityMode, CavityStatus
from service.alerts.rules import NO_DATA, NO_DATA_CLEAR_COUNT, is_silent
from service.alerts.settling import ARRAY
from service.alerts.spools import SPOOL_FILLING, HeardPoller, is_spool_filling
from service.operations.polling import cavity_modes
from service.storage.alert_records import RuleState
from service.storage.engine import Transaction
from service.storage.pollers import list_pollers
from service.storage.records import CavityRecord
from service.storage.sweep_queries import count_wide_sweeps, newest_sweep

States = Mapping[tuple[str, str], RuleState]
"""Where the rules stand, by (rule, subject)."""


def clocked_states(
    transaction: Transaction,
    cavities: Sequence[CavityRecord],
    states: States,
    now: datetime,
    watching_since: datetime,
) -> list[RuleState]:
    """Return the states that have changed since they were stored.

    Parameters
    ----------
    cavities
        The enabled ones.
    watching_since
        When this process began to watch; silence before it counts for nothing.
    """
    pollers = list_pollers(transaction)
    modes = cavity_modes(pollers, now)
    found = [_spools(pollers, states, now)]
    for cavity in cavities:
        mode = modes.get(cavity.cavity)
        told = None if mode is None else mode[1]
        state = states.get((NO_DATA, cavity.cavity))
        last = max(_last_word(transaction, cavity, told, now), watching_since)
        found.append(_silence(transaction, cavity, told, state, (last, now)))
    return [state for state in found if state is not None]


def _spools(
    pollers: Sequence[HeardPoller], states: States, now: datetime
) -> RuleState | None:
    state = states.get((SPOOL_FILLING, ARRAY))
    was = state is not None and state.is_fulfilled
    stands = is_spool_filling(pollers, now, was=was)
    if stands == was:
        return None
    return RuleState(
        rule=SPOOL_FILLING,
        subject=ARRAY,
        is_fulfilled=stands,
        since=now,
        alert_id=None if state is None else state.alert_id,
    )


def _silence(
    transaction: Transaction,
    cavity: CavityRecord,
    told: CavityStatus | None,
    state: RuleState | None,
    span: tuple[datetime, datetime],
) -> RuleState | None:
    """Return the changed state of ``no_data`` for a cavity, or None.

    Parameters
    ----------
    told
        What its poller told of it lately. A cavity that is not measured on purpose is
        not silent.
    state
        Where the rule stands.
    span
        When the cavity was heard of last, and now.
    """
    if cavity.sweep_period_s is None:
        return None
    last, now = span
    is_paused = told is not None and told.mode is not CavityMode.POLLED
    if state is not None and state.is_fulfilled:
        fresh = count_wide_sweeps(transaction, cavity.cavity, state.since)
        if fresh < NO_DATA_CLEAR_COUNT and not is_paused:
            return None
        return replace(state, is_fulfilled=False, since=now)
    if is_paused or not is_silent((now - last).total_seconds(), cavity.sweep_period_s):
        return None
    return RuleState(
        rule=NO_DATA,
        subject=cavity.cavity,
        is_fulfilled=True,
        since=now,
        alert_id=None if state is None else state.alert_id,
    )


def _last_word(
    transaction: Transaction,
    cavity: CavityRecord,
    told: CavityStatus | None,
    now: datetime,
) -> datetime:
    """Return when a cavity was heard of last, or resumed."""
    newest = newest_sweep(transaction, cavity.cavity, SweepPurpose.WIDE)
    last = cavity.registered_at
    if newest is not None:
        # A clock of a collector that runs ahead must not hide its silence.
        last = min(newest.measured_at, newest.received_at)
    if told is not None and told.since is not None and told.since <= now:
        last = max(last, told.since)
    return last
