"""The keys under which sweeps are known, such that those of new ones stand together.

A sweep without a key of its client's own is known by its content hash. Hashes lie
anywhere in an index, so each new sweep would read, and dirty, another page of it. The
same content was measured at the same time: with that in front, new sweeps stand behind
each other, and copies of old ones where the old ones are.
"""

from collections.abc import Sequence

from service.storage import tables
from service.storage.engine import Transaction
from service.storage.records import NewSweep

_UNTIL = f"SELECT max(bare_until_us) FROM {tables.key_form.name}"  # noqa: S608 - ours

FORMER_KEYS = f"CASE WHEN %s <= ({_UNTIL}) THEN %s::text[] ELSE '{{}}' END"
"""What PostgreSQL makes of :func:`former_keys`: those that there may be."""


def sweep_key(
    idempotency_key: str | None, content_hash: str, measured_at_us: int
) -> str:
    """Return the key of a sweep: its client's own, else by time and content."""
    if idempotency_key and idempotency_key != content_hash:
        return idempotency_key
    return f"{measured_at_us:016x}-{content_hash}"


def former_key(sweep: NewSweep) -> str | None:
    """Return the key that former editions gave the same content; None: the same."""
    is_own = sweep.key != sweep_key(None, sweep.content_hash, sweep.measured_at_us)
    return None if is_own else sweep.content_hash


def former_keys(
    transaction: Transaction, sweeps: Sequence[NewSweep]
) -> tuple[int, list[str]]:
    """List the keys that former editions may have given to sweeps.

    Over SQLite those measured after the upgrade are left out; PostgreSQL leaves them
    out itself, in the statement that looks for them.

    Returns
    -------
    tuple
        When the first of them was measured, in microseconds since 1970, and the keys.
    """
    found = [one for one in sweeps if former_key(one) is not None]
    first_us = min((one.measured_at_us for one in found), default=0)
    if transaction.dialect.name == "sqlite" and found:
        until_us = transaction.exec_driver_sql(_UNTIL).scalar()
        if until_us is None or until_us < first_us:
            found = []
    return first_us, [one.content_hash for one in found]
