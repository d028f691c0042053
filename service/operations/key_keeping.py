"""Makes and revokes API keys, each with its line in the audit log."""

import re
from collections.abc import Sequence
from datetime import datetime

from instruments.measurement.limits import IDENTIFIER
from service.access.permissions import Scope
from service.access.tokens import KEY_PREFIX, hash_token, is_key, mint_key, mint_key_id
from service.errors import ConflictError, InvalidRequestError, NotFoundError
from service.storage.access_records import AuditEntry, KeyRecord
from service.storage.audit import record_action
from service.storage.engine import Transaction
from service.storage.keys import find_key, insert_key, list_keys, revoke_key

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
"""Names of keys and accounts."""


def create_key(
    transaction: Transaction,
    *,
    name: str,
    scopes: Sequence[Scope],
    cavities: Sequence[str] | None,
    expires_at: datetime | None,
    actor: str,
    now: datetime,
    token: str | None = None,
) -> tuple[KeyRecord, str]:
    """Make a key.

    Parameters
    ----------
    token
        A token that was made elsewhere, for sites that hand out secrets themselves; a
        new one where None.

    Returns
    -------
    tuple
        The record, and the token, which is kept nowhere.

    Raises
    ------
    InvalidRequestError
        If a name, scope, cavity, time or token is none.
    ConflictError
        If a key of that name works already, or the token is known.
    """
    _check(name, scopes, cavities, expires_at, now)
    if token is not None and not is_key(token):
        raise InvalidRequestError(
            f"the token must be {KEY_PREFIX} and 43 letters, digits, - or _, that is "
            "32 random bytes in URL-safe base64"
        )
    token = token or mint_key()
    if find_key(transaction, hash_token(token)) is not None:
        raise ConflictError("that token is a key already")
    if any(
        one.name == name and one.state(now) == "active"
        for one in list_keys(transaction)
    ):
        raise ConflictError(
            f"a key named {name} is active already: take another name, or revoke that "
            "one first"
        )
    key = KeyRecord(
        key_id=mint_key_id(),
        name=name,
        scopes=tuple(sorted(set(scopes))),
        cavities=None if cavities is None else tuple(sorted(set(cavities))),
        created_at=now,
        created_by=actor,
        expires_at=expires_at,
        revoked_at=None,
        last_used_at=None,
    )
    insert_key(transaction, key, hash_token(token))
    details = {"scopes": key.scopes, "cavities": key.cavities}
    record_action(
        transaction,
        AuditEntry(
            at=now, actor=actor, action="key.create", subject=name, details=details
        ),
    )
    return key, token


def withdraw_key(
    transaction: Transaction, named: str, *, actor: str, now: datetime
) -> KeyRecord:
    """Revoke the key of an id, or the one active key of a name.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    for key in list_keys(transaction):
        if named in (key.key_id, key.name) and key.revoked_at is None:
            revoke_key(transaction, key.key_id, now)
            record_action(
                transaction,
                AuditEntry(at=now, actor=actor, action="key.revoke", subject=key.name),
            )
            return key
    raise NotFoundError(
        f"no key {named!r} that is not revoked; halowatch keys list names them"
    )


def _check(
    name: str,
    scopes: Sequence[Scope],
    cavities: Sequence[str] | None,
    expires_at: datetime | None,
    now: datetime,
) -> None:
    if not NAME.fullmatch(name):
        raise InvalidRequestError(
            f"name: {name[:64]!r} must be 1 to 64 letters, digits, dots, dashes, @ or "
            "underscores and start with a letter or digit"
        )
    if not scopes:
        raise InvalidRequestError(f"scope: name at least one of {', '.join(Scope)}")
    for cavity in cavities or ():
        if not IDENTIFIER.fullmatch(cavity):
            raise InvalidRequestError(f"cavity: {cavity[:64]!r} is no cavity's name")
    if cavities is not None and Scope.ADMIN in scopes:
        raise InvalidRequestError(
            "cavity: scope admin is for the whole array; leave the cavities out"
        )
    if expires_at is not None and expires_at <= now:
        raise InvalidRequestError("expires: must lie in the future")
