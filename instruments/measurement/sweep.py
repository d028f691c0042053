"""The sweep: one pass of a VNA over its axis, with all that is known about it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from instruments.measurement.arrays import FrequencyAxis, TraceArray
from instruments.measurement.checks import (
    check_conditions,
    check_frequency_axis,
    check_identifier,
    check_text,
    check_time,
    check_traces,
)
from instruments.measurement.flags import TruthFlag, check_flags
from instruments.measurement.provenance import InstrumentIdentity


class SweepPurpose(StrEnum):
    """What a sweep is for."""

    WIDE = "wide"
    """The whole band of the receiver, mostly off resonance."""

    TRANSMISSION = "transmission"
    """Narrow, around the mode, through the weak port."""

    REFLECTION = "reflection"
    """Narrow, around the mode, off the strong port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSettings:
    """Settings of the VNA as read back, each None where unknown.

    Attributes
    ----------
    if_bandwidth_hz
        Receiver filter in Hz.
    source_power_dbm
        Source level at the test port in dBm.
    averaging_count
        Sweeps averaged into one.
    sweep_time_s
        Time of one pass in seconds, without averaging.
    """

    if_bandwidth_hz: float | None = None
    source_power_dbm: float | None = None
    averaging_count: int | None = None
    sweep_time_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sweep:
    """One pass of a VNA over its axis, with all that is known about it.

    Attributes
    ----------
    cavity
        Name of the cavity looked at.
    measured_at
        End of the sweep, aware; kept in UTC.
    frequency_hz
        Frequency axis in Hz, shape (point,), finite and strictly rising.
    traces
        S-parameter name to complex trace, each shape (point,), finite.
    is_reference
        Whether the cavity was in a known-good state.
    thermal_cycle
        Name of the warm-up-to-warm-up period.
    conditions
        Readings taken with the sweep; every name ends in its unit.
    flags
        What is known against the sweep, sorted and once each. They are judgement, not
        measurement: the content hash leaves them out.
    idempotency_key
        The client's own key; the content hash stands in where it is None.
    """

    cavity: str
    measured_at: datetime
    purpose: SweepPurpose
    frequency_hz: FrequencyAxis
    traces: Mapping[str, TraceArray]
    is_reference: bool = False
    thermal_cycle: str | None = None
    run: str | None = None
    step: str | None = None
    settings: SweepSettings = field(default_factory=SweepSettings)
    instrument: InstrumentIdentity = field(default_factory=InstrumentIdentity)
    route: str | None = None
    conditions: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[TruthFlag, ...] = ()
    idempotency_key: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is not a sweep, naming the field."""
        check_identifier("cavity", self.cavity)
        check_time("measured_at", self.measured_at)
        if self.measured_at.tzinfo is not UTC:
            object.__setattr__(self, "measured_at", self.measured_at.astimezone(UTC))
        axis = check_frequency_axis(self.frequency_hz)
        object.__setattr__(self, "frequency_hz", axis)
        traces = check_traces(self.traces, axis.size)
        object.__setattr__(self, "traces", MappingProxyType(traces))
        conditions = check_conditions(self.conditions)
        object.__setattr__(self, "conditions", MappingProxyType(conditions))
        object.__setattr__(self, "flags", check_flags(self.flags))
        for name in ("thermal_cycle", "run", "step", "route", "idempotency_key"):
            if (value := getattr(self, name)) is not None:
                check_text(name, value)

    @property
    def point_count(self) -> int:
        """Points of the axis."""
        return int(self.frequency_hz.size)

    def content_hash(self) -> str:
        """Hash what was measured, as 64 hexadecimal digits (SHA-256).

        Two sweeps with the same hash are the same measurement: same cavity,
        instrument, time, purpose, axis, names, number type and samples.
        """
        digest = hashlib.sha256()
        head = (
            "sweep-1",
            self.cavity,
            self.instrument.serial or "",
            self.measured_at.isoformat(timespec="microseconds"),
            self.purpose.value,
            "reference" if self.is_reference else "",
        )
        digest.update("\0".join(head).encode())
        digest.update(self.frequency_hz.data)
        for name in sorted(self.traces):
            trace = self.traces[name]
            digest.update(f"\0{name}\0{trace.dtype.str}".encode())
            digest.update(trace.data)
        return digest.hexdigest()

    def key(self) -> str:
        """Return the idempotency key: the client's own, else the content hash."""
        return self.idempotency_key or self.content_hash()

    def to_complex64(self) -> "Sweep":
        """Return the same sweep with every trace as complex64."""
        traces = {
            name: trace.astype(np.complex64, copy=False)
            for name, trace in self.traces.items()
        }
        return replace(self, traces=traces)

    def __eq__(self, other: object) -> bool:
        """Compare all fields, the arrays element by element."""
        if not isinstance(other, Sweep):
            return NotImplemented
        return (
            self._scalars() == other._scalars()
            and np.array_equal(self.frequency_hz, other.frequency_hz)
            and self.traces.keys() == other.traces.keys()
            and all(
                trace.dtype == other.traces[name].dtype
                and np.array_equal(trace, other.traces[name])
                for name, trace in self.traces.items()
            )
        )

    def _scalars(self) -> tuple[object, ...]:
        return (
            self.cavity,
            self.measured_at,
            self.purpose,
            self.is_reference,
            self.thermal_cycle,
            self.run,
            self.step,
            self.settings,
            self.instrument,
            self.route,
            dict(self.conditions),
            self.flags,
            self.idempotency_key,
        )
