"""Writes sweeps, many at a time, with their outbox tasks and events."""

from collections.abc import Sequence

import orjson
from sqlalchemy.dialects import postgresql, sqlite

from instruments.measurement import Sweep
from instruments.measurement.times import format_time
from service.storage import arrivals, tables
from service.storage.campaigns import note_names
from service.storage.codec import (
    CODEC_VERSION,
    FLOAT64_BITSHUFFLE_LZ4,
    encode_axis,
)
from service.storage.engine import Transaction, confirm_durable
from service.storage.payloads import Payload, inserting_payloads
from service.storage.records import EventKind, NewSweep, Outcome, TaskKind, Written
from service.storage.statements import BulkInsert, Lookup
from service.storage.sweep_keys import FORMER_KEYS, former_key, former_keys
from service.storage.times import from_us

_S = tables.sweep.c
_T = tables.task.c
_E = tables.event.c
_find_known = Lookup(
    _S.key,
    _S.key,
    _S.id,
    _S.content_hash,
    before=arrivals.holding(arrivals.SWEEPS, arrivals.EVENTS),
    more=FORMER_KEYS,
)
_find_axes = Lookup(tables.axis.c.hash, tables.axis.c.hash)
_COLUMNS = (
    _S.id,
    _S.key,
    _S.content_hash,
    _S.cavity,
    _S.purpose,
    _S.measured_at_us,
    _S.received_at_us,
    _S.is_reference,
    _S.thermal_cycle,
    _S.s_parameters,
    _S.point_count,
    _S.axis_hash,
    _S.details,
    _S.flags,
    _S.run,
    _S.step,
)
_insert_sweeps = BulkInsert(*_COLUMNS)
_insert_numbered_sweeps = BulkInsert(*_COLUMNS, _S.arrival)
_insert_tasks = BulkInsert(
    _T.kind, _T.subject, _T.created_at_us, _T.available_at_us, _T.attempts
)
_insert_events = BulkInsert(_E.kind, _E.at_us, _E.body)


def insert_sweeps(
    transaction: Transaction, sweeps: Sequence[NewSweep]
) -> list[Written]:
    """Store every sweep whose key is new, once, with its task and its event.

    Parameters
    ----------
    transaction
        An open writing transaction; the caller commits.
    sweeps
        Encoded sweeps; the same key may come more than once.

    Returns
    -------
    list
        What became of each sweep, in order: accepted, duplicate, or rejected
        where the key belongs to other content.
    """
    known = {
        key: (identity, content_hash)
        for key, identity, content_hash in _find_known(
            transaction,
            [sweep.key for sweep in sweeps],
            *former_keys(transaction, sweeps),
        )
    }
    fresh: list[NewSweep] = []
    written = [_place(sweep, known, fresh) for sweep in sweeps]
    if fresh:
        with inserting_payloads(transaction, [_payload(sweep) for sweep in fresh]):
            _insert_axes(transaction, fresh)
            note_names(transaction, fresh)
            _insert_rows(transaction, fresh)
            _insert_tasks(transaction, [_task_row(sweep) for sweep in fresh])
            _insert_events(transaction, [_event_row(sweep) for sweep in fresh])
    elif any(one.outcome is Outcome.DUPLICATE for one in written):
        confirm_durable(transaction)
    return written


def details_of(sweep: Sweep) -> str:
    """Write what the columns do not hold as one JSON object.

    Raises
    ------
    ValueError
        If a text or a number cannot be stored.
    """
    groups = {
        "run": sweep.run,
        "step": sweep.step,
        "route": sweep.route,
        "settings": _known(sweep.settings),
        "instrument": _known(sweep.instrument),
        "conditions": dict(sweep.conditions),
        "idempotency_key": sweep.idempotency_key,
        "thermal_cycle": sweep.thermal_cycle,
    }
    try:
        body = orjson.dumps({name: value for name, value in groups.items() if value})
    except TypeError as error:
        raise ValueError(f"cannot be stored: {error}") from None
    if b"\\u0000" in body:
        raise ValueError("holds a text with a NUL character")
    return body.decode()


def _known(record: object) -> dict[str, object]:
    names = type(record).__dataclass_fields__  # type: ignore[attr-defined]  # records
    values = {name: getattr(record, name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _place(
    sweep: NewSweep, known: dict[str, tuple[str, str]], fresh: list[NewSweep]
) -> Written:
    stored = known.get(sweep.key)
    if stored is None:
        stored = known.get(former_key(sweep) or sweep.key)
    if stored is None:
        known[sweep.key] = (sweep.sweep_id, sweep.content_hash)
        fresh.append(sweep)
        return Written(outcome=Outcome.ACCEPTED, sweep_id=sweep.sweep_id)
    if stored[1] == sweep.content_hash:
        return Written(outcome=Outcome.DUPLICATE, sweep_id=stored[0])
    return Written(outcome=Outcome.REJECTED, sweep_id=None)


def _insert_axes(transaction: Transaction, sweeps: Sequence[NewSweep]) -> None:
    axes = {sweep.axis_hash: sweep.frequency_hz for sweep in sweeps}
    present = {row[0] for row in _find_axes(transaction, axes)}
    rows = [
        {
            "hash": name,
            "point_count": axis.size,
            "start_frequency_hz": float(axis[0]),
            "stop_frequency_hz": float(axis[-1]),
            "codec": FLOAT64_BITSHUFFLE_LZ4,
            "codec_version": CODEC_VERSION,
            "payload": encode_axis(axis),
        }
        for name, axis in axes.items()
        if name not in present
    ]
    if rows:
        dialect = sqlite if transaction.dialect.name == "sqlite" else postgresql
        transaction.execute(dialect.insert(tables.axis).on_conflict_do_nothing(), rows)


def _insert_rows(transaction: Transaction, sweeps: Sequence[NewSweep]) -> None:
    rows = [_sweep_row(sweep) for sweep in sweeps]
    if transaction.dialect.name == "postgresql":
        _insert_sweeps(transaction, rows)
        return
    next_number = arrivals.SWEEPS.newest(transaction) + 1
    numbered = [(*row, number) for number, row in enumerate(rows, next_number)]
    _insert_numbered_sweeps(transaction, numbered)


def _sweep_row(sweep: NewSweep) -> tuple[object, ...]:
    return (
        sweep.sweep_id,
        sweep.key,
        sweep.content_hash,
        sweep.cavity,
        sweep.purpose.value,
        sweep.measured_at_us,
        sweep.received_at_us,
        sweep.is_reference,
        sweep.thermal_cycle,
        ",".join(sweep.s_parameters),
        sweep.frequency_hz.size,
        sweep.axis_hash,
        sweep.details,
        f",{','.join(sweep.flags)}," if sweep.flags else "",
        sweep.run,
        sweep.step,
    )


def _payload(sweep: NewSweep) -> Payload:
    return Payload(
        sweep_id=sweep.sweep_id,
        codec=sweep.codec,
        blob=sweep.payload,
    )


def _task_row(sweep: NewSweep) -> tuple[object, ...]:
    received_at_us = sweep.received_at_us
    kind = TaskKind.DIAGNOSE.value
    return kind, sweep.sweep_id, received_at_us, received_at_us, 0


def _event_row(sweep: NewSweep) -> tuple[object, ...]:
    body: dict[str, object] = {
        "sweep_id": sweep.sweep_id,
        "cavity": sweep.cavity,
        "purpose": sweep.purpose.value,
        "measured_at": format_time(from_us(sweep.measured_at_us)),
        "flags": list(sweep.flags),
    }
    return EventKind.SWEEP.value, sweep.received_at_us, orjson.dumps(body).decode()
