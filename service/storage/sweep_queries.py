"""Reads sweeps: lists without samples, single ones with."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    func,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
)

from instruments.measurement import (
    FrequencyAxis,
    InstrumentIdentity,
    Sweep,
    SweepPurpose,
    SweepSettings,
    TruthFlag,
)
from instruments.measurement.flags import DATA_CORRUPTING
from service.storage import tables
from service.storage.codec import (
    COMPLEX64_BITSHUFFLE_LZ4,
    FLOAT64_BITSHUFFLE_LZ4,
    check_codec,
    decode_axis,
    decode_traces,
)
from service.storage.engine import Transaction
from service.storage.records import SweepRecord
from service.storage.times import from_us, to_us

_S = tables.sweep.c
_A = tables.axis.c
_R = tables.reference.c
_HEADS = select(
    tables.sweep,
    _A.start_frequency_hz,
    _A.stop_frequency_hz,
).join_from(tables.sweep, tables.axis, _S.axis_hash == _A.hash)

# One that says so itself serves until its checks are done, a moment later.
_SERVES = or_(
    _R.state.in_(("valid", "expired")),
    and_(_R.sweep_id.is_(None), _S.is_reference.is_(True)),
)

_MOST_COMPARED = 16
"""References of other routes or drives that one search passes over."""

POWER_TOLERANCE_DB = 0.05
"""Difference of source power up to which two sweeps count as driven alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepFilter:
    """Which sweeps a list shall hold; None takes all.

    Attributes
    ----------
    measured_from, measured_to
        Half-open interval of the measurement time.
    flag
        Only sweeps with this truth flag.
    before
        Cursor: only sweeps behind this (measured_at_us, id), newest first.
    """

    cavity: str | None = None
    purpose: SweepPurpose | None = None
    measured_from: datetime | None = None
    measured_to: datetime | None = None
    is_reference: bool | None = None
    flag: TruthFlag | None = None
    before: tuple[int, str] | None = None


def list_sweeps(
    transaction: Transaction, wanted: SweepFilter, limit: int
) -> list[SweepRecord]:
    """List sweeps, newest measurement first, at most ``limit``."""
    query = _HEADS.order_by(_S.measured_at_us.desc(), _S.id.desc()).limit(limit)
    query = _narrow(query, wanted)
    return [_record(row) for row in transaction.execute(query)]


def get_sweep(transaction: Transaction, sweep_id: str) -> SweepRecord | None:
    """Find one sweep without its samples."""
    row = transaction.execute(_HEADS.where(_S.id == sweep_id)).one_or_none()
    return None if row is None else _record(row)


def newest_sweep(
    transaction: Transaction, cavity: str, purpose: SweepPurpose
) -> SweepRecord | None:
    """Find the sweep of a cavity and purpose that was measured last."""
    found = list_sweeps(transaction, SweepFilter(cavity=cavity, purpose=purpose), 1)
    return found[0] if found else None


def find_reference(
    transaction: Transaction, sweep: SweepRecord, *, before: bool = True
) -> SweepRecord | None:
    """Find the reference of a wide sweep.

    The newest wide reference of the same cavity, thermal cycle, axis, trace names,
    route and source power; with ``before``, only one measured earlier counts. One
    whose flags say that its samples are void, that was refused or withdrawn, is none.
    """
    if sweep.purpose is not SweepPurpose.WIDE:
        return None
    query = _with_register(_HEADS).where(
        _S.cavity == sweep.cavity,
        _S.purpose == SweepPurpose.WIDE.value,
        _SERVES,
        _S.thermal_cycle.is_not_distinct_from(sweep.thermal_cycle),
        _S.axis_hash == sweep.axis_hash,
        _S.s_parameters == ",".join(sweep.s_parameters),
        _S.id != sweep.sweep_id,
        *(not_(_has(flag)) for flag in sorted(DATA_CORRUPTING)),
    )
    if before:
        query = query.where(_S.measured_at_us <= to_us(sweep.measured_at))
    query = query.order_by(_S.measured_at_us.desc(), _S.id.desc())
    rows = transaction.execute(query.limit(_MOST_COMPARED))
    return next((one for row in rows if is_alike(one := _record(row), sweep)), None)


def newest_reference(transaction: Transaction, cavity: str) -> SweepRecord | None:
    """Find the newest wide reference of a cavity that serves, whatever its axis."""
    query = _with_register(_HEADS).where(
        _S.cavity == cavity, _S.purpose == SweepPurpose.WIDE.value, _SERVES
    )
    query = query.order_by(_S.measured_at_us.desc(), _S.id.desc()).limit(1)
    row = transaction.execute(query).one_or_none()
    return None if row is None else _record(row)


def is_alike(first: SweepRecord, second: SweepRecord) -> bool:
    """Tell whether two sweeps went the same route at the same drive."""
    return settings_difference(first, second) is None


def settings_difference(first: SweepRecord, second: SweepRecord) -> str | None:
    """Name what differs between two sweeps' settings; None where nothing does.

    What a sweep does not tell counts as the same.
    """
    routes = first.details.get("route"), second.details.get("route")
    if None not in routes and routes[0] != routes[1]:
        return f"route {routes[0]} and {routes[1]}"
    powers = [
        one.details.get("settings", {}).get("source_power_dbm")
        for one in (first, second)
    ]
    if None not in powers and abs(powers[0] - powers[1]) > POWER_TOLERANCE_DB:
        return f"source power {powers[0]:g} and {powers[1]:g} dBm"
    return None


def _with_register(query: Select[Any]) -> Select[Any]:
    return query.outerjoin(tables.reference, _R.sweep_id == _S.id)


def load_sweep(transaction: Transaction, record: SweepRecord) -> Sweep:
    """Read the samples of a sweep and restore the message it came in.

    Raises
    ------
    ValueError
        If the blob is damaged or of another edition.
    """
    payload = tables.sweep_payload.c
    row = transaction.execute(
        select(payload.codec, payload.codec_version, payload.payload).where(
            payload.sweep_id == record.sweep_id
        )
    ).one()
    check_codec(row.codec, row.codec_version, COMPLEX64_BITSHUFFLE_LZ4)
    details = record.details
    return Sweep(
        cavity=record.cavity,
        measured_at=record.measured_at,
        purpose=record.purpose,
        frequency_hz=_axis(transaction, record),
        traces=decode_traces(row.payload, record.s_parameters, record.point_count),
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


def _axis(transaction: Transaction, record: SweepRecord) -> FrequencyAxis:
    row = transaction.execute(
        select(_A.codec, _A.codec_version, _A.payload).where(
            _A.hash == record.axis_hash
        )
    ).one()
    check_codec(row.codec, row.codec_version, FLOAT64_BITSHUFFLE_LZ4)
    return _decode_axis(bytes(row.payload), record.point_count)


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
        query = query.where(_S.is_reference.is_(wanted.is_reference))
    if wanted.flag is not None:
        # The first half is what the index of flagged sweeps asks for.
        query = query.where(_S.flags != literal_column("''"), _has(wanted.flag))
    if wanted.before is not None:
        query = query.where(tuple_(_S.measured_at_us, _S.id) < wanted.before)
    return query


def _has(flag: TruthFlag) -> ColumnElement[bool]:
    return _S.flags.contains(f",{flag.value},", autoescape=True)


def _record(row: Row[Any]) -> SweepRecord:
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
