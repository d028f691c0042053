"""The register of models: folders as registered, and every change of state."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, func, insert, select, text

from service.storage import tables
from service.storage.engine import Transaction
from service.storage.model_records import (
    ModelEvent,
    ModelFile,
    ModelRecord,
    ModelState,
    ModelTransition,
)
from service.storage.times import from_us, to_us

_M = tables.model.c
_F = tables.model_file.c
_T = tables.model_transition.c

_REGISTER_LOCK = 7_406_111
"""Number of the advisory lock that makes changes of the register follow one another."""


def lock_register(transaction: Transaction) -> None:
    """Make other changes of the register wait until this transaction ends."""
    if transaction.dialect.name == "postgresql":
        transaction.execute(
            text("SELECT pg_advisory_xact_lock(:number)"), {"number": _REGISTER_LOCK}
        )


def insert_model(
    transaction: Transaction, record: ModelRecord, files: Sequence[ModelFile]
) -> None:
    """Keep a model with every file of its folder."""
    transaction.execute(
        insert(tables.model).values(
            version=record.version,
            parent=record.parent,
            source=record.source,
            size_bytes=record.size_bytes,
            manifest=orjson.dumps(record.manifest).decode(),
            report=orjson.dumps(record.report).decode(),
            registered_at_us=to_us(record.registered_at),
            registered_by=record.registered_by,
        )
    )
    for file in files:
        transaction.execute(
            insert(tables.model_file).values(
                version=record.version,
                name=file.name,
                sha256=file.sha256,
                payload=file.payload,
            )
        )


def get_model(transaction: Transaction, version: str) -> ModelRecord | None:
    """Find one version."""
    query = select(tables.model).where(_M.version == version)
    row = transaction.execute(query).one_or_none()
    return None if row is None else _record(row)


def list_models(transaction: Transaction) -> list[ModelRecord]:
    """List every version, newest registration first."""
    query = select(tables.model).order_by(_M.registered_at_us.desc(), _M.version)
    return [_record(row) for row in transaction.execute(query)]


def read_model_files(transaction: Transaction, version: str) -> list[ModelFile]:
    """Read the files of a version, by name."""
    query = select(tables.model_file).where(_F.version == version).order_by(_F.name)
    return [
        ModelFile(name=row.name, sha256=row.sha256, payload=bytes(row.payload))
        for row in transaction.execute(query)
    ]


def add_model_transition(transaction: Transaction, change: ModelTransition) -> None:
    """Record a change of state; nothing is ever changed or removed."""
    transaction.execute(
        insert(tables.model_transition).values(
            version=change.version,
            scope=change.scope,
            at_us=to_us(change.at),
            event=change.event.value,
            from_state=change.from_state.value,
            to_state=change.to_state.value,
            actor=change.actor,
            reason=change.reason,
            is_forced=change.is_forced,
            gates=orjson.dumps(list(change.gates)).decode(),
        )
    )


def list_model_transitions(
    transaction: Transaction, until: datetime | None = None
) -> list[ModelTransition]:
    """List the changes of state up to a time, oldest first."""
    query = select(tables.model_transition).order_by(_T.id)
    if until is not None:
        query = query.where(_T.at_us <= to_us(until))
    return [_transition(row) for row in transaction.execute(query)]


def newest_model_transition(transaction: Transaction) -> int:
    """Return the number of the last change of state, 0 where there is none."""
    return int(transaction.execute(select(func.max(_T.id))).scalar_one() or 0)


def _record(row: Row[Any]) -> ModelRecord:
    return ModelRecord(
        version=row.version,
        parent=row.parent,
        source=row.source,
        size_bytes=row.size_bytes,
        manifest=orjson.loads(row.manifest),
        report=orjson.loads(row.report),
        registered_at=from_us(row.registered_at_us),
        registered_by=row.registered_by,
    )


def _transition(row: Row[Any]) -> ModelTransition:
    return ModelTransition(
        version=row.version,
        scope=row.scope,
        at=from_us(row.at_us),
        event=ModelEvent(row.event),
        from_state=ModelState(row.from_state),
        to_state=ModelState(row.to_state),
        actor=row.actor,
        reason=row.reason,
        is_forced=row.is_forced,
        gates=tuple(orjson.loads(row.gates)),
        number=row.id,
    )
