"""Who makes a call, once that is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from service.access.permissions import EVERYTHING, Permission


class PrincipalKind(StrEnum):
    """How a caller was recognised."""

    OPEN = "open"
    """Not at all: the service is open to this machine."""

    ANONYMOUS = "anonymous"
    """Not yet: only what is public is served."""

    KEY = "key"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The caller of one request.

    Attributes
    ----------
    name
        Of the key or the person.
    permissions
        What the caller may do.
    cavities
        The only cavities that the caller may touch; None for all.
    identity
        What rates are counted by: unique among all callers.
    """

    kind: PrincipalKind
    name: str
    permissions: frozenset[Permission]
    cavities: frozenset[str] | None = None
    identity: str = ""

    @property
    def actor(self) -> str:
        """The caller as the audit log names it."""
        return self.kind.value if not self.name else f"{self.kind.value}:{self.name}"

    def may_touch(self, cavity: str | None) -> bool:
        """Tell whether a cavity is within the caller's list."""
        return self.cavities is None or cavity in self.cavities

    def cavity_words(self) -> str:
        """Say which cavities the caller is bound to."""
        return ", ".join(sorted(self.cavities or ())) or "none"


OPEN = Principal(kind=PrincipalKind.OPEN, name="", permissions=EVERYTHING)
"""Everybody who reaches an open service, which is this machine."""

ANONYMOUS = Principal(
    kind=PrincipalKind.ANONYMOUS, name="", permissions=frozenset[Permission]()
)
"""Somebody who has not said who it is."""


def principal_of(scope: Mapping[str, Any]) -> Principal:
    """Return who makes a call, as the guard before every handler has found out."""
    principal = scope.get("state", {}).get("principal", ANONYMOUS)
    assert isinstance(principal, Principal)
    return principal


def person_of(scope: Mapping[str, Any]) -> str | None:
    """Return the name of the person who makes a call; None where it is none."""
    principal = principal_of(scope)
    return principal.name if principal.kind is PrincipalKind.PERSON else None
