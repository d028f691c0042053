"""Keeps API keys: their hashes, and what they are for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, insert, select, update

from service.access.permissions import Scope
from service.storage import tables
from service.storage.access_records import KeyRecord
from service.storage.engine import Transaction
from service.storage.times import from_us, optional_time, optional_us, to_us

_K = tables.api_key.c


def insert_key(transaction: Transaction, key: KeyRecord, token_hash: str) -> None:
    """Keep a new key."""
    transaction.execute(
        insert(tables.api_key).values(
            id=key.key_id,
            name=key.name,
            token_hash=token_hash,
            scopes=",".join(key.scopes),
            cavities=_write(key.cavities),
            created_at_us=to_us(key.created_at),
            created_by=key.created_by,
            expires_at_us=optional_us(key.expires_at),
        )
    )


def find_key(transaction: Transaction, token_hash: str) -> KeyRecord | None:
    """Find a key by the hash of its token."""
    query = select(tables.api_key).where(_K.token_hash == token_hash)
    row = transaction.execute(query).one_or_none()
    return None if row is None else _record(row)


def list_keys(transaction: Transaction) -> list[KeyRecord]:
    """List every key that ever was, oldest first."""
    query = select(tables.api_key).order_by(_K.created_at_us, _K.id)
    return [_record(row) for row in transaction.execute(query)]


def revoke_key(transaction: Transaction, key_id: str, now: datetime) -> bool:
    """Revoke a key; tells whether there was one to revoke."""
    change = (
        update(tables.api_key)
        .where(_K.id == key_id, _K.revoked_at_us.is_(None))
        .values(revoked_at_us=to_us(now))
    )
    return transaction.execute(change).rowcount > 0


def note_use(transaction: Transaction, key_id: str, now: datetime) -> None:
    """Remember that a key was used."""
    transaction.execute(
        update(tables.api_key).where(_K.id == key_id).values(last_used_at_us=to_us(now))
    )


def _write(cavities: Sequence[str] | None) -> str | None:
    return None if cavities is None else orjson.dumps(list(cavities)).decode()


def _record(row: Row[Any]) -> KeyRecord:
    cavities = row.cavities
    return KeyRecord(
        key_id=row.id,
        name=row.name,
        scopes=tuple(Scope(scope) for scope in row.scopes.split(",")),
        cavities=None if cavities is None else tuple(orjson.loads(cavities)),
        created_at=from_us(row.created_at_us),
        created_by=row.created_by,
        expires_at=optional_time(row.expires_at_us),
        revoked_at=optional_time(row.revoked_at_us),
        last_used_at=optional_time(row.last_used_at_us),
    )
