"""How a poller fares: its spool, its instruments, its sweeps, its cavities."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from instruments.measurement.checks import check_identifier, check_time
from instruments.measurement.errors import MeasurementError

MAX_INSTRUMENT_COUNT = 1_024
"""Most instruments of one status."""

MAX_CAVITY_COUNT = 1_024
"""Most cavities of one status."""

MAX_REASON_COUNT = 64
"""Most reasons that failed attempts are counted by."""

MAX_SENTENCE_LENGTH = 500
"""Longest sentence; a longer one is cut."""


class CavityMode(StrEnum):
    """Whether the poller measures a cavity."""

    POLLED = "polled"
    """By its schedule."""

    PAUSED = "paused"
    """Not until somebody resumes it."""

    INHIBITED = "inhibited"
    """Not while the receiver digitises: RF is off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolStatus:
    """The spool in numbers; the totals count since the spool was made.

    Attributes
    ----------
    depth, depth_bytes, max_bytes
        Sweeps that wait, their bytes, and the bytes that may wait.
    oldest_age_s
        Age of the oldest one in seconds, None where none waits.
    is_refusing
        Whether the newest sweep was refused, because of the limit or of the disk.
    dead_letter_count
        Sweeps set aside because the service will never take them.
    refused_total
        Sweeps that were refused because the spool or its disk was full.
    last_error
        The newest sentence on why sweeps wait, or are refused.
    """

    depth: int = 0
    depth_bytes: int = 0
    max_bytes: int = 0
    oldest_age_s: float | None = None
    is_refusing: bool = False
    dead_letter_count: int = 0
    enqueued_total: int = 0
    confirmed_total: int = 0
    rejected_total: int = 0
    refused_total: int = 0
    last_error: str | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that no spool has."""
        _check_numbers("spool", self)
        _cut(self, "last_error")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentStatus:
    """One instrument and the thread that speaks to it.

    Attributes
    ----------
    name, kind
        Its name in the array file, and ``vna``, ``sensor`` or ``switch``.
    state, since
        What its thread does (``ready``, ``sweeping``, ``disconnected``, ...), and
        since when.
    consecutive_failures
        Failures since the last good sweep.
    last_error
        The newest failure, kept after recovery.
    lateness_s
        How much later than planned its last sweep began, None where unknown.
    measured_count, failed_count
        Attempts that gave a sweep, and those that gave none.
    """

    name: str
    kind: str
    state: str
    since: datetime
    consecutive_failures: int = 0
    last_error: str | None = None
    lateness_s: float | None = None
    measured_count: int = 0
    failed_count: int = 0

    def __post_init__(self) -> None:
        """Refuse what is no instrument."""
        for name in ("name", "kind", "state"):
            check_identifier(f"instruments.{name}", getattr(self, name))
        check_time("instruments.since", self.since)
        object.__setattr__(self, "since", self.since.astimezone(UTC))
        _check_numbers("instruments", self)
        _cut(self, "last_error")


@dataclass(frozen=True, slots=True, kw_only=True)
class CavityStatus:
    """Whether one cavity is measured, and why not.

    Attributes
    ----------
    cavity
        Its name.
    since, until
        Since when, and when it ends by itself; None where unknown or never.
    reason
        Who paused or inhibited it, and why.
    """

    cavity: str
    mode: CavityMode = CavityMode.POLLED
    since: datetime | None = None
    until: datetime | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no cavity."""
        check_identifier("cavities.cavity", self.cavity)
        for name in ("since", "until"):
            moment = getattr(self, name)
            if moment is not None:
                check_time(f"cavities.{name}", moment)
                object.__setattr__(self, name, moment.astimezone(UTC))
        _cut(self, "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepCounts:
    """What became of every attempt since the poller started.

    Attributes
    ----------
    measured
        Attempts that gave a sweep; each was handed to the spool.
    stored
        Sweeps that the service has confirmed.
    flagged
        Measured sweeps with at least one truth flag.
    lost
        Measured sweeps that a full spool refused.
    skipped
        Times of the schedule that were let pass.
    failed
        Attempts that gave no sweep, by reason: a truth flag or another identifier.
    """

    measured: int = 0
    stored: int = 0
    flagged: int = 0
    lost: int = 0
    skipped: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse counts that are none."""
        _check_numbers("sweeps", self)
        if len(self.failed) > MAX_REASON_COUNT:
            raise MeasurementError(
                "sweeps.failed", f"has more than {MAX_REASON_COUNT} reasons"
            )
        for reason, count in self.failed.items():
            check_identifier("sweeps.failed", reason)
            _check_count(f"sweeps.failed.{reason}", count)
        object.__setattr__(self, "failed", MappingProxyType(dict(self.failed)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PollerStatus:
    """One poller at one moment.

    Attributes
    ----------
    poller
        Its name; a later status of the same name replaces this one.
    reported_at, started_at
        When this was written, and when the poller started.
    period_s
        How often it reports, in seconds; it is stale after three of them.
    """

    poller: str
    reported_at: datetime
    started_at: datetime
    period_s: float = 5.0
    spool: SpoolStatus = field(default_factory=SpoolStatus)
    sweeps: SweepCounts = field(default_factory=SweepCounts)
    instruments: tuple[InstrumentStatus, ...] = ()
    cavities: tuple[CavityStatus, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no status, naming the field."""
        check_identifier("poller", self.poller)
        for name in ("reported_at", "started_at"):
            check_time(name, getattr(self, name))
            object.__setattr__(self, name, getattr(self, name).astimezone(UTC))
        if not 0.0 < self.period_s <= 3600.0:
            raise MeasurementError("period_s", "must lie above 0 and below an hour")
        for name, limit in (
            ("instruments", MAX_INSTRUMENT_COUNT),
            ("cavities", MAX_CAVITY_COUNT),
        ):
            if len(getattr(self, name)) > limit:
                raise MeasurementError(name, f"has more than {limit} entries")


def _check_numbers(section: str, record: object) -> None:
    """Refuse negative counts and ages of one section."""
    for one in fields(record):  # type: ignore[arg-type]  # every caller is a dataclass
        value = getattr(record, one.name)
        if one.type is int or one.type == "int":
            _check_count(f"{section}.{one.name}", value)
        elif isinstance(value, float) and not (math.isfinite(value) and value >= 0.0):
            raise MeasurementError(f"{section}.{one.name}", "must be 0 or more")


def _check_count(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise MeasurementError(name, "must be a whole number, 0 or more")


def _cut(record: object, name: str) -> None:
    """Keep a sentence within bounds; it comes from wherever an error came from."""
    sentence = getattr(record, name)
    if sentence is not None:
        clean = str(sentence).replace("\0", "")[:MAX_SENTENCE_LENGTH]
        object.__setattr__(record, name, clean or None)
