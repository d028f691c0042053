"""The newest sweep, diagnosis and reference of each cavity, few queries for all."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, select

from instruments.measurement import SweepPurpose
from service.storage import tables
from service.storage.diagnoses import get_diagnoses
from service.storage.engine import Transaction
from service.storage.model_records import Role
from service.storage.records import DiagnosisRecord, SweepRecord
from service.storage.reference_search import serving_references
from service.storage.references import (
    ReferenceRecord,
    ReferenceState,
    get_references,
)
from service.storage.sweep_queries import get_sweeps

_C = tables.cavity.c
_R = tables.reference.c
_SERVING = "serving"
_REFUSED = "refused"

Key = tuple[str, SweepPurpose]
"""Cavity and purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """What was measured and concluded last.

    Attributes
    ----------
    serving
        Cavity to the newest wide sweep that serves as its reference.
    registered
        Cavity to what the register knows of that one.
    refused
        Cavity to its newest refused reference.
    """

    sweeps: Mapping[Key, SweepRecord]
    diagnoses: Mapping[Key, DiagnosisRecord]
    serving: Mapping[str, SweepRecord]
    registered: Mapping[str, ReferenceRecord]
    refused: Mapping[str, ReferenceRecord]


def read_newest(transaction: Transaction, cavity: str | None = None) -> Newest:
    """Read what is newest of every cavity, or of one."""
    rows = transaction.execute(_narrow(_sweep_ids(), cavity)).mappings().all()
    sweeps = get_sweeps(
        transaction,
        [row[one] for row in rows for one in (*_PURPOSES, _SERVING) if row[one]],
    )
    references = get_references(
        transaction,
        [row[one] for row in rows for one in (_SERVING, _REFUSED) if row[one]],
    )
    judged = transaction.execute(_narrow(_diagnosis_ids(), cavity)).mappings().all()
    diagnoses = get_diagnoses(
        transaction, [row[one] for row in judged for one in _PURPOSES if row[one]]
    )
    return Newest(
        sweeps=_by_purpose(rows, sweeps),
        diagnoses=_by_purpose(judged, diagnoses),
        serving=_by_cavity(rows, _SERVING, sweeps),
        registered=_by_cavity(rows, _SERVING, references),
        refused=_by_cavity(rows, _REFUSED, references),
    )


_PURPOSES = tuple(purpose.value for purpose in SweepPurpose)


def _by_purpose(rows: Any, found: Mapping[Any, Any]) -> dict[Key, Any]:
    return {
        (row["id"], purpose): found[row[purpose.value]]
        for row in rows
        for purpose in SweepPurpose
        if row[purpose.value] in found
    }


def _by_cavity(rows: Any, name: str, found: Mapping[Any, Any]) -> dict[str, Any]:
    return {row["id"]: found[row[name]] for row in rows if row[name] in found}


def _narrow(query: Select[Any], cavity: str | None) -> Select[Any]:
    return query if cavity is None else query.where(_C.id == cavity)


@cache
def _sweep_ids() -> Select[Any]:
    newest = [
        _newest_id(tables.sweep, purpose).label(purpose.value)
        for purpose in SweepPurpose
    ]
    candidates = serving_references(_C.id)
    serving = (
        select(candidates.c.id)
        .order_by(candidates.c.measured_at_us.desc(), candidates.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    refused = (
        select(_R.sweep_id)
        .where(_R.cavity == _C.id, _R.state == ReferenceState.REFUSED.value)
        .order_by(_R.measured_at_us.desc(), _R.sweep_id)
        .limit(1)
        .correlate(tables.cavity)
        .scalar_subquery()
    )
    return select(_C.id, *newest, serving.label(_SERVING), refused.label(_REFUSED))


@cache
def _diagnosis_ids() -> Select[Any]:
    is_live = tables.diagnosis.c.role == Role.LIVE.value
    newest = [
        _newest_id(tables.diagnosis, purpose, is_live).label(purpose.value)
        for purpose in SweepPurpose
    ]
    return select(_C.id, *newest)


def _newest_id(
    table: Table, purpose: SweepPurpose, *conditions: ColumnElement[bool]
) -> Any:
    return (
        select(table.c.id)
        .where(table.c.cavity == _C.id, table.c.purpose == purpose.value, *conditions)
        .order_by(table.c.measured_at_us.desc(), table.c.id.desc())
        .limit(1)
        .correlate(tables.cavity)
        .scalar_subquery()
    )
