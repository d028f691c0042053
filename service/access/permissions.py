"""What may be permitted, and which scopes and roles permit it."""

from collections.abc import Iterable
from enum import StrEnum


class Permission(StrEnum):
    """One kind of thing that a caller may do."""

    READ = "read"
    """See what is stored."""

    INGEST = "ingest"
    """Post sweeps and readings, register cavities, report a poller's status."""

    OPERATE = "operate"
    """Acknowledge, label, silence, keep."""

    MODELS = "models"
    """Change which model is live."""

    ADMIN = "admin"
    """Read the audit log, and everything that no other permission names."""


class Scope(StrEnum):
    """What a key is for."""

    INGEST = "ingest"
    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"


class Role(StrEnum):
    """What a person is to the array."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    EXPERT = "expert"
    ADMIN = "admin"


EVERYTHING = frozenset(Permission)

_OF_SCOPE = {
    Scope.INGEST: frozenset({Permission.INGEST}),
    Scope.READ: frozenset({Permission.READ}),
    Scope.OPERATE: frozenset({Permission.READ, Permission.OPERATE}),
    Scope.ADMIN: EVERYTHING,
}

_OF_ROLE = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.OPERATOR: frozenset({Permission.READ, Permission.OPERATE}),
    Role.EXPERT: frozenset({Permission.READ, Permission.OPERATE, Permission.MODELS}),
    Role.ADMIN: EVERYTHING,
}


def permissions_of_scopes(scopes: Iterable[Scope]) -> frozenset[Permission]:
    """Return what a key with these scopes may do."""
    return frozenset[Permission]().union(*(_OF_SCOPE[scope] for scope in scopes))


def permissions_of_role(role: Role) -> frozenset[Permission]:
    """Return what a person of this role may do."""
    return _OF_ROLE[role]


def scopes_granting(permissions: frozenset[Permission]) -> list[Scope]:
    """List the scopes that give any of some permissions."""
    return [scope for scope in Scope if permissions & _OF_SCOPE[scope]]


def roles_granting(permissions: frozenset[Permission]) -> list[Role]:
    """List the roles that give any of some permissions."""
    return [role for role in Role if permissions & _OF_ROLE[role]]


def granting(permission: Permission) -> str:
    """Say which scopes and roles give a permission, for an error's sentence."""
    scopes = scopes_granting(frozenset({permission}))
    roles = roles_granting(frozenset({permission}))
    return f"scope {' or '.join(scopes)}, or role {' or '.join(roles)}"
