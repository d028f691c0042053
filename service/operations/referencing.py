"""The life of a reference: registered, refused, expired, withdrawn; all recorded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from instruments.measurement import SweepPurpose
from instruments.measurement.times import format_time
from models.diagnosis import Diagnosis
from service.errors import ConflictError, NotFoundError
from service.operations.presenting import age_s
from service.operations.reference_checks import Check, check_reference, refusals
from service.storage.engine import Transaction
from service.storage.records import SweepRecord
from service.storage.references import (
    ReferenceRecord,
    ReferenceSource,
    ReferenceState,
    ReferenceTransition,
    change_reference,
    get_reference,
    put_reference,
    valid_of_other_cycles,
)
from service.storage.sweep_queries import SweepFilter, list_sweeps

DAQ = "daq"
"""Who registers where the sweep itself says that it is a reference."""

SYSTEM = "halowatch"
"""Who acts where nobody asked."""


def follow_references(
    transaction: Transaction, sweep: SweepRecord, diagnosis: Diagnosis, now: datetime
) -> None:
    """Register a wide sweep that says it is a reference; expire those of old cycles.

    Runs in the transaction that stores the diagnosis.
    """
    if sweep.purpose is not SweepPurpose.WIDE:
        return
    left = valid_of_other_cycles(
        transaction, sweep.cavity, sweep.thermal_cycle, sweep.measured_at
    )
    for record in left:
        change = ReferenceTransition(
            at=now,
            from_state=record.state,
            to_state=ReferenceState.EXPIRED,
            actor=SYSTEM,
            reason=f"thermal cycle {sweep.thermal_cycle or 'without a name'} began",
        )
        change_reference(transaction, record, change)
    if sweep.is_reference and get_reference(transaction, sweep.sweep_id) is None:
        register_reference(
            transaction,
            sweep,
            diagnosis,
            source=ReferenceSource.DAQ,
            by=DAQ,
            now=now,
        )


def register_reference(
    transaction: Transaction,
    sweep: SweepRecord,
    diagnosis: Diagnosis,
    *,
    source: ReferenceSource,
    by: str,
    now: datetime,
    note: str = "",
    force: bool = False,
) -> ReferenceRecord:
    """Check a sweep and register it, as valid or as refused.

    Parameters
    ----------
    diagnosis
        What the live model says of it, against the reference before it.
    force
        Take it against what the checks say, but for samples that are void.

    Raises
    ------
    ConflictError
        If it is a valid reference already.
    """
    known = get_reference(transaction, sweep.sweep_id)
    if known is not None and known.state is ReferenceState.VALID:
        raise ConflictError(f"sweep {sweep.sweep_id} is a valid reference already")
    checks = check_reference(sweep, diagnosis, _neighbour(transaction, sweep))
    against = refusals(checks)
    hard = [check for check in against if check.name in ("purpose", "samples")]
    refused = hard or (against and not force)
    words = "; ".join(check.detail for check in against)
    if refused:
        reason = words
    elif against:
        reason = f"taken by {by} although: {words}"
    else:
        reason = "all checks passed" if None not in _met(checks) else "nothing against"
    record = ReferenceRecord(
        sweep_id=sweep.sweep_id,
        cavity=sweep.cavity,
        thermal_cycle=sweep.thermal_cycle,
        measured_at=sweep.measured_at,
        state=ReferenceState.REFUSED if refused else ReferenceState.VALID,
        source=source,
        reason=f"{note}: {reason}" if note else reason,
        checks=[check.to_record() for check in checks],
        model_version=diagnosis.model_version,
        registered_at=now,
        registered_by=by,
    )
    put_reference(transaction, record, now, by)
    stored = get_reference(transaction, sweep.sweep_id)
    assert stored is not None
    return stored


def withdraw_reference(
    transaction: Transaction, sweep_id: str, *, by: str, note: str, now: datetime
) -> ReferenceRecord:
    """Take a reference back: no sweep that comes is compared with it any more.

    Raises
    ------
    NotFoundError
        If the sweep is no reference.
    ConflictError
        If it serves nobody already.
    """
    known = get_reference(transaction, sweep_id)
    if known is None:
        raise NotFoundError(
            f"sweep {sweep_id[:64]!r} is no reference; GET /api/v1/references lists "
            "them"
        )
    if known.state in (ReferenceState.REFUSED, ReferenceState.WITHDRAWN):
        raise ConflictError(f"reference {sweep_id} is {known.state.value} already")
    change = ReferenceTransition(
        at=now,
        from_state=known.state,
        to_state=ReferenceState.WITHDRAWN,
        actor=by,
        reason=note or "withdrawn",
    )
    change_reference(transaction, known, change)
    stored = get_reference(transaction, sweep_id)
    assert stored is not None
    return stored


def reference_json(record: ReferenceRecord, now: datetime) -> dict[str, Any]:
    """Write a reference with its checks and changes."""
    return {
        "sweep_id": record.sweep_id,
        "cavity": record.cavity,
        "thermal_cycle": record.thermal_cycle,
        "measured_at": format_time(record.measured_at),
        "age_s": age_s(record.measured_at, now),
        "state": record.state.value,
        "reason": record.reason,
        "source": record.source.value,
        "registered_at": format_time(record.registered_at),
        "registered_by": record.registered_by,
        "model_version": record.model_version,
        "checks": list(record.checks),
        "transitions": [
            {
                "at": format_time(change.at),
                "from": None if change.from_state is None else change.from_state.value,
                "to": change.to_state.value,
                "actor": change.actor,
                "reason": change.reason,
            }
            for change in record.transitions
        ],
    }


def _met(checks: Sequence[Check]) -> list[bool | None]:
    return [check.is_met for check in checks]


def _neighbour(transaction: Transaction, sweep: SweepRecord) -> SweepRecord | None:
    """Return the newest other wide sweep of the cavity."""
    wanted = SweepFilter(cavity=sweep.cavity, purpose=SweepPurpose.WIDE)
    found = list_sweeps(transaction, wanted, 2)
    return next((one for one in found if one.sweep_id != sweep.sweep_id), None)
