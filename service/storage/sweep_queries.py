"""Reads sweeps: lists without samples, single ones with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Subquery,
    bindparam,
    func,
    literal_column,
    not_,
    select,
    tuple_,
    union_all,
)

from instruments.measurement import (
    FrequencyAxis,
    InstrumentIdentity,
    Sweep,
    SweepPurpose,
    SweepSettings,
    TruthFlag,
)
from service.errors import SamplesExpiredError
from service.storage import tables
from service.storage.codec import (
    FLOAT64_BITSHUFFLE_LZ4,
    check_codec,
    decode_axis,
)
from service.storage.engine import Transaction
from service.storage.payloads import Payload, read_payloads
from service.storage.records import SweepRecord
from service.storage.times import from_us, to_us

_S = tables.sweep.c
_A = tables.axis.c

NEWEST_FIRST = (_S.measured_at_us.desc(), _S.id.desc())

HEADS = select(
    tables.sweep,
    _A.start_frequency_hz,
    _A.stop_frequency_hz,
).join_from(tables.sweep, tables.axis, _S.axis_hash == _A.hash)
"""Sweeps without their samples; :func:`read_record` takes its rows."""

# Built once: every judged sweep asks.
_BY_ID = HEADS.where(_S.id.in_(bindparam("ids", expanding=True)))
_AXES = select(_A.hash, _A.codec, _A.codec_version, _A.payload).where(
    _A.hash.in_(bindparam("hashes", expanding=True))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFilter:
    """Which sweeps a list shall hold; None takes all.

    Attributes
    ----------
    measured_from, measured_to
        Half-open interval of the measurement time.
    flag
        Only sweeps with this truth flag.
    run
        Only sweeps of this run.
    keep
        Only sweeps that retention spares on request, or only the others.
    before
        Cursor: only sweeps behind this (measured_at_us, id), newest first.
    """

    cavity: str | None = None
    purpose: SweepPurpose | None = None
    measured_from: datetime | None = None
    measured_to: datetime | None = None
    is_reference: bool | None = None
    flag: TruthFlag | None = None
    run: str | None = None
    keep: bool | None = None
    before: tuple[int, str] | None = None


def list_sweeps(
    transaction: Transaction, wanted: SweepFilter, limit: int
) -> list[SweepRecord]:
    """List sweeps, newest measurement first, at most ``limit``."""
    query = HEADS.order_by(*NEWEST_FIRST).limit(limit)
    if wanted.cavity is not None and wanted.purpose is None and wanted.run is None:
        # The index of a cavity's sweeps is ordered within each purpose.
        query = query.where(_S.id.in_(select(_ids_of_purposes(wanted, limit).c.id)))
    else:
        query = _narrow(query, wanted)
    return [read_record(row) for row in transaction.execute(query)]


def _ids_of_purposes(wanted: SweepFilter, limit: int) -> Subquery:
    parts = [
        _narrow(select(_S.id), replace(wanted, purpose=purpose))
        .order_by(*NEWEST_FIRST)
        .limit(limit)
        .subquery()
        for purpose in SweepPurpose
    ]
    return union_all(*(select(part.c.id) for part in parts)).subquery()


def get_sweep(transaction: Transaction, sweep_id: str) -> SweepRecord | None:
    """Find one sweep without its samples."""
    row = transaction.execute(HEADS.where(_S.id == sweep_id)).one_or_none()
    return None if row is None else read_record(row)


def get_sweeps(
    transaction: Transaction, sweep_ids: Sequence[str]
) -> dict[str, SweepRecord]:
    """Find sweeps by their ids, without their samples."""
    rows = transaction.execute(_BY_ID, {"ids": list(sweep_ids)})
    return {row.id: read_record(row) for row in rows}


def newest_sweep(
    transaction: Transaction, cavity: str, purpose: SweepPurpose
) -> SweepRecord | None:
    """Find the sweep of a cavity and purpose that was measured last."""
    found = list_sweeps(transaction, SweepFilter(cavity=cavity, purpose=purpose), 1)
    return found[0] if found else None


def load_sweep(transaction: Transaction, record: SweepRecord) -> Sweep:
    """Read the samples of a sweep and restore the message it came in.

    Quantised samples are restored to the middle of their steps.

    Raises
    ------
    SamplesExpiredError
        If retention has dropped the samples.
    ValueError
        If the blob is damaged or of another edition.
    """
    return load_sweeps(transaction, [record])[0]


def load_sweeps(
    transaction: Transaction, records: Sequence[SweepRecord]
) -> list[Sweep]:
    """Read the samples of several sweeps, as :func:`load_sweep` does for one."""
    ids = [record.sweep_id for record in records]
    payloads = {one.sweep_id: one for one in read_payloads(transaction, ids)}
    axes = _axes(transaction, records)
    found = []
    for record in records:
        payload = payloads.get(record.sweep_id)
        if payload is None:
            raise SamplesExpiredError(
                f"the samples of sweep {record.sweep_id} were dropped by retention; "
                "its record and diagnoses are kept"
            )
        found.append(_restore(record, payload, axes[record.axis_hash]))
    return found


def _restore(record: SweepRecord, payload: Payload, axis_hz: FrequencyAxis) -> Sweep:
    details = record.details
    return Sweep(
        cavity=record.cavity,
        measured_at=record.measured_at,
        purpose=record.purpose,
        frequency_hz=axis_hz,
        traces=payload.restore(record.s_parameters, record.point_count),
        is_reference=record.is_reference,
        thermal_cycle=record.thermal_cycle,
        run=details.get("run"),
        step=details.get("step"),
        route=details.get("route"),
        settings=SweepSettings(**details.get("settings", {})),
        instrument=InstrumentIdentity(**details.get("instrument", {})),
        conditions=details.get("conditions", {}),
        flags=record.flags,
        idempotency_key=details.get("idempotency_key"),
    )


def _axes(
    transaction: Transaction, records: Sequence[SweepRecord]
) -> dict[str, FrequencyAxis]:
    """Read the axes of sweeps, by hash."""
    counts = {record.axis_hash: record.point_count for record in records}
    found = {}
    for row in transaction.execute(_AXES, {"hashes": list(counts)}):
        check_codec(row.codec, row.codec_version, FLOAT64_BITSHUFFLE_LZ4)
        found[row.hash] = _decode_axis(bytes(row.payload), counts[row.hash])
    return found


@lru_cache(maxsize=64)
def _decode_axis(blob: bytes, point_count: int) -> FrequencyAxis:
    return decode_axis(blob, point_count)


def _narrow(query: Select[Any], wanted: SweepFilter) -> Select[Any]:
    if wanted.cavity is not None:
        query = query.where(_S.cavity == wanted.cavity)
    if wanted.purpose is not None:
        query = query.where(_S.purpose == wanted.purpose.value)
    if wanted.measured_from is not None:
        query = query.where(_S.measured_at_us >= to_us(wanted.measured_from))
    if wanted.measured_to is not None:
        query = query.where(_S.measured_at_us < to_us(wanted.measured_to))
    if wanted.is_reference is not None:
        is_reference = _S.is_reference
        query = query.where(is_reference if wanted.is_reference else not_(is_reference))
    if wanted.flag is not None:
        # The first half is what the index of flagged sweeps asks for.
        query = query.where(_S.flags != literal_column("''"), has_flag(wanted.flag))
    if wanted.run is not None:
        query = query.where(_S.run == wanted.run)
    if wanted.keep is not None:
        query = query.where(_S.keep if wanted.keep else not_(_S.keep))
    if wanted.before is not None:
        query = query.where(tuple_(_S.measured_at_us, _S.id) < wanted.before)
    return query


def has_flag(flag: TruthFlag) -> ColumnElement[bool]:
    """Select sweeps with a truth flag."""
    return _S.flags.contains(f",{flag.value},", autoescape=True)


def read_record(row: Row[Any]) -> SweepRecord:
    """Restore a record from a row of :data:`HEADS`."""
    return SweepRecord(
        sweep_id=row.id,
        key=row.key,
        content_hash=row.content_hash,
        cavity=row.cavity,
        purpose=SweepPurpose(row.purpose),
        measured_at=from_us(row.measured_at_us),
        received_at=from_us(row.received_at_us),
        is_reference=row.is_reference,
        thermal_cycle=row.thermal_cycle,
        s_parameters=tuple(row.s_parameters.split(",")),
        point_count=row.point_count,
        start_frequency_hz=row.start_frequency_hz,
        stop_frequency_hz=row.stop_frequency_hz,
        axis_hash=row.axis_hash,
        flags=tuple(TruthFlag(name) for name in row.flags.split(",") if name),
        keep=row.keep,
        details=orjson.loads(row.details),
    )


def count_wide_sweeps(transaction: Transaction, cavity: str, since: datetime) -> int:
    """Count the wide sweeps of a cavity that were measured after a time."""
    query = select(func.count()).where(
        _S.cavity == cavity,
        _S.purpose == SweepPurpose.WIDE.value,
        _S.measured_at_us > to_us(since),
    )
    return int(transaction.execute(query).scalar_one())
