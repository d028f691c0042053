"""What the router tells: the route that stands, and the state of each switch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from instruments.measurement import InstrumentIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedRoute:
    """A route that is set.

    Attributes
    ----------
    name
        The route in the array file.
    positions
        Switch to element to position.
    is_verified
        Whether every position was read back; else some are assumed.
    actuation_count
        Elements that had to move for it.
    foreign_moves
        Elements (``switch.element``) that somebody else had moved since the last
        time.
    """

    name: str
    positions: Mapping[str, Mapping[str, str]]
    is_verified: bool
    actuation_count: int = 0
    foreign_moves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchState:
    """What is known of one switch.

    Attributes
    ----------
    name
        The switch in the array file.
    identity
        Who answered; None before the first answer.
    positions
        Element to where it was last seen or left.
    is_verified
        Whether the switch tells its positions; else they are assumed.
    actuation_counts
        Element to number of moves, over all runs.
    max_actuation_count
        Moves of one element from which on it counts as worn.
    foreign_move_count
        Moves that somebody else has made.
    last_error
        Newest failure; None after a good connection.
    """

    name: str
    identity: InstrumentIdentity | None
    positions: Mapping[str, str]
    is_verified: bool
    actuation_counts: Mapping[str, int]
    max_actuation_count: int
    foreign_move_count: int
    last_error: str | None

    @property
    def worn_elements(self) -> tuple[str, ...]:
        """Elements that have moved more often than they are good for."""
        return tuple(
            element
            for element, count in sorted(self.actuation_counts.items())
            if count >= self.max_actuation_count
        )

    def to_json(self) -> dict[str, Any]:
        """Return the state as a JSON document."""
        return {
            "name": self.name,
            "model": self.identity and self.identity.model,
            "serial": self.identity and self.identity.serial,
            "positions": dict(self.positions),
            "is_verified": self.is_verified,
            "actuation_counts": dict(self.actuation_counts),
            "worn_elements": list(self.worn_elements),
            "foreign_move_count": self.foreign_move_count,
            "last_error": self.last_error,
        }
