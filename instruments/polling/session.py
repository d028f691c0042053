"""What a worker does with one instrument, and what all of them share."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from instruments.array import ArrayConfig
from instruments.array.config import ConnectionConfig
from instruments.clock import Clock
from instruments.errors import InstrumentError
from instruments.measurement import Reading, Sweep
from instruments.polling.conditions import LatestReadings
from instruments.polling.health import HealthBoard
from instruments.polling.silence import Silence
from instruments.polling.sweeping.attempts import AttemptCounts
from instruments.polling.tickets import TicketOffice
from instruments.polling.tracking import ResonanceTracker
from instruments.switches import Router
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
        """Return when there is something to do, on the monotonic clock."""
        ...

    def measure(self, beat: Callable[[], None]) -> bool:
        """Do what is due, calling ``beat`` often; raises InstrumentError.

        Returns
        -------
        bool
            Whether something was measured.
        """
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
    router
        Sets the routes of the array file; None where there are none.
    """

    config: ArrayConfig
    clock: Clock
    tracker: ResonanceTracker
    latest: LatestReadings
    board: HealthBoard
    silence: Silence
    tickets: TicketOffice
    attempts: AttemptCounts
    keep_sweep: Callable[[Sweep], object]
    keep_reading: Callable[[Reading], None]
    router: Router | None = None


class SweepInterruptedError(Exception):
    """A sweep was broken off on purpose; it is repeated, and no failure."""


class RouteNotSetError(Exception):
    """The route of a sweep could not be set; the VNA itself is well.

    Attributes
    ----------
    reason
        Why, in one word.
    """

    def __init__(self, error: InstrumentError) -> None:
        super().__init__(str(error))
        word = reason_of(error)
        self.reason = "route_not_set" if word == "route" else f"route_{word}"


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


def reason_of(error: InstrumentError) -> str:
    """Name why an attempt failed, in one word: a truth flag, or the kind of error.

    ``InstrumentTimeoutError`` gives ``instrument_timeout``.
    """
    flag = getattr(error, "flag", None)
    if flag is not None:
        return str(flag)
    words = type(error).__name__.removesuffix("Error")
    return "".join(
        f"_{letter.lower()}" if letter.isupper() and at else letter.lower()
        for at, letter in enumerate(words)
    )
