"""References, and every change of what they are worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Row, bindparam, insert, select, update

from service.storage import tables
from service.storage.engine import Transaction
from service.storage.times import from_us, to_us

_R = tables.reference.c
_T = tables.reference_transition.c


class ReferenceState(StrEnum):
    """What a reference is worth."""

    VALID = "valid"
    REFUSED = "refused"
    """A check spoke against it; no sweep is compared with it."""
    EXPIRED = "expired"
    """Another thermal cycle has begun; it still serves late sweeps of its own."""
    WITHDRAWN = "withdrawn"
    """Taken back by a person."""


# Built once: every judged wide sweep asks.
_LEFT_BEHIND = select(tables.reference).where(
    _R.cavity == bindparam("cavity"),
    _R.state == ReferenceState.VALID.value,
    _R.thermal_cycle.is_distinct_from(bindparam("thermal_cycle")),
    _R.measured_at_us < bindparam("before_us"),
)


class ReferenceSource(StrEnum):
    """Who called a sweep a reference."""

    DAQ = "daq"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceTransition:
    """One change of a reference's state; ``from_state`` is None at registration."""

    at: datetime
    from_state: ReferenceState | None
    to_state: ReferenceState
    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRecord:
    """A sweep that was called a reference.

    Attributes
    ----------
    reason
        Why it is in its state, in a sentence.
    checks
        What was looked at when it was registered, JSON-ready.
    model_version
        Who judged it then.
    """

    sweep_id: str
    cavity: str
    thermal_cycle: str | None
    measured_at: datetime
    state: ReferenceState
    source: ReferenceSource
    reason: str
    checks: Sequence[Mapping[str, Any]]
    model_version: str
    registered_at: datetime
    registered_by: str
    transitions: tuple[ReferenceTransition, ...] = ()


def put_reference(
    transaction: Transaction, record: ReferenceRecord, now: datetime, actor: str
) -> None:
    """Register a sweep as reference, or anew, and record the change."""
    known = get_reference(transaction, record.sweep_id)
    values = {
        "state": record.state.value,
        "source": record.source.value,
        "reason": record.reason,
        "checks": orjson.dumps(list(record.checks)).decode(),
        "model_version": record.model_version,
        "registered_at_us": to_us(record.registered_at),
        "registered_by": record.registered_by,
    }
    if known is None:
        transaction.execute(
            insert(tables.reference).values(
                sweep_id=record.sweep_id,
                cavity=record.cavity,
                thermal_cycle=record.thermal_cycle,
                measured_at_us=to_us(record.measured_at),
                **values,
            )
        )
    else:
        chosen = update(tables.reference).where(_R.sweep_id == record.sweep_id)
        transaction.execute(chosen.values(**values))
    change = ReferenceTransition(
        at=now,
        from_state=None if known is None else known.state,
        to_state=record.state,
        actor=actor,
        reason=record.reason,
    )
    _record_change(transaction, record.sweep_id, change)


def change_reference(
    transaction: Transaction, record: ReferenceRecord, change: ReferenceTransition
) -> None:
    """Give a reference another state, and record it."""
    transaction.execute(
        update(tables.reference)
        .where(_R.sweep_id == record.sweep_id)
        .values(state=change.to_state.value, reason=change.reason)
    )
    _record_change(transaction, record.sweep_id, change)


def get_reference(transaction: Transaction, sweep_id: str) -> ReferenceRecord | None:
    """Find one reference with its changes."""
    return get_references(transaction, [sweep_id]).get(sweep_id)


def get_references(
    transaction: Transaction, sweep_ids: Sequence[str]
) -> dict[str, ReferenceRecord]:
    """Find references by their sweeps, with their changes."""
    query = select(tables.reference).where(_R.sweep_id.in_(sweep_ids))
    found = _records(transaction, transaction.execute(query).all())
    return {record.sweep_id: record for record in found}


def list_references(
    transaction: Transaction,
    *,
    cavity: str | None = None,
    state: ReferenceState | None = None,
    limit: int,
) -> list[ReferenceRecord]:
    """List references, newest measurement first."""
    query = select(tables.reference).order_by(_R.measured_at_us.desc(), _R.sweep_id)
    if cavity is not None:
        query = query.where(_R.cavity == cavity)
    if state is not None:
        query = query.where(_R.state == state.value)
    return _records(transaction, transaction.execute(query.limit(limit)).all())


def valid_of_other_cycles(
    transaction: Transaction,
    cavity: str,
    thermal_cycle: str | None,
    before: datetime,
) -> list[ReferenceRecord]:
    """List valid references of a cavity that an earlier thermal cycle left behind."""
    asked = {
        "cavity": cavity,
        "thermal_cycle": thermal_cycle,
        "before_us": to_us(before),
    }
    return _records(transaction, transaction.execute(_LEFT_BEHIND, asked).all())


def _record_change(
    transaction: Transaction, sweep_id: str, change: ReferenceTransition
) -> None:
    transaction.execute(
        insert(tables.reference_transition).values(
            sweep_id=sweep_id,
            at_us=to_us(change.at),
            from_state=None if change.from_state is None else change.from_state.value,
            to_state=change.to_state.value,
            actor=change.actor,
            reason=change.reason,
        )
    )


def _records(
    transaction: Transaction, rows: Sequence[Row[Any]]
) -> list[ReferenceRecord]:
    changes: dict[str, list[Row[Any]]] = {row.sweep_id: [] for row in rows}
    if rows:
        query = select(tables.reference_transition).order_by(_T.id)
        for change in transaction.execute(query.where(_T.sweep_id.in_(list(changes)))):
            changes[change.sweep_id].append(change)
    return [_record(row, changes[row.sweep_id]) for row in rows]


def _record(row: Row[Any], changes: Sequence[Row[Any]]) -> ReferenceRecord:
    return ReferenceRecord(
        sweep_id=row.sweep_id,
        cavity=row.cavity,
        thermal_cycle=row.thermal_cycle,
        measured_at=from_us(row.measured_at_us),
        state=ReferenceState(row.state),
        source=ReferenceSource(row.source),
        reason=row.reason,
        checks=orjson.loads(row.checks),
        model_version=row.model_version,
        registered_at=from_us(row.registered_at_us),
        registered_by=row.registered_by,
        transitions=tuple(
            ReferenceTransition(
                at=from_us(change.at_us),
                from_state=change.from_state and ReferenceState(change.from_state),
                to_state=ReferenceState(change.to_state),
                actor=change.actor,
                reason=change.reason,
            )
            for change in changes
        ),
    )
