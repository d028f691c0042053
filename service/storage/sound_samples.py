"""Reads the samples that are sound, and keeps account of those that are damaged."""

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import psycopg
from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from service.storage import tables
from service.storage.engine import Transaction
from service.storage.payloads import Payload, packs_of, read_payloads
from service.storage.quantising import QUANTISED_LEANING, leans_on

MOST_NOTED = 1000
"""So many noted sweeps are looked at again in one go."""

_D = tables.damaged_sweep.c
_S = tables.sweep.c


@contextlib.contextmanager
def savepoint(transaction: Transaction) -> Iterator[None]:
    """Let the transaction outlive a page that PostgreSQL itself finds damaged.

    Raises
    ------
    ValueError
        For such a page.
    """
    if packs_of(transaction) is not None:
        yield
        return
    try:
        with transaction.begin_nested():
            yield
    except DBAPIError as error:
        if not isinstance(error.orig, psycopg.errors.DataCorrupted):
            raise
        raise ValueError(str(error.orig).splitlines()[0]) from error


def read_sound(
    transaction: Transaction, sweep_ids: Sequence[str]
) -> tuple[list[Payload], dict[str, str]]:
    """Read the samples of several sweeps, by id, past those that are damaged.

    Returns
    -------
    tuple
        What is sound, and sweep id to what is wrong with it.

    Raises
    ------
    StorageUnavailableError
        If the database or a pack cannot be read.
    """
    sound: list[Payload] = []
    damaged: dict[str, str] = {}
    if not sweep_ids:
        return sound, damaged
    try:
        with savepoint(transaction):
            found = read_payloads(transaction, sweep_ids)
    except ValueError as error:
        if len(sweep_ids) == 1:
            return [], {sweep_ids[0]: str(error)}
        for sweep_id in sweep_ids:
            one, wrong = read_sound(transaction, [sweep_id])
            sound += one
            damaged |= wrong
        return sound, damaged
    for payload in found:
        if payload.codec == QUANTISED_LEANING and payload.basis is None:
            needed = leans_on(payload.blob)
            damaged[payload.sweep_id] = f"the samples of {needed} it needs are gone"
        else:
            sound.append(payload)
    return sound, damaged


def note_damaged(transaction: Transaction, damaged: Mapping[str, str]) -> None:
    """Remember which sweeps cannot be read, and why."""
    if not damaged:
        return
    dialect = sqlite if transaction.dialect.name == "sqlite" else postgresql
    rows = [{"sweep_id": one, "reason": damaged[one]} for one in sorted(damaged)]
    insert = dialect.insert(tables.damaged_sweep)
    transaction.execute(insert.on_conflict_do_nothing(), rows)


def list_damaged(transaction: Transaction, limit: int) -> list[str]:
    """List the sweeps that are noted as damaged, by id."""
    query = select(_D.sweep_id).order_by(_D.sweep_id).limit(limit)
    return list(transaction.execute(query).scalars())


def count_damaged(transaction: Transaction) -> int:
    """Count the sweeps that are noted as damaged."""
    query = select(func.count()).select_from(tables.damaged_sweep)
    return int(transaction.execute(query).scalar_one())


def forget_damaged(transaction: Transaction, sweep_ids: Iterable[str]) -> None:
    """Take sweeps off the account."""
    query = delete(tables.damaged_sweep).where(_D.sweep_id.in_(list(sweep_ids)))
    transaction.execute(query)


def look_again(transaction: Transaction) -> None:
    """Take off the account what is sound again, and what has no samples any more."""
    noted = list_damaged(transaction, MOST_NOTED)
    sound, damaged = read_sound(transaction, noted)
    shapes = shapes_of(transaction, [one.sweep_id for one in sound])
    for one in sound:
        try:
            one.restore(*shapes[one.sweep_id])
        except ValueError as error:
            damaged[one.sweep_id] = str(error)
    forget_damaged(transaction, set(noted) - set(damaged))


def shapes_of(
    transaction: Transaction, sweep_ids: Sequence[str]
) -> dict[str, tuple[list[str], int]]:
    """Return sweep id to the names of its traces and their number of points."""
    query = select(_S.id, _S.s_parameters, _S.point_count)
    rows = transaction.execute(query.where(_S.id.in_(list(sweep_ids))))
    return {row.id: (row.s_parameters.split(","), row.point_count) for row in rows}
