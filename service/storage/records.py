"""What storage takes and gives back: frozen records, never rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from instruments.measurement import FrequencyAxis, SweepPurpose, TruthFlag
from service.storage.model_records import Role


class TaskKind(StrEnum):
    """What an outbox task asks for."""

    DIAGNOSE = "diagnose"
    """Judge the sweep that the subject names."""

    DELIVER = "deliver"
    """Send the delivery that the subject names."""


class EventKind(StrEnum):
    """Names of the server-sent events that are stored."""

    SWEEP = "sweep"
    DIAGNOSIS = "diagnosis"
    ALERT = "alert"


class Outcome(StrEnum):
    """What became of a sweep that was posted."""

    ACCEPTED = "accepted"
    """Durable now."""

    DUPLICATE = "duplicate"
    """Durable before, under the same key with the same content."""

    REJECTED = "rejected"
    """Not stored; the error says why."""


class RefusalCode(StrEnum):
    """Why a sweep was rejected; part of the public contract."""

    INVALID = "invalid"
    """It will never be taken as it is."""

    UNREGISTERED_CAVITY = "unregistered_cavity"
    """Its cavity is not known; once it is registered the sweep is taken."""

    MEASURED_AHEAD = "measured_ahead"
    """It is dated in the future; once the clocks agree it is taken."""

    KEY_CONFLICT = "idempotency_key_conflict"
    """Its key belongs to other content."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NewSweep:
    """A checked sweep, encoded and ready for the writer.

    Attributes
    ----------
    axis_hash
        SHA-256 of the axis as float64 bytes; axes are stored once.
    details
        JSON object with settings, instrument, conditions, run, step and route.
    codec, payload
        Compressed samples, and how.
    """

    sweep_id: str
    key: str
    content_hash: str
    cavity: str
    purpose: SweepPurpose
    measured_at_us: int
    received_at_us: int
    is_reference: bool
    thermal_cycle: str | None
    s_parameters: tuple[str, ...]
    frequency_hz: FrequencyAxis
    axis_hash: str
    details: str
    flags: tuple[TruthFlag, ...]
    run: str | None = None
    step: str | None = None
    codec: int
    payload: bytes

    @property
    def size_bytes(self) -> int:
        """Bytes that the sweep holds while it waits."""
        return len(self.payload) + self.frequency_hz.nbytes + len(self.details) + 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the writer did with one sweep.

    Attributes
    ----------
    sweep_id
        Id of the stored sweep; None where the key belongs to other content.
    """

    outcome: Outcome
    sweep_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRecord:
    """A stored sweep without its samples.

    Attributes
    ----------
    keep
        Whether somebody asked that retention spare its samples.
    details
        Settings, instrument, conditions, run, step and route, as in the message.
    """

    sweep_id: str
    key: str
    content_hash: str
    cavity: str
    purpose: SweepPurpose
    measured_at: datetime
    received_at: datetime
    is_reference: bool
    thermal_cycle: str | None
    s_parameters: tuple[str, ...]
    point_count: int
    start_frequency_hz: float
    stop_frequency_hz: float
    axis_hash: str
    flags: tuple[TruthFlag, ...]
    keep: bool = False
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CavityRecord:
    """A registered cavity; None where nobody told."""

    cavity: str
    title: str | None = None
    enabled: bool = True
    vna: str | None = None
    expected_resonant_frequency_hz: float | None = None
    expected_loaded_q: float | None = None
    expected_coupling_beta: float | None = None
    sweep_period_s: float | None = None
    thermal_cycle: str | None = None
    temperature_limit_k: float | None = None
    magnetic_field_limit_tesla: float | None = None
    registered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """A claimed outbox task.

    Attributes
    ----------
    subject
        Id of the sweep or of the delivery.
    attempts
        Claims so far, this one included.
    """

    task_id: int
    kind: TaskKind
    subject: str
    created_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisRecord:
    """A stored diagnosis.

    Attributes
    ----------
    record
        The diagnosis with the names of the public contract.
    """

    sweep_id: str
    model_version: str
    cavity: str
    purpose: SweepPurpose
    measured_at: datetime
    judged_at: datetime
    role: Role
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """One stored event of the stream; ``body`` is its JSON text."""

    event_id: int
    kind: EventKind
    body: str
