"""How each instrument fares, for the status line, the control port and the service."""

import threading
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from instruments.clock import Clock
from instruments.measurement import TruthFlag

_STALE_PERIODS = 3.0
_LEAST_STALE_S = 30.0


class InstrumentState(StrEnum):
    """What an instrument's worker is doing, or what is wrong with it."""

    DISABLED = "disabled"
    """Nothing is asked of it."""

    CONNECTING = "connecting"
    IDENTIFIED = "identified"
    """It has told who it is, and has not measured since."""

    READY = "ready"
    SWEEPING = "sweeping"
    HELD = "held"
    """RF silence: it waits until it may radiate again."""

    DEGRADED = "degraded"
    """It measures, and the newest sweep carries flags."""

    STALE = "stale"
    """It should measure, and has not for three periods."""

    DISCONNECTED = "disconnected"
    """The last session failed; the next one begins after the back-off."""

    FAULT = "fault"
    """It is not the instrument that was expected, or hangs again and again."""

    STOPPED = "stopped"


_WELL = frozenset(
    {
        InstrumentState.DISABLED,
        InstrumentState.CONNECTING,
        InstrumentState.IDENTIFIED,
        InstrumentState.READY,
        InstrumentState.SWEEPING,
        InstrumentState.HELD,
        InstrumentState.STOPPED,
    }
)
_AT_WORK = frozenset(
    {InstrumentState.IDENTIFIED, InstrumentState.READY, InstrumentState.SWEEPING}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentHealth:
    """One instrument at one moment.

    Attributes
    ----------
    name, kind
        Its name in the array file, and ``vna`` or ``sensor``.
    state, since
        What its worker does, and since when.
    identity
        Vendor, model, serial number and firmware, once it has told.
    last_error
        The newest failure, kept after recovery; None where there was none.
    last_measured_at
        End of the newest sweep or scan.
    last_flags
        Truth flags of the newest sweep, apart from ``late``.
    lateness_s, worst_lateness_s
        How late the newest sweep began, and the latest one of all, in s.
    measured_count
        Sweeps, or scans of a sensor, that were good.
    failure_count, consecutive_failure_count
        Sessions that ended by an error, of all and since the newest sweep or scan.
    fault_count
        Good sessions' readings that a sensor's own status declared invalid.
    flagged_count
        Sweeps with truth flags.
    interrupted_count
        Sweeps that were broken off for RF silence, and are repeated.
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
    identity: str | None = None
    last_error: str | None = None
    last_measured_at: datetime | None = None
    last_flags: tuple[TruthFlag, ...] = ()
    lateness_s: float = 0.0
    worst_lateness_s: float = 0.0
    measured_count: int = 0
    failure_count: int = 0
    consecutive_failure_count: int = 0
    fault_count: int = 0
    flagged_count: int = 0
    interrupted_count: int = 0
    lost_count: int = 0
    skipped_count: int = 0
    abandoned_count: int = 0

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong with it; one more attempt to connect is no cure."""
        is_trying = self.state is InstrumentState.CONNECTING
        return self.state in _WELL and not (
            is_trying and self.consecutive_failure_count
        )

    def trouble(self) -> str:
        """Say in words what is wrong with it."""
        doubts = ", ".join(self.last_flags)
        is_doubted = self.state is InstrumentState.DEGRADED
        return f"{self.state.value} ({doubts if is_doubted else self.last_error})"


class HealthBoard:
    """The health of all instruments; usable by several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._instruments: dict[str, InstrumentHealth] = {}
        self._stale_after_s: dict[str, float] = {}

    def add(self, name: str, kind: str, *, period_s: float | None = None) -> None:
        """Begin to watch an instrument.

        Parameters
        ----------
        name, kind
            Which; ``vna`` or ``sensor``.
        period_s
            How often it measures; None where nothing is asked of it regularly.
        """
        with self._lock:
            if period_s is not None:
                self._stale_after_s[name] = max(
                    _STALE_PERIODS * period_s, _LEAST_STALE_S
                )
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

    def identify(self, name: str, identity: str) -> None:
        """Note who answers."""
        with self._lock:
            known = self._instruments[name]
            self._instruments[name] = replace(known, identity=identity)

    def note_error(self, name: str, sentence: str) -> None:
        """Keep the newest error of an instrument."""
        with self._lock:
            known = self._instruments[name]
            self._instruments[name] = replace(known, last_error=sentence)

    def note_sweep(
        self, name: str, *, lateness_s: float, flags: tuple[TruthFlag, ...]
    ) -> None:
        """Count a sweep and keep what is known about it."""
        doubts = tuple(flag for flag in flags if flag is not TruthFlag.LATE)
        with self._lock:
            known = self._instruments[name]
            self._instruments[name] = replace(
                known,
                measured_count=known.measured_count + 1,
                flagged_count=known.flagged_count + bool(flags),
                last_measured_at=self._clock.now(),
                consecutive_failure_count=0,
                last_flags=doubts,
                lateness_s=lateness_s,
                worst_lateness_s=max(lateness_s, known.worst_lateness_s),
            )

    def note_scan(self, name: str) -> None:
        """Count a scan of a sensor."""
        with self._lock:
            known = self._instruments[name]
            self._instruments[name] = replace(
                known,
                measured_count=known.measured_count + 1,
                consecutive_failure_count=0,
                last_measured_at=self._clock.now(),
            )

    def note_failure(self, name: str, sentence: str) -> None:
        """Count a session that ended by an error, and keep the error."""
        with self._lock:
            known = self._instruments[name]
            self._instruments[name] = replace(
                known,
                failure_count=known.failure_count + 1,
                consecutive_failure_count=known.consecutive_failure_count + 1,
                last_error=sentence,
            )

    def count(self, name: str, what: str, by: int = 1) -> None:
        """Add to one of the counts, for instance ``lost`` or ``skipped``."""
        field = f"{what}_count"
        with self._lock:
            known = self._instruments[name]
            changed = {field: getattr(known, field) + by}
            self._instruments[name] = replace(known, **changed)

    def snapshot(self) -> list[InstrumentHealth]:
        """Return the health of every instrument, in the order of the array file."""
        with self._lock:
            return [self._judge(one) for one in self._instruments.values()]

    def _judge(self, health: InstrumentHealth) -> InstrumentHealth:
        if health.state not in _AT_WORK:
            return health
        stale_after_s = self._stale_after_s.get(health.name)
        newest = health.last_measured_at or health.since
        age_s = (self._clock.now() - max(newest, health.since)).total_seconds()
        if stale_after_s is not None and age_s > stale_after_s:
            return replace(health, state=InstrumentState.STALE)
        if health.last_flags:
            return replace(health, state=InstrumentState.DEGRADED)
        return health
