"""How each instrument fares, for the status line and the summary."""

import threading
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from instruments.clock import Clock


class InstrumentState(StrEnum):
    """What an instrument's worker is doing."""

    CONNECTING = "connecting"
    READY = "ready"
    MEASURING = "measuring"
    BACKING_OFF = "backing_off"
    STUCK = "stuck"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentHealth:
    """One instrument at one moment.

    Attributes
    ----------
    name, kind
        Its name in the array file, and ``vna`` or ``sensor``.
    state, since
        What its worker does, and since when.
    last_error
        The newest failure, kept after recovery; None where there was none.
    measured_count
        Sweeps, or scans of a sensor, that were good.
    failure_count
        Sessions that ended by an error.
    fault_count
        Good sessions' readings that a sensor's own status declared invalid.
    lost_count
        Sweeps that a full spool refused.
    skipped_count
        Grid points of the schedule that were missed.
    abandoned_count
        Threads that the watchdog gave up.
    """

    name: str
    kind: str
    state: InstrumentState
    since: datetime
    last_error: str | None = None
    measured_count: int = 0
    failure_count: int = 0
    fault_count: int = 0
    lost_count: int = 0
    skipped_count: int = 0
    abandoned_count: int = 0


class HealthBoard:
    """The health of all instruments; usable by several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._instruments: dict[str, InstrumentHealth] = {}

    def add(self, name: str, kind: str) -> None:
        """Begin to watch an instrument."""
        with self._lock:
            self._instruments[name] = InstrumentHealth(
                name=name,
                kind=kind,
                state=InstrumentState.CONNECTING,
                since=self._clock.now(),
            )

    def enter(self, name: str, state: InstrumentState) -> None:
        """Note what an instrument's worker does now."""
        with self._lock:
            known = self._instruments[name]
            if known.state is not state:
                self._instruments[name] = replace(
                    known, state=state, since=self._clock.now()
                )

    def note_error(self, name: str, sentence: str) -> None:
        """Keep the newest error of an instrument."""
        with self._lock:
            known = self._instruments[name]
            self._instruments[name] = replace(known, last_error=sentence)

    def count(self, name: str, what: str, by: int = 1) -> None:
        """Add to one of the counts, for instance ``failure`` or ``measured``."""
        field = f"{what}_count"
        with self._lock:
            known = self._instruments[name]
            changed = {field: getattr(known, field) + by}
            self._instruments[name] = replace(known, **changed)

    def snapshot(self) -> list[InstrumentHealth]:
        """Return the health of every instrument, in the order of the array file."""
        with self._lock:
            return list(self._instruments.values())
