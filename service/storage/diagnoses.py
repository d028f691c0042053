"""Stores diagnoses, one a sweep and model version, and reads them back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Integer, Row, Select, bindparam, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from instruments.measurement import SweepPurpose
from models.diagnosis import Diagnosis, ResonanceEstimate
from service.storage import arrivals, tables
from service.storage.engine import Transaction
from service.storage.model_records import Role
from service.storage.records import DiagnosisRecord, SweepRecord
from service.storage.times import from_us, to_us
from service.storage.trend_writing import points_of, record_trends

_D = tables.diagnosis.c

_RESONANCE_COLUMNS = (
    "resonance_state",
    "resonant_frequency_hz",
    "resonant_frequency_sigma_hz",
    "loaded_q",
    "loaded_q_sigma",
    "coupling_beta",
    "coupling_beta_sigma",
)

# Built once: every judged sweep is compared with those before it.
_RECENT = (
    select(_D.record)
    .where(
        _D.cavity == bindparam("cavity"),
        _D.purpose == bindparam("purpose"),
        _D.measured_at_us < bindparam("before_us"),
        _D.model_version == bindparam("model_version"),
    )
    .order_by(_D.measured_at_us.desc(), _D.id.desc())
    .limit(bindparam("limit", type_=Integer))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisFilter:
    """Which diagnoses a list shall hold; None takes all.

    Attributes
    ----------
    before
        Cursor: only diagnoses behind this (measured_at_us, id), newest first.
    """

    cavity: str | None = None
    purpose: SweepPurpose | None = None
    measured_from: datetime | None = None
    measured_to: datetime | None = None
    model_version: str | None = None
    before: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedDiagnosis:
    """A diagnosis with its row number, for cursors."""

    number: int
    diagnosis: DiagnosisRecord


def insert_diagnosis(
    transaction: Transaction,
    sweep: SweepRecord,
    diagnosis: Diagnosis,
    now: datetime,
    role: Role = Role.LIVE,
) -> bool:
    """Store a diagnosis unless that model version judged the sweep before.

    What the live model concludes goes into the trends in the same transaction.

    Returns
    -------
    bool
        Whether it was stored.
    """
    arrivals.hold(transaction, arrivals.DIAGNOSES)
    row = _row(sweep, diagnosis, now) | {"role": role.value}
    stored = transaction.execute(_insert_once(transaction.dialect.name), row)
    if stored.first() is None:
        return False
    if role is Role.LIVE:
        points = points_of(sweep, diagnosis)
        record_trends(transaction, sweep.cavity, sweep.measured_at, points)
    return True


@cache
def _insert_once(dialect: str) -> Any:
    """Return what stores a diagnosis; built once, for every judged sweep needs it."""
    insert = (sqlite if dialect == "sqlite" else postgresql).insert
    return insert(tables.diagnosis).on_conflict_do_nothing().returning(_D.id)


def get_diagnosis(
    transaction: Transaction, sweep_id: str, model_version: str | None = None
) -> DiagnosisRecord | None:
    """Find the diagnosis of a sweep that counts, or that of one model version."""
    query = _select().where(_D.sweep_id == sweep_id).order_by(_D.id.desc()).limit(1)
    query = query.where(
        _D.role == Role.LIVE.value
        if model_version is None
        else _D.model_version == model_version
    )
    row = transaction.execute(query).one_or_none()
    return None if row is None else _record(row)


def get_diagnoses(
    transaction: Transaction, numbers: Sequence[int]
) -> dict[int, DiagnosisRecord]:
    """Find diagnoses by their row numbers."""
    rows = transaction.execute(_select().where(_D.id.in_(numbers)))
    return {row.id: _record(row) for row in rows}


def list_diagnoses(
    transaction: Transaction, wanted: DiagnosisFilter, limit: int
) -> list[NumberedDiagnosis]:
    """List diagnoses, newest measurement first, at most ``limit``."""
    query = _select().order_by(_D.measured_at_us.desc(), _D.id.desc()).limit(limit)
    if wanted.cavity is not None:
        query = query.where(_D.cavity == wanted.cavity)
    if wanted.purpose is not None:
        query = query.where(_D.purpose == wanted.purpose.value)
    if wanted.measured_from is not None:
        query = query.where(_D.measured_at_us >= to_us(wanted.measured_from))
    if wanted.measured_to is not None:
        query = query.where(_D.measured_at_us < to_us(wanted.measured_to))
    # What shadows said, and what was said in hindsight, is found by its model alone.
    query = query.where(
        _D.role == Role.LIVE.value
        if wanted.model_version is None
        else _D.model_version == wanted.model_version
    )
    if wanted.before is not None:
        query = query.where(tuple_(_D.measured_at_us, _D.id) < wanted.before)
    return [
        NumberedDiagnosis(number=row.id, diagnosis=_record(row))
        for row in transaction.execute(query)
    ]


def recent_records(
    transaction: Transaction, sweep: SweepRecord, model_version: str, limit: int
) -> list[dict[str, Any]]:
    """Return what a model concluded of the sweeps like one before it, newest first."""
    asked = {
        "cavity": sweep.cavity,
        "purpose": sweep.purpose.value,
        "before_us": to_us(sweep.measured_at),
        "model_version": model_version,
        "limit": limit,
    }
    return [
        orjson.loads(each) for each in transaction.execute(_RECENT, asked).scalars()
    ]


def _select() -> Select[Any]:
    return select(
        _D.id,
        _D.sweep_id,
        _D.model_version,
        _D.cavity,
        _D.purpose,
        _D.measured_at_us,
        _D.judged_at_us,
        _D.role,
        _D.record,
    )


def _record(row: Row[Any]) -> DiagnosisRecord:
    return DiagnosisRecord(
        sweep_id=row.sweep_id,
        model_version=row.model_version,
        cavity=row.cavity,
        purpose=SweepPurpose(row.purpose),
        measured_at=from_us(row.measured_at_us),
        judged_at=from_us(row.judged_at_us),
        role=Role(row.role),
        record=orjson.loads(row.record),
    )


def _row(sweep: SweepRecord, diagnosis: Diagnosis, now: datetime) -> dict[str, Any]:
    temperature, field = diagnosis.temperature_k, diagnosis.magnetic_field_tesla
    return {
        "sweep_id": sweep.sweep_id,
        "model_version": diagnosis.model_version,
        "cavity": sweep.cavity,
        "purpose": sweep.purpose.value,
        "measured_at_us": to_us(sweep.measured_at),
        "judged_at_us": to_us(now),
        "condition_state": diagnosis.condition.state.value,
        "condition_label": diagnosis.condition.label,
        "out_of_distribution": diagnosis.out_of_distribution.flag,
        "p_value": diagnosis.out_of_distribution.p_value,
        "temperature_state": temperature.state.value,
        "temperature_k": temperature.median,
        "temperature_p05_k": temperature.p05,
        "temperature_p95_k": temperature.p95,
        "magnetic_field_tesla": field.median,
        "magnetic_field_p05_tesla": field.p05,
        "magnetic_field_p95_tesla": field.p95,
        "record": orjson.dumps(
            diagnosis.to_record(), option=orjson.OPT_SERIALIZE_NUMPY
        ).decode(),
    } | _resonance_columns(diagnosis.resonance)


def _resonance_columns(resonance: ResonanceEstimate | None) -> dict[str, Any]:
    if resonance is None:
        return dict.fromkeys(_RESONANCE_COLUMNS)
    return {
        "resonance_state": resonance.state.value,
        "resonant_frequency_hz": resonance.resonant_frequency_hz,
        "resonant_frequency_sigma_hz": resonance.resonant_frequency_sigma_hz,
        "loaded_q": resonance.loaded_q,
        "loaded_q_sigma": resonance.loaded_q_sigma,
        "coupling_beta": resonance.coupling_beta,
        "coupling_beta_sigma": resonance.coupling_beta_sigma,
    }
