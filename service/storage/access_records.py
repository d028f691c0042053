"""What is stored about keys, accounts, sessions and actions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.access.permissions import Role, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """An API key, without its secret.

    Attributes
    ----------
    cavities
        The only cavities that it may touch; None for all.
    """

    key_id: str
    name: str
    scopes: tuple[Scope, ...]
    cavities: tuple[str, ...] | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def state(self, now: datetime) -> str:
        """Return ``active``, ``expired`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        is_over = self.expires_at is not None and self.expires_at <= now
        return "expired" if is_over else "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """A person who may log in.

    Attributes
    ----------
    password_hash
        None for a person whom an identity provider vouches for.
    issuer, subject
        That provider and its name for the person.
    """

    name: str
    role: Role
    password_hash: str | None = field(repr=False)
    issuer: str | None
    subject: str | None
    created_at: datetime
    disabled_at: datetime | None
    last_login_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A log-in that has not ended, with the person's role of now."""

    account: str
    role: Role
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One action, before it has a number.

    Attributes
    ----------
    actor
        Who, such as ``person:okafor``, ``key:daq`` or ``command:root``.
    action
        What, such as ``key.create`` or ``POST /api/v1/alerts/.../acknowledge``.
    outcome
        ``done`` or ``refused``.
    address
        Network address of the caller, "" for a command.
    """

    at: datetime
    actor: str
    action: str
    subject: str = ""
    outcome: str = "done"
    address: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One action of the log."""

    number: int
    entry: AuditEntry
