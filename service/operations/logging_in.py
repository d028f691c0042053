"""Lets persons in, and out again."""

import threading
from dataclasses import dataclass
from datetime import timedelta

from instruments.clock import Clock
from service.access.passwords import matches
from service.access.permissions import Role
from service.access.rates import LOGINS, Rates
from service.access.tokens import hash_token, mint_session
from service.errors import (
    ForbiddenError,
    QueueFullError,
    TooManyRequestsError,
    UnauthenticatedError,
)
from service.operations.account_keeping import welcome_foreign
from service.operations.auditing import record
from service.storage.access_records import AccountRecord, AuditEntry
from service.storage.accounts import (
    begin_session,
    end_session,
    get_account,
)
from service.storage.audit import record_action
from service.storage.engine import Database

AT_ONCE = 2
"""Most passwords checked at once: each takes a core and 64 MiB for a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """A person whom an identity provider vouches for.

    Attributes
    ----------
    role
        What the provider's groups make of the person here.
    """

    issuer: str
    subject: str
    preferred_name: str
    role: Role


class LoginDesk:
    """Checks passwords, and begins and ends sessions.

    Parameters
    ----------
    session_s
        How long a session lasts, in seconds.
    """

    def __init__(
        self, database: Database, clock: Clock, rates: Rates, session_s: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._rates = rates
        self._lasting = timedelta(seconds=session_s)
        self._checks = threading.BoundedSemaphore(AT_ONCE)

    def enter(self, name: str, password: str, address: str) -> str:
        """Begin a session by password.

        Returns
        -------
        str
            The session's token.

        Raises
        ------
        UnauthenticatedError
            If name and password do not belong together; it does not say which is wrong.
        TooManyRequestsError
            If there were too many attempts.
        """
        for item in (("address", address), ("account", name.casefold()[:64])):
            if not self._rates.count(LOGINS, *item):
                raise TooManyRequestsError(
                    "too many attempts to log in; wait a minute", retry_after_s=60
                )
        with self._database.read() as transaction:
            account = get_account(transaction, name)
        is_open = account is not None and account.disabled_at is None
        kept = account.password_hash if account is not None and is_open else None
        if not self._check(password, kept):
            self._note(name[:64], "login.failed", "refused", address)
            raise UnauthenticatedError("name or password is wrong")
        assert account is not None
        return self._begin(account, address)

    def enter_vouched(self, person: Vouched, address: str) -> str:
        """Begin a session for a person whom the identity provider vouches for.

        Raises
        ------
        ForbiddenError
            If the account was shut here.
        """
        with self._database.write() as transaction:
            account = welcome_foreign(
                transaction,
                issuer=person.issuer,
                subject=person.subject,
                wanted=person.preferred_name,
                role=person.role,
                now=self._clock.now(),
            )
        if account.disabled_at is not None:
            self._note(account.name, "login.failed", "refused", address)
            raise ForbiddenError(f"the account {account.name} is shut")
        return self._begin(account, address)

    def leave(self, token: str, name: str, address: str) -> None:
        """End a session."""
        with self._database.write() as transaction:
            end_session(transaction, hash_token(token))
        self._note(name, "logout", "done", address)

    def _check(self, password: str, kept: str | None) -> bool:
        if not self._checks.acquire(timeout=5.0):
            raise QueueFullError("many are logging in just now; try again")
        try:
            return matches(password, kept)
        finally:
            self._checks.release()

    def _begin(self, account: AccountRecord, address: str) -> str:
        token, now = mint_session(), self._clock.now()
        with self._database.write() as transaction:
            begin_session(
                transaction,
                account.name,
                hash_token(token),
                now=now,
                expires_at=now + self._lasting,
            )
            record_action(
                transaction,
                AuditEntry(
                    at=now,
                    actor=f"person:{account.name}",
                    action="login",
                    subject=account.name,
                    address=address,
                ),
            )
        return token

    def _note(self, name: str, action: str, outcome: str, address: str) -> None:
        record(
            self._database,
            AuditEntry(
                at=self._clock.now(),
                actor="anonymous" if outcome == "refused" else f"person:{name}",
                action=action,
                subject=name,
                outcome=outcome,
                address=address,
            ),
        )
