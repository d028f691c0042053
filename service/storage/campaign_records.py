"""Records of what the experiment did: hardware, cycles, runs and calibrations."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareEpochRecord:
    """What sat in a slot of a cavity, from when to when.

    Attributes
    ----------
    component
        Serial number or name; None where the slot was empty.
    removed_at
        None while it lasts.
    """

    cavity: str
    slot: str
    component: str | None
    installed_at: datetime
    removed_at: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalCycleRecord:
    """From warm to warm."""

    thermal_cycle: str
    started_at: datetime | None
    ended_at: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run of the experiment."""

    run: str
    title: str | None
    started_at: datetime | None
    ended_at: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A step of a run."""

    run: str
    step: str
    started_at: datetime | None
    ended_at: datetime | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRecord:
    """A calibration of an instrument, as sweeps name it.

    Attributes
    ----------
    instrument
        Serial number of the VNA.
    """

    calibration: str
    instrument: str | None
    cavity: str | None
    kind: str | None
    performed_at: datetime | None
    valid_until: datetime | None
    performed_by: str | None
    note: str | None
