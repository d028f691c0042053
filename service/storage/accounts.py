"""Keeps accounts of persons, and their sessions."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from service.access.permissions import Role
from service.storage import tables
from service.storage.access_records import AccountRecord, SessionRecord
from service.storage.engine import Transaction
from service.storage.times import from_us, optional_time, to_us

_A = tables.account.c
_S = tables.login_session.c


def insert_account(transaction: Transaction, account: AccountRecord) -> None:
    """Keep a new account."""
    transaction.execute(
        insert(tables.account).values(
            name=account.name,
            role=account.role.value,
            password_hash=account.password_hash,
            issuer=account.issuer,
            subject=account.subject,
            created_at_us=to_us(account.created_at),
        )
    )


def get_account(transaction: Transaction, name: str) -> AccountRecord | None:
    """Find an account by its name."""
    return _one(transaction, _A.name == name)


def find_foreign(
    transaction: Transaction, issuer: str, subject: str
) -> AccountRecord | None:
    """Find the account of a person whom an identity provider vouches for."""
    return _one(transaction, (_A.issuer == issuer) & (_A.subject == subject))


def list_accounts(transaction: Transaction) -> list[AccountRecord]:
    """List all accounts by name."""
    query = select(tables.account).order_by(_A.name)
    return [_record(row) for row in transaction.execute(query)]


def set_role(transaction: Transaction, name: str, role: Role) -> bool:
    """Change a role; tells whether there is such an account."""
    return _update(transaction, name, role=role.value)


def set_password(transaction: Transaction, name: str, password_hash: str) -> bool:
    """Change a password and end the sessions that the old one began."""
    end_sessions(transaction, name)
    return _update(transaction, name, password_hash=password_hash)


def set_disabled(transaction: Transaction, name: str, at: datetime | None) -> bool:
    """Shut an account and end its sessions, or open it again."""
    if at is not None:
        end_sessions(transaction, name)
    return _update(transaction, name, disabled_at_us=None if at is None else to_us(at))


def begin_session(
    transaction: Transaction,
    account: str,
    token_hash: str,
    *,
    now: datetime,
    expires_at: datetime,
) -> None:
    """Keep a session, note the log-in, and forget the sessions that are over."""
    transaction.execute(
        delete(tables.login_session).where(_S.expires_at_us <= to_us(now))
    )
    transaction.execute(
        insert(tables.login_session).values(
            token_hash=token_hash,
            account=account,
            created_at_us=to_us(now),
            expires_at_us=to_us(expires_at),
        )
    )
    _update(transaction, account, last_login_at_us=to_us(now))


def find_session(transaction: Transaction, token_hash: str) -> SessionRecord | None:
    """Find a session whose account is not shut."""
    query = (
        select(_S.account, _S.expires_at_us, _A.role)
        .join(tables.account, _A.name == _S.account)
        .where(_S.token_hash == token_hash, _A.disabled_at_us.is_(None))
    )
    row = transaction.execute(query).one_or_none()
    if row is None:
        return None
    return SessionRecord(
        account=row.account,
        role=Role(row.role),
        expires_at=from_us(row.expires_at_us),
    )


def end_session(transaction: Transaction, token_hash: str) -> None:
    """Forget one session."""
    transaction.execute(delete(tables.login_session).where(_S.token_hash == token_hash))


def end_sessions(transaction: Transaction, account: str) -> None:
    """Forget every session of an account."""
    transaction.execute(delete(tables.login_session).where(_S.account == account))


def _update(transaction: Transaction, name: str, **values: Any) -> bool:
    change = update(tables.account).where(_A.name == name).values(**values)
    return transaction.execute(change).rowcount > 0


def _one(transaction: Transaction, condition: Any) -> AccountRecord | None:
    row = transaction.execute(select(tables.account).where(condition)).one_or_none()
    return None if row is None else _record(row)


def _record(row: Row[Any]) -> AccountRecord:
    return AccountRecord(
        name=row.name,
        role=Role(row.role),
        password_hash=row.password_hash,
        issuer=row.issuer,
        subject=row.subject,
        created_at=from_us(row.created_at_us),
        disabled_at=optional_time(row.disabled_at_us),
        last_login_at=optional_time(row.last_login_at_us),
    )
