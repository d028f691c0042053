"""Thermal cycles, runs, their steps, and calibrations: what sweeps name."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Table, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from service.storage import tables
from service.storage.campaign_records import (
    CalibrationRecord,
    RunRecord,
    StepRecord,
    ThermalCycleRecord,
)
from service.storage.engine import Transaction
from service.storage.records import NewSweep
from service.storage.times import from_us, to_us

_C = tables.calibration.c
_R = tables.run.c
_T = tables.run_step.c
_CYCLES = select(tables.thermal_cycle.c.id).where(
    tables.thermal_cycle.c.id.in_(bindparam("names", expanding=True))
)
_RUNS = select(_R.id).where(_R.id.in_(bindparam("names", expanding=True)))
_STEPS = select(_T.run, _T.step).where(_T.run.in_(bindparam("names", expanding=True)))


def put_thermal_cycle(
    transaction: Transaction, name: str, changes: Mapping[str, Any], now: datetime
) -> ThermalCycleRecord:
    """Describe a thermal cycle; what is not named in ``changes`` stays as it is."""
    row = _put(transaction, tables.thermal_cycle, {"id": name}, changes, now)
    return _cycle(row)


def list_thermal_cycles(
    transaction: Transaction, limit: int
) -> list[ThermalCycleRecord]:
    """List thermal cycles, the last recorded first."""
    return [_cycle(row) for row in _list(transaction, tables.thermal_cycle, limit)]


def put_run(
    transaction: Transaction, name: str, changes: Mapping[str, Any], now: datetime
) -> RunRecord:
    """Describe a run; what is not named in ``changes`` stays as it is."""
    return _run(_put(transaction, tables.run, {"id": name}, changes, now))


def get_run(transaction: Transaction, name: str) -> RunRecord | None:
    """Find one run."""
    row = transaction.execute(select(tables.run).where(_R.id == name)).one_or_none()
    return None if row is None else _run(row)


def list_runs(transaction: Transaction, limit: int) -> list[RunRecord]:
    """List runs, the last recorded first."""
    return [_run(row) for row in _list(transaction, tables.run, limit)]


def put_step(
    transaction: Transaction,
    run: str,
    step: str,
    changes: Mapping[str, Any],
    now: datetime,
) -> StepRecord:
    """Describe a step of a run that is known."""
    key = {"run": run, "step": step}
    return _step(_put(transaction, tables.run_step, key, changes, now))


def list_steps(transaction: Transaction, run: str, limit: int) -> list[StepRecord]:
    """List the steps of a run, the last recorded first."""
    query = select(tables.run_step).where(_T.run == run)
    query = query.order_by(_T.recorded_at_us.desc(), _T.step.desc()).limit(limit)
    return [_step(row) for row in transaction.execute(query)]


def put_calibration(
    transaction: Transaction, name: str, changes: Mapping[str, Any], now: datetime
) -> CalibrationRecord:
    """Describe a calibration; what is not named in ``changes`` stays as it is."""
    row = _put(transaction, tables.calibration, {"id": name}, changes, now)
    return _calibration(row)


def list_calibrations(
    transaction: Transaction,
    *,
    instrument: str | None,
    cavity: str | None,
    at: datetime | None,
    limit: int,
) -> list[CalibrationRecord]:
    """List calibrations, the last performed first.

    Parameters
    ----------
    at
        Only those that were valid then.
    """
    query = select(tables.calibration).order_by(
        _C.performed_at_us.desc().nulls_last(), _C.id
    )
    if instrument is not None:
        query = query.where(_C.instrument == instrument)
    if cavity is not None:
        query = query.where(_C.cavity == cavity)
    if at is not None:
        query = query.where(
            _C.performed_at_us <= to_us(at),
            or_(_C.valid_until_us.is_(None), _C.valid_until_us > to_us(at)),
        )
    return [_calibration(row) for row in transaction.execute(query.limit(limit))]


def note_names(transaction: Transaction, sweeps: Sequence[NewSweep]) -> None:
    """Record thermal cycles, runs and steps that sweeps name for the first time.

    The first sweep that names one tells when it began, until somebody says better.
    """
    cycles = [s for s in sweeps if s.thermal_cycle is not None]
    if cycles:
        known = _known(transaction, _CYCLES, {s.thermal_cycle for s in cycles})
        rows = {s.thermal_cycle: s for s in reversed(cycles)}
        _note(
            transaction,
            tables.thermal_cycle,
            [_first(s, id=name) for name, s in rows.items() if name not in known],
        )
    runs = [s for s in sweeps if s.run is not None]
    if runs:
        _note_runs(transaction, runs)


def _note_runs(transaction: Transaction, sweeps: Sequence[NewSweep]) -> None:
    names = {s.run for s in sweeps}
    known = _known(transaction, _RUNS, names)
    rows = {s.run: s for s in reversed(sweeps)}
    fresh = [_first(s, id=name) for name, s in rows.items() if name not in known]
    _note(transaction, tables.run, fresh)
    steps = {(s.run, s.step): s for s in reversed(sweeps) if s.step is not None}
    if steps:
        found = transaction.execute(_STEPS, {"names": list(names)})
        there = {(row.run, row.step) for row in found}
        fresh = [
            _first(s, run=run, step=step)
            for (run, step), s in steps.items()
            if (run, step) not in there
        ]
        _note(transaction, tables.run_step, fresh)


def _known(transaction: Transaction, query: Any, names: set[str | None]) -> set[str]:
    return set(transaction.execute(query, {"names": list(names)}).scalars())


def _first(sweep: NewSweep, **key: str | None) -> dict[str, Any]:
    return key | {
        "started_at_us": sweep.measured_at_us,
        "recorded_at_us": sweep.received_at_us,
    }


def _note(transaction: Transaction, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        insert = _dialect(transaction).insert(table)
        transaction.execute(insert.on_conflict_do_nothing(), rows)


def _put(
    transaction: Transaction,
    table: Table,
    key: Mapping[str, str],
    changes: Mapping[str, Any],
    now: datetime,
) -> Row[Any]:
    values = dict(_columns(changes))
    row = {**key, "recorded_at_us": to_us(now), **values}
    insert = _dialect(transaction).insert(table)
    transaction.execute(insert.values(row).on_conflict_do_nothing())
    ours = [table.c[name] == value for name, value in key.items()]
    if values:
        transaction.execute(update(table).where(*ours).values(values))
    return transaction.execute(select(table).where(*ours)).one()


def _columns(changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write times as the columns hold them."""
    return {
        f"{name}_us" if name.endswith(("_at", "_until")) else name: (
            to_us(value) if isinstance(value, datetime) else value
        )
        for name, value in changes.items()
    }


def _list(transaction: Transaction, table: Table, limit: int) -> Sequence[Row[Any]]:
    query = select(table).order_by(table.c.recorded_at_us.desc(), table.c.id.desc())
    return transaction.execute(query.limit(limit)).all()


def _span(row: Row[Any]) -> dict[str, Any]:
    return {
        "started_at": _time(row.started_at_us),
        "ended_at": _time(row.ended_at_us),
        "note": row.note,
    }


def _time(stamp_us: int | None) -> datetime | None:
    return None if stamp_us is None else from_us(stamp_us)


def _cycle(row: Row[Any]) -> ThermalCycleRecord:
    return ThermalCycleRecord(thermal_cycle=row.id, **_span(row))


def _run(row: Row[Any]) -> RunRecord:
    return RunRecord(run=row.id, title=row.title, **_span(row))


def _step(row: Row[Any]) -> StepRecord:
    return StepRecord(run=row.run, step=row.step, **_span(row))


def _calibration(row: Row[Any]) -> CalibrationRecord:
    return CalibrationRecord(
        calibration=row.id,
        instrument=row.instrument,
        cavity=row.cavity,
        kind=row.kind,
        performed_at=_time(row.performed_at_us),
        valid_until=_time(row.valid_until_us),
        performed_by=row.performed_by,
        note=row.note,
    )


def _dialect(transaction: Transaction) -> Any:
    return sqlite if transaction.dialect.name == "sqlite" else postgresql
