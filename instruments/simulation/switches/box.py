"""The relays inside an emulated box: where they are, and what is wrong with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from instruments.array import ArrayConfig
from instruments.clock import Clock

OPEN = "0"
"""Position of an element that connects nothing."""

TRAVEL_TIME_S = 0.015
"""Real seconds that an element is on its way, connecting nothing."""


@dataclass(slots=True)
class _Element:
    positions: tuple[str, ...]
    position: str
    target: str
    arrives_s: float = float("-inf")
    count: int = 0


@dataclass(slots=True, kw_only=True)
class BoxFaults:
    """What is wrong with a box; set from any thread.

    Attributes
    ----------
    stuck
        Elements that do not move whatever is asked.
    misreported
        Elements whose position is told wrong.
    is_silent
        The box answers nothing.
    is_garbled
        The box answers nonsense.
    reply_delay_s
        Real seconds by which replies are late.
    travel_time_s
        Real seconds that a move takes.
    """

    stuck: frozenset[str] = frozenset()
    misreported: frozenset[str] = frozenset()
    is_silent: bool = False
    is_garbled: bool = False
    reply_delay_s: float = 0.0
    travel_time_s: float = TRAVEL_TIME_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One move that the relays have made, at a time of the monotonic clock."""

    element: str
    position: str
    at_s: float


class SwitchBox:
    """Elements with positions; commands move them, and so may somebody's hand.

    Parameters
    ----------
    elements
        Element to its positions, the first of which it has at power-on.
    clock
        Where real time comes from.

    Attributes
    ----------
    faults
        What is wrong.
    moves
        All moves so far, in order: the truth behind actuation counts and breaks.
    """

    def __init__(self, elements: Mapping[str, Sequence[str]], *, clock: Clock) -> None:
        self._clock = clock
        self._elements = {
            name: _Element(tuple(positions), positions[0], positions[0])
            for name, positions in elements.items()
        }
        self.faults = BoxFaults()
        self.moves: list[Move] = []

    @property
    def elements(self) -> tuple[str, ...]:
        """Names of the elements."""
        return tuple(self._elements)

    @property
    def is_moving(self) -> bool:
        """Whether an element is on its way."""
        now_s = self._clock.monotonic_s()
        return any(one.arrives_s > now_s for one in self._elements.values())

    def positions_of(self, element: str) -> tuple[str, ...]:
        """Return the positions of an element."""
        return self._elements[element].positions

    def move(self, element: str, position: str) -> None:
        """Start a move, unless the element is stuck or already there."""
        one = self._elements[element]
        if element in self.faults.stuck or position == one.target:
            return
        now_s = self._clock.monotonic_s()
        one.position, one.target = one.target, position
        one.arrives_s = now_s + self.faults.travel_time_s
        one.count += 1
        self.moves.append(Move(element=element, position=position, at_s=now_s))

    def position(self, element: str) -> str:
        """Return where an element connects now; nothing while it is on its way."""
        one = self._elements[element]
        return one.target if self._clock.monotonic_s() >= one.arrives_s else OPEN

    def told(self, element: str, *, is_register: bool = False) -> str:
        """Return where the box says that an element is.

        Parameters
        ----------
        is_register
            Whether it tells what was asked for last; else what its indicator
            contacts say, which is the old place while the element moves.
        """
        one = self._elements[element]
        arrived = is_register or self._clock.monotonic_s() >= one.arrives_s
        position = one.target if arrived else one.position
        if element in self.faults.misreported:
            return next(other for other in one.positions if other != position)
        return position

    def count(self, element: str) -> int:
        """Return how often an element has moved."""
        return self._elements[element].count


def boxes_of(config: ArrayConfig, clock: Clock) -> dict[str, SwitchBox]:
    """Build the relays of every switch of an array.

    Those of a Keysight unit are its channels, ``0`` open and ``1`` closed.
    """
    boxes: dict[str, SwitchBox] = {}
    for name, section in config.instruments.switch.items():
        elements: dict[str, Sequence[str]] = {}
        for element, groups in section.elements.items():
            if isinstance(groups, dict):
                channels = {one for group in groups.values() for one in group}
                elements |= {str(one): (OPEN, "1") for one in channels}
            else:
                elements[element] = section.positions_of(element)
        boxes[name] = SwitchBox(elements, clock=clock)
    return boxes
