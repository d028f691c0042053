"""What an export reads: in the order of commits, so that it can go on later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, exists, func, select

from instruments.measurement import SweepPurpose
from service.storage import arrivals, tables
from service.storage.engine import Transaction
from service.storage.export_places import Place
from service.storage.identifiers import earliest_id
from service.storage.labels import LabelValue, has_label
from service.storage.model_records import Role
from service.storage.records import TaskKind
from service.storage.times import from_us, to_us

_S = tables.sweep.c
_D = tables.diagnosis.c
_R = tables.reading.c
_T = tables.task.c

_AHEAD = timedelta(hours=1)
"""How much later than its receipt a sweep may be dated, generously."""

_DIAGNOSIS_COLUMNS = [
    column
    for column in _D
    if column.name not in ("id", "measured_at_us", "judged_at_us", "record")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFilter:
    """What shall be exported; None takes all.

    Attributes
    ----------
    measured_from, measured_to
        Half-open interval of the measurement time.
    condition
        Only sweeps whose diagnosis that counts names this condition.
    run
        Only sweeps of this run.
    labels
        Only sweeps that people labelled so, name to value; None takes any value.
    """

    measured_from: datetime | None = None
    measured_to: datetime | None = None
    cavity: str | None = None
    purpose: SweepPurpose | None = None
    condition: str | None = None
    run: str | None = None
    labels: Mapping[str, LabelValue | None] = field(default_factory=dict)


def list_export_places(
    transaction: Transaction, wanted: ExportFilter, after: Place, limit: int
) -> list[Place]:
    """List what comes behind a place, each sweep once and in the order of commits.

    A sweep whose commit is still to come stands behind all that is listed. Where the
    condition chooses, the list ends before the first sweep that waits to be judged.
    """
    settled = _settled(transaction, wanted)
    found: list[Place] = []
    if after.number == 0:
        found = _unnumbered(transaction, wanted, after, limit)
    query = _chosen(wanted).where(
        _S.arrival > _lower_bound(transaction, wanted, after), _S.arrival <= settled
    )
    if len(found) < limit:
        query = query.order_by(_S.arrival).limit(limit - len(found))
        found += _places(transaction, query)
    return found


def _lower_bound(transaction: Transaction, wanted: ExportFilter, after: Place) -> int:
    """Return a number that nothing wanted lies at or below, to skip what is older."""
    if after.number or wanted.measured_from is None:
        return after.number
    # A sum, so that the index of the times is taken and not that of the numbers.
    first = _between(select(func.min(_S.arrival + 0)), _S.measured_at_us, wanted)
    return int(transaction.execute(first).scalar_one() or 1) - 1


def _settled(transaction: Transaction, wanted: ExportFilter) -> int:
    settled = arrivals.SWEEPS.settled(transaction)
    if wanted.condition is None:
        return settled
    waiting = (
        select(func.min(_S.arrival + 0))
        .join_from(tables.task, tables.sweep, _T.subject == _S.id)
        .where(_T.kind == TaskKind.DIAGNOSE.value, _T.available_at_us.is_not(None))
    )
    first = transaction.execute(waiting).scalar_one()
    return settled if first is None else min(settled, first - 1)


def _unnumbered(
    transaction: Transaction, wanted: ExportFilter, after: Place, limit: int
) -> list[Place]:
    query = _chosen(wanted).where(_S.arrival.is_(None), _S.id > after.sweep_id)
    if wanted.measured_from is not None:
        query = query.where(_S.id > earliest_id(wanted.measured_from - _AHEAD))
    return _places(transaction, query.order_by(_S.id).limit(limit))


def _places(transaction: Transaction, query: Select[Any]) -> list[Place]:
    return [Place(row.arrival or 0, row.id) for row in transaction.execute(query)]


def _chosen(wanted: ExportFilter) -> Select[Any]:
    query = _between(select(_S.id, _S.arrival), _S.measured_at_us, wanted)
    if wanted.cavity is not None:
        query = query.where(_S.cavity == wanted.cavity)
    if wanted.purpose is not None:
        query = query.where(_S.purpose == wanted.purpose.value)
    if wanted.condition is not None:
        query = query.where(
            exists().where(
                _D.sweep_id == _S.id,
                _D.role == Role.LIVE.value,
                _D.condition_label == wanted.condition,
            )
        )
    if wanted.run is not None:
        query = query.where(_S.run == wanted.run)
    if wanted.labels:
        query = query.where(has_label(_S.id, wanted.labels))
    return query


def list_diagnosis_rows(
    transaction: Transaction, wanted: ExportFilter, after: int, limit: int
) -> list[tuple[int, Mapping[str, Any]]]:
    """List diagnoses behind number ``after`` as (number, column to value)."""
    settled = arrivals.DIAGNOSES.settled(transaction)
    query = select(_D.id, _D.measured_at_us, _D.judged_at_us, *_DIAGNOSIS_COLUMNS)
    query = query.where(_D.id > after, _D.id <= settled).order_by(_D.id).limit(limit)
    query = _between(query, _D.measured_at_us, wanted)
    if wanted.cavity is not None:
        query = query.where(_D.cavity == wanted.cavity)
    if wanted.purpose is not None:
        query = query.where(_D.purpose == wanted.purpose.value)
    if wanted.condition is not None:
        query = query.where(_D.condition_label == wanted.condition)
    if wanted.run is not None:
        of_run = select(_S.id).where(_S.run == wanted.run)
        query = query.where(_D.sweep_id.in_(of_run))
    if wanted.labels:
        query = query.where(has_label(_D.sweep_id, wanted.labels))
    return [_numbered(row) for row in transaction.execute(query).mappings()]


def list_reading_rows(
    transaction: Transaction, wanted: ExportFilter, after: int, limit: int
) -> list[tuple[int, Mapping[str, Any]]]:
    """List readings behind number ``after`` as (number, column to value)."""
    settled = arrivals.READINGS.settled(transaction)
    query = select(tables.reading).where(_R.id > after, _R.id <= settled)
    query = query.order_by(_R.id).limit(limit)
    query = _between(query, _R.measured_at_us, wanted)
    if wanted.cavity is not None:
        query = query.where(_R.cavity == wanted.cavity)
    return [_numbered(row) for row in transaction.execute(query).mappings()]


def _between(
    query: Select[Any], column: ColumnElement[int], wanted: ExportFilter
) -> Select[Any]:
    if wanted.measured_from is not None:
        query = query.where(column >= to_us(wanted.measured_from))
    if wanted.measured_to is not None:
        query = query.where(column < to_us(wanted.measured_to))
    return query


def _numbered(row: RowMapping) -> tuple[int, Mapping[str, Any]]:
    values = {
        name.removesuffix("_us"): from_us(value) if name.endswith("_us") else value
        for name, value in row.items()
        if name != "id"
    }
    return int(row["id"]), values
