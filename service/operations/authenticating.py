"""Tells who bears a key or a session, without a query for each call."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from instruments.clock import Clock
from service.access.permissions import permissions_of_role, permissions_of_scopes
from service.access.principal import Principal, PrincipalKind
from service.access.tokens import hash_token, is_key
from service.errors import UnavailableError
from service.storage.accounts import find_session
from service.storage.engine import Database
from service.storage.keys import find_key, note_use

FRESH_S = 3.0
"""How long an answer of the database holds, in seconds: the longest time for which a
revoked key or an ended session still works in another process."""

MAX_REMEMBERED = 4096
"""Most callers that are remembered."""

_USE_STEP = timedelta(minutes=5)


class _Known(NamedTuple):
    principal: Principal | None
    expires_at: datetime | None
    until_s: float


class Authenticator:
    """Knows the bearers of keys and sessions.

    Parameters
    ----------
    database
        Where keys and sessions are kept.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def remembered(self, token: str) -> tuple[bool, Principal | None]:
        """Return whether the answer for a token is at hand, and the answer."""
        found = self._known.get(hash_token(token))
        if found is None or found.until_s < self._clock.monotonic_s():
            return False, None
        return True, self._valid(found)

    def was_good(self, token: str) -> bool:
        """Tell whether a token was somebody's when it was looked up last."""
        found = self._known.get(hash_token(token))
        return found is not None and found.principal is not None

    def look_up(self, token: str) -> Principal | None:
        """Ask the database who bears a token.

        Raises
        ------
        StorageUnavailableError
            If it cannot be asked.
        """
        digest = hash_token(token)
        find = self._find_key if is_key(token) else self._find_session
        return self._valid(self._remember(digest, find))

    def forget(self, token: str) -> None:
        """Ask the database again next time."""
        with self._lock:
            self._known.pop(hash_token(token), None)

    def _valid(self, known: _Known) -> Principal | None:
        if known.expires_at is not None and known.expires_at <= self._clock.now():
            return None
        return known.principal

    def _remember(
        self,
        digest: str,
        find: Callable[[str], tuple[Principal | None, datetime | None]],
    ) -> _Known:
        principal, expires_at = find(digest)
        known = _Known(principal, expires_at, self._clock.monotonic_s() + FRESH_S)
        with self._lock:
            while len(self._known) >= MAX_REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[digest] = known
        return known

    def _find_key(self, digest: str) -> tuple[Principal | None, datetime | None]:
        now = self._clock.now()
        with self._database.read() as transaction:
            key = find_key(transaction, digest)
        if key is None or key.state(now) != "active":
            return None, None
        if key.last_used_at is None or now - key.last_used_at > _USE_STEP:
            self._note_use(key.key_id, now)
        cavities = None if key.cavities is None else frozenset(key.cavities)
        principal = Principal(
            kind=PrincipalKind.KEY,
            name=key.name,
            permissions=permissions_of_scopes(key.scopes),
            cavities=cavities,
            identity=f"key:{key.key_id}",
        )
        return principal, key.expires_at

    def _note_use(self, key_id: str, now: datetime) -> None:
        try:
            with self._database.write() as transaction:
                note_use(transaction, key_id, now)
        except UnavailableError:
            # It is for people to look at; a busy database is no reason to refuse.
            return

    def _find_session(self, digest: str) -> tuple[Principal | None, datetime | None]:
        with self._database.read() as transaction:
            session = find_session(transaction, digest)
        if session is None:
            return None, None
        principal = Principal(
            kind=PrincipalKind.PERSON,
            name=session.account,
            permissions=permissions_of_role(session.role),
            identity=f"person:{session.account}",
        )
        return principal, session.expires_at
