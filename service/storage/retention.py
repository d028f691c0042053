"""Drops samples month by month; records and diagnoses are not touched."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from service.storage import tables
from service.storage.engine import Transaction
from service.storage.labels import labelled
from service.storage.months import id_range, month_of, month_start
from service.storage.payloads import (
    Payload,
    append_payloads,
    delete_payloads,
    packs_of,
    partition_name,
)
from service.storage.quantising import (
    QUANTISED_ALONE,
    QUANTISED_LEANING,
    stand_alone,
)
from service.storage.sound_samples import note_damaged, read_sound
from service.storage.times import to_us

KEPT_PACK = "kept"
"""Pack of the samples that outlive their month."""

THINNED = ".thinned"
"""What the pack of a thinned month ends with."""

_OTHERS = "~"
"""Before the last id that was looked at once none is left that leans on another."""

_S = tables.sweep.c
_P = tables.sweep_payload.c
_M = tables.payload_month.c


def months_to_thin(transaction: Transaction, before: datetime) -> list[str]:
    """List the months that ended before a time and hold original samples."""
    done = select(_M.month).where(
        _M.thinned_at_us.is_not(None) | _M.expired_at_us.is_not(None)
    )
    return _months(transaction, before, set(transaction.execute(done).scalars()))


def months_to_expire(transaction: Transaction, before: datetime) -> list[str]:
    """List the months that ended before a time and still hold their samples."""
    return _months(transaction, before, set(expired_months(transaction)))


def expired_months(transaction: Transaction) -> list[str]:
    """List the months whose samples were dropped."""
    query = select(_M.month).where(_M.expired_at_us.is_not(None)).order_by(_M.month)
    return list(transaction.execute(query).scalars())


def expire(
    transaction: Transaction, month: str, after: str, limit: int
) -> tuple[str, int]:
    """Forget the next samples of a month; those of spared sweeps move aside.

    Over PostgreSQL the partition is dropped, in one step. Samples of spared sweeps that
    are damaged stay where they lie, and are noted.

    Returns
    -------
    tuple
        The last id that was looked at, "" where the month is through, and how many
        sweeps lost their samples.
    """
    if packs_of(transaction) is None:
        return "", _drop_partition(transaction, month)
    is_due = _P.pack != KEPT_PACK
    rows: Sequence[Row[Any]] = ()
    if not after.startswith(_OTHERS):
        # Whoever leans on another goes first: what is spared of them is written anew.
        is_leaning = is_due & (_P.codec == QUANTISED_LEANING)
        rows = due_rows(transaction, month, after, limit, is_leaning)
    mark = "" if rows else _OTHERS
    if not rows:
        after = after.removeprefix(_OTHERS) if after.startswith(_OTHERS) else ""
        rows = due_rows(transaction, month, after, limit, is_due)
    if not rows:
        return "", 0
    spared, damaged = _standing_alone(transaction, [it for it in rows if it.is_spared])
    due = [row.sweep_id for row in rows if row.sweep_id not in damaged]
    delete_payloads(transaction, due)
    if spared:
        append_payloads(transaction, KEPT_PACK, spared)
    return mark + rows[-1].sweep_id, len(due) - len(spared)


def mark_thinned(transaction: Transaction, month: str, now: datetime) -> None:
    """Remember that a month is through."""
    mark_month(transaction, month, "thinned_at_us", now)


def mark_expired(transaction: Transaction, month: str, now: datetime) -> None:
    """Remember that the samples of a month are gone."""
    mark_month(transaction, month, "expired_at_us", now)


def mark_month(
    transaction: Transaction, month: str, column: str, now: datetime
) -> None:
    """Remember when something was done with a month."""
    dialect = sqlite if transaction.dialect.name == "sqlite" else postgresql
    transaction.execute(
        dialect.insert(tables.payload_month)
        .values(month=month, **{column: to_us(now)})
        .on_conflict_do_update(index_elements=[_M.month], set_={column: to_us(now)})
    )


def collect_packs(transaction: Transaction) -> int:
    """Unlink the packs that no row points into; returns how many bytes they held.

    The caller's write lock keeps everybody from appending meanwhile.
    """
    packs = packs_of(transaction)
    if packs is None:
        return 0
    freed_bytes = 0
    for pack in packs.list():
        query = select(_P.sweep_id).where(_P.pack == pack).limit(1)
        if pack != KEPT_PACK:
            first, last = id_range(pack.removesuffix(THINNED))
            query = query.where(_P.sweep_id >= first, _P.sweep_id < last)
        if transaction.execute(query).first() is None:
            freed_bytes += packs.size_bytes(pack)
            packs.unlink(pack)
    return freed_bytes


def is_spared() -> ColumnElement[bool]:
    """Return the condition under which retention leaves a sweep alone."""
    registered = select(tables.reference.c.sweep_id)
    return or_(_S.keep, _S.is_reference, _S.id.in_(registered), labelled())


def set_keep(transaction: Transaction, sweep_id: str, *, keep: bool) -> bool:
    """Ask retention to spare a sweep, or no longer; tells whether it is known."""
    query = update(tables.sweep).where(_S.id == sweep_id).values(keep=keep)
    return transaction.execute(query).rowcount > 0


def _months(transaction: Transaction, before: datetime, done: set[str]) -> list[str]:
    """Walk from month to month over the first id of each."""
    months: list[str] = []
    after = ""
    while True:
        query = select(func.min(_P.sweep_id)).where(_P.sweep_id >= after)
        first = transaction.execute(query).scalar_one()
        if first is None or month_start(month_of(first), 1) > before:
            return months
        month = month_of(first)
        if month not in done:
            months.append(month)
        after = id_range(month)[1]


def due_rows(
    transaction: Transaction,
    month: str,
    after: str,
    limit: int,
    is_due: ColumnElement[bool],
) -> Sequence[Row[Any]]:
    """List the next rows of a month that are due, by id, and which are spared."""
    first, last = id_range(month)
    query = (
        _rows()
        .where(_P.sweep_id >= first, _P.sweep_id < last, _P.sweep_id > after, is_due)
        .order_by(_P.sweep_id)
        .limit(limit)
    )
    return transaction.execute(query).all()


def _rows() -> Select[Any]:
    return select(
        _P.sweep_id,
        is_spared().label("is_spared"),
        _S.cavity,
        _S.purpose,
        _S.measured_at_us,
        _S.axis_hash,
        _S.s_parameters,
        _S.point_count,
        _P.codec,
    ).join_from(tables.sweep_payload, tables.sweep, _S.id == _P.sweep_id)


def _standing_alone(
    transaction: Transaction, rows: Sequence[Row[Any]]
) -> tuple[list[Payload], dict[str, str]]:
    """Read the samples of rows such that no other sweep is needed for them.

    Those that are damaged, or lean on what is, are noted and told apart.
    """
    shapes = {
        row.sweep_id: (row.s_parameters.split(","), row.point_count) for row in rows
    }
    sound, damaged = read_sound(transaction, list(shapes))
    found = []
    for one in sound:
        try:
            found.append(standing_alone(one, *shapes[one.sweep_id]))
        except ValueError as error:
            damaged[one.sweep_id] = str(error)
    note_damaged(transaction, damaged)
    return found, damaged


def standing_alone(payload: Payload, names: Sequence[str], point_count: int) -> Payload:
    """Write rounded samples such that no other sweep is needed for them.

    Raises
    ------
    ValueError
        If they, or what they lean on, are damaged or gone.
    """
    if payload.codec != QUANTISED_LEANING:
        return payload
    basis = payload.basis_traces(names, point_count)
    blob = stand_alone(payload.blob, names, point_count, basis)
    return replace(payload, codec=QUANTISED_ALONE, blob=blob, basis=None)


def _drop_partition(transaction: Transaction, month: str) -> int:
    first, last = id_range(month)
    is_inside = (_P.sweep_id >= first) & (_P.sweep_id < last)
    count = select(func.count()).select_from(tables.sweep_payload).where(is_inside)
    total = int(transaction.execute(count).scalar_one())
    rows = transaction.execute(_rows().where(is_inside, is_spared())).all()
    kept, damaged = _standing_alone(transaction, rows)
    if damaged:
        # They stay; what is around them goes row by row.
        others = is_inside & _P.sweep_id.not_in(list(damaged))
        transaction.execute(delete(tables.sweep_payload).where(others))
    else:
        transaction.execute(text(f"DROP TABLE {partition_name(month)}"))
    if kept:
        append_payloads(transaction, month, kept)
    return total - len(kept) - len(damaged)
