"""Looks whether the database holds what its rows say."""

from sqlalchemy import exists, func, select, text

from service.storage import tables
from service.storage.engine import Transaction
from service.storage.months import id_range
from service.storage.packs import HEADER
from service.storage.payloads import packs_of
from service.storage.retention import expired_months

_S = tables.sweep.c
_P = tables.sweep_payload.c


def check_integrity(transaction: Transaction) -> list[str]:
    """List what is broken in the database; empty where all is well.

    Samples that retention has dropped are not missing.
    """
    problems: list[str] = []
    if transaction.dialect.name == "sqlite":
        rows = transaction.execute(text("PRAGMA integrity_check(20)")).scalars()
        problems = [str(row) for row in rows if row != "ok"]
    return problems + _missing_samples(transaction) + _short_packs(transaction)


def _missing_samples(transaction: Transaction) -> list[str]:
    query = (
        select(func.count())
        .select_from(tables.sweep)
        .where(~exists().where(_P.sweep_id == _S.id))
    )
    for month in expired_months(transaction):
        first, last = id_range(month)
        # Who asks for a sweep to be kept too late has lost its samples.
        query = query.where(~_S.id.between(first, last) | _S.is_reference)
    missing = transaction.execute(query).scalar_one()
    return [f"{missing} sweeps have no payload"] if missing else []


def _short_packs(transaction: Transaction) -> list[str]:
    packs = packs_of(transaction)
    if packs is None:
        return []
    ends = transaction.execute(
        select(_P.pack, func.max(_P.position + _P.size_bytes)).group_by(_P.pack)
    )
    problems = []
    for pack, end in ends:
        due, found = end + HEADER.size, packs.size_bytes(pack)
        if found < due:
            problems.append(f"pack {pack} holds {found} bytes where {due} are due")
    return problems
