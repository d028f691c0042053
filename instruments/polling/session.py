"""What a worker does with one instrument, and what all of them share."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from instruments.array import ArrayConfig
from instruments.array.config import ConnectionConfig
from instruments.clock import Clock
from instruments.measurement import Reading, Sweep
from instruments.polling.conditions import LatestReadings
from instruments.polling.health import HealthBoard
from instruments.polling.tracking import ResonanceTracker
from instruments.transport import Wire, open_wire


class Session(Protocol):
    """One instrument's work, done by one thread at a time.

    Attributes
    ----------
    expected_s
        How long the present step should take at most, in s.
    """

    expected_s: float

    def open(self) -> None:
        """Connect; raises InstrumentError."""
        ...

    def next_due_s(self) -> float:
        """Return when there is something to measure, on the monotonic clock."""
        ...

    def measure(self, beat: Callable[[], None]) -> None:
        """Measure what is due, calling ``beat`` often; raises InstrumentError."""
        ...

    def close(self, *, is_orderly: bool) -> None:
        """End the session; an orderly end gives the instrument back as it was."""
        ...

    def renew(self) -> "Session":
        """Return a fresh session that takes the work over from a stuck one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all sessions of an array share.

    Attributes
    ----------
    keep_sweep
        Takes a finished sweep; raises SpoolFullError where it cannot.
    keep_reading
        Takes a reading; never fails.
    """

    config: ArrayConfig
    clock: Clock
    tracker: ResonanceTracker
    latest: LatestReadings
    board: HealthBoard
    keep_sweep: Callable[[Sweep], object]
    keep_reading: Callable[[Reading], None]


class ReferenceMarks:
    """Which cavities still owe their reference sweep; usable by several threads."""

    def __init__(self, cavities: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._owing = set(cavities)

    def owes(self, cavity: str) -> bool:
        """Tell whether the next good wide sweep of a cavity is its reference."""
        with self._lock:
            return cavity in self._owing

    def settle(self, cavity: str) -> None:
        """Note that the reference of a cavity is kept."""
        with self._lock:
            self._owing.discard(cavity)


def open_session_wire(settings: ConnectionConfig) -> Wire:
    """Open the wire of an instrument as the array file says.

    Raises
    ------
    InstrumentError
        If it does not answer.
    """
    return open_wire(
        settings.resource,
        backend=settings.backend,
        open_timeout_s=settings.open_timeout_s,
        io_timeout_s=settings.io_timeout_s,
    )


def opening_s(settings: ConnectionConfig) -> float:
    """Return how long an opening may take, in s."""
    return settings.open_timeout_s + settings.io_timeout_s
