"""Which mode of its cavity a narrow sweep shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class TrackState(StrEnum):
    """Whether a mode is known to be the one that was followed."""

    FOLLOWED = "followed"
    CROSSING = "crossing"
    MISSED = "missed"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedMode:
    """Which mode of its cavity a narrow sweep shows.

    Attributes
    ----------
    number
        Counts the modes that were followed in this cavity; another number is another
        mode, or one of which nobody can tell.
    state
        Whether this sweep shows it.
    axis
        What its position is told by: the name of a condition, or ``"time"``.
    expected_frequency_hz
        Where it should be by its own history.
    other_frequency_hz
        Where a mode that it crosses was seen last.
    drift_hz_per_s
        How fast f0 moves while nobody tunes; None where that cannot be told.
    reason
        One sentence unless it is followed.
    """

    number: int
    state: TrackState
    axis: str
    expected_frequency_hz: float | None = None
    other_frequency_hz: float | None = None
    drift_hz_per_s: float | None = None
    reason: str | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read what the record of a diagnosis holds."""
        return cls(**{**record, "state": TrackState(record["state"])})
