"""Makes and changes accounts, each change with its line in the audit log."""

from datetime import datetime
from typing import Any

from service.access.passwords import WeakPasswordError, hash_password
from service.access.permissions import Role
from service.errors import ConflictError, InvalidRequestError, NotFoundError
from service.operations.key_keeping import NAME
from service.storage.access_records import AccountRecord, AuditEntry
from service.storage.accounts import (
    find_foreign,
    get_account,
    insert_account,
    set_disabled,
    set_password,
    set_role,
)
from service.storage.audit import record_action
from service.storage.engine import Transaction


def create_account(
    transaction: Transaction,
    *,
    name: str,
    role: Role,
    password: str,
    actor: str,
    now: datetime,
) -> AccountRecord:
    """Make an account with a password.

    Raises
    ------
    InvalidRequestError
        If the name or the password cannot be one.
    ConflictError
        If the name is taken.
    """
    if not NAME.fullmatch(name):
        raise InvalidRequestError(
            f"name: {name[:64]!r} must be 1 to 64 letters, digits, dots, dashes, @ or "
            "underscores and start with a letter or digit"
        )
    if get_account(transaction, name) is not None:
        raise ConflictError(f"there is an account {name} already")
    account = _new(name, role, now, password_hash=_hash(password, name))
    insert_account(transaction, account)
    _record(transaction, actor, "account.create", name, now, role=role.value)
    return account


def change_role(
    transaction: Transaction, name: str, role: Role, *, actor: str, now: datetime
) -> None:
    """Change a person's role; it counts for open sessions too."""
    _must(set_role(transaction, name, role), name)
    _record(transaction, actor, "account.role", name, now, role=role.value)


def change_password(
    transaction: Transaction, name: str, password: str, *, actor: str, now: datetime
) -> None:
    """Change a password and end the person's sessions."""
    account = get_account(transaction, name)
    _must(account is not None, name)
    assert account is not None
    if account.issuer is not None:
        raise ConflictError(f"{name} logs in at {account.issuer} and has no password")
    set_password(transaction, name, _hash(password, name))
    _record(transaction, actor, "account.password", name, now)


def shut_account(
    transaction: Transaction, name: str, *, is_shut: bool, actor: str, now: datetime
) -> None:
    """Shut an account and end its sessions, or open it again."""
    _must(set_disabled(transaction, name, now if is_shut else None), name)
    action = "account.disable" if is_shut else "account.enable"
    _record(transaction, actor, action, name, now)


def welcome_foreign(
    transaction: Transaction,
    *,
    issuer: str,
    subject: str,
    wanted: str,
    role: Role,
    now: datetime,
) -> AccountRecord:
    """Return the account of a person from an identity provider, made at first sight.

    The role is the provider's word of now. The name never takes over another
    account's.

    Parameters
    ----------
    wanted
        Name that the provider prefers for the person.
    """
    actor = f"oidc:{issuer}"
    account = find_foreign(transaction, issuer, subject)
    if account is None:
        name = wanted if NAME.fullmatch(wanted) else "guest"
        number = 1
        free = name
        while get_account(transaction, free) is not None:
            number += 1
            free = f"{name[:58]}-{number}"
        account = _new(free, role, now, issuer=issuer, subject=subject)
        insert_account(transaction, account)
        _record(transaction, actor, "account.create", free, now, role=role.value)
    elif account.role is not role:
        change_role(transaction, account.name, role, actor=actor, now=now)
    return account


def _new(
    name: str,
    role: Role,
    now: datetime,
    *,
    password_hash: str | None = None,
    issuer: str | None = None,
    subject: str | None = None,
) -> AccountRecord:
    return AccountRecord(
        name=name,
        role=role,
        password_hash=password_hash,
        issuer=issuer,
        subject=subject,
        created_at=now,
        disabled_at=None,
        last_login_at=None,
    )


def _hash(password: str, name: str) -> str:
    try:
        return hash_password(password, name)
    except WeakPasswordError as error:
        raise InvalidRequestError(str(error)) from None


def _must(is_known: bool, name: str) -> None:
    if not is_known:
        raise NotFoundError(f"no account {name!r}; halowatch users list names them")


def _record(
    transaction: Transaction,
    actor: str,
    action: str,
    subject: str,
    now: datetime,
    **details: Any,
) -> None:
    record_action(
        transaction,
        AuditEntry(
            at=now, actor=actor, action=action, subject=subject, details=details
        ),
    )
