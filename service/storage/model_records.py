"""What the register of models takes and gives back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

EVERY_CAVITY = ""
"""The scope of a model that judges every cavity that has none of its own."""


class ModelState(StrEnum):
    """What a model version may do."""

    CANDIDATE = "candidate"
    """Registered; judges nothing."""

    SHADOW = "shadow"
    """Judges beside the live model; touches no alert."""

    LIVE = "live"
    """Its judgement counts."""

    RETIRED = "retired"
    """Was at work once; may be promoted again."""


class ModelEvent(StrEnum):
    """What changed a model's state."""

    REGISTERED = "registered"
    SHADOWED = "shadowed"
    PROMOTED = "promoted"
    DISPLACED = "displaced"
    """Another was promoted in its place."""
    ROLLED_BACK = "rolled_back"
    RESTORED = "restored"
    """Live again, because its successor was rolled back."""
    RETIRED = "retired"


class Role(StrEnum):
    """As what a model spoke when it judged a sweep."""

    LIVE = "live"
    SHADOW = "shadow"
    RESCORED = "rescored"
    """Looking back, by command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One file of a model folder."""

    name: str
    sha256: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """A registered model version.

    Attributes
    ----------
    parent
        Version that it was made from, where it was.
    source
        Folder that it was registered from.
    manifest, report
        What the folder says of itself.
    """

    version: str
    parent: str | None
    source: str
    size_bytes: int
    manifest: Mapping[str, Any]
    report: Mapping[str, Any]
    registered_at: datetime
    registered_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTransition:
    """One change of state of one version in one scope.

    Attributes
    ----------
    scope
        A cavity's id, or :data:`EVERY_CAVITY`.
    is_forced
        Whether gates that failed were overruled.
    gates
        What the gates said, JSON-ready.
    """

    version: str
    scope: str
    at: datetime
    event: ModelEvent
    from_state: ModelState
    to_state: ModelState
    actor: str
    reason: str
    is_forced: bool = False
    gates: tuple[Mapping[str, Any], ...] = ()
    number: int = 0
