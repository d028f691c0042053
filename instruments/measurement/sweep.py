"""The sweep: one pass of a VNA over its axis, and the plan that asked for it."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from instruments.measurement.arrays import FrequencyAxis, TraceArray
from instruments.measurement.errors import MeasurementError
from instruments.measurement.limits import (
    IDENTIFIER,
    MAX_CONDITION_COUNT,
    MAX_POINT_COUNT,
    MAX_TEXT_LENGTH,
    MAX_TRACE_COUNT,
    TRACE_NAME,
)
from instruments.measurement.provenance import InstrumentIdentity
from instruments.measurement.units import UNIT_SUFFIXES, has_unit_suffix


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """A sweep as asked for: what the driver shall set, start and read.

    Attributes
    ----------
    start_frequency_hz, stop_frequency_hz
        Ends of the axis in Hz.
    point_count
        Points of the axis.
    s_parameters
        Trace names such as ``("S21", "S11")``.
    """

    cavity: str
    purpose: SweepPurpose
    start_frequency_hz: float
    stop_frequency_hz: float
    point_count: int
    s_parameters: tuple[str, ...]
    if_bandwidth_hz: float
    source_power_dbm: float
    averaging_count: int = 1

    def __post_init__(self) -> None:
        """Refuse a plan that no VNA could carry out."""
        _check_identifier("cavity", self.cavity)
        if not 0.0 < self.start_frequency_hz < self.stop_frequency_hz < math.inf:
            raise MeasurementError(
                "stop_frequency_hz",
                "must lie above start_frequency_hz, and both above 0",
            )
        if not 2 <= self.point_count <= MAX_POINT_COUNT:
            raise MeasurementError(
                "point_count", f"is {self.point_count}, takes 2 to {MAX_POINT_COUNT}"
            )
        if not self.s_parameters:
            raise MeasurementError("s_parameters", "names no trace to measure")
        for name in self.s_parameters:
            _check_trace_name("s_parameters", name)
        if not 0.0 < self.if_bandwidth_hz < math.inf:
            raise MeasurementError("if_bandwidth_hz", "must be above 0")
        if not math.isfinite(self.source_power_dbm):
            raise MeasurementError("source_power_dbm", "must be a finite number")
        if self.averaging_count < 1:
            raise MeasurementError("averaging_count", "must be at least 1")

    @property
    def duration_s(self) -> float:
        """Least time that the plan can take: points over IF bandwidth, averaged.

        Each source port needs a pass of its own.
        """
        sources = {name[2] for name in self.s_parameters}
        passes = self.averaging_count * len(sources)
        return self.point_count / self.if_bandwidth_hz * passes


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
    idempotency_key: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is not a sweep, naming the field."""
        _check_identifier("cavity", self.cavity)
        _check_time("measured_at", self.measured_at)
        object.__setattr__(self, "measured_at", self.measured_at.astimezone(UTC))
        axis = check_frequency_axis(self.frequency_hz)
        object.__setattr__(self, "frequency_hz", axis)
        traces = _check_traces(self.traces, axis.size)
        object.__setattr__(self, "traces", MappingProxyType(traces))
        conditions = _check_conditions(self.conditions)
        object.__setattr__(self, "conditions", MappingProxyType(conditions))
        for name in ("thermal_cycle", "run", "step", "route", "idempotency_key"):
            _check_text(name, getattr(self, name))

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
            self.idempotency_key,
        )


def check_frequency_axis(frequency_hz: FrequencyAxis) -> FrequencyAxis:
    """Return the axis as contiguous float64, or say what is wrong with it.

    Parameters
    ----------
    frequency_hz
        Frequency axis in Hz, shape (point,).

    Returns
    -------
    FrequencyAxis
        The same values, contiguous, shape (point,).

    Raises
    ------
    MeasurementError
        If the axis is empty, too long, not one-dimensional, not finite, not
        positive or not strictly rising.
    """
    axis = np.ascontiguousarray(frequency_hz, dtype=np.float64)
    if axis.ndim != 1 or axis.size == 0:
        raise MeasurementError(
            "frequency_hz", f"has shape {axis.shape}, needs one axis of points"
        )
    if axis.size > MAX_POINT_COUNT:
        raise MeasurementError(
            "frequency_hz",
            f"has {axis.size} points, at most {MAX_POINT_COUNT} are taken",
        )
    if not np.isfinite(axis).all():
        raise MeasurementError("frequency_hz", "holds NaN or infinity")
    if axis[0] < 0.0:
        raise MeasurementError("frequency_hz", "starts below 0 Hz")
    if axis.size > 1 and not (axis[1:] > axis[:-1]).all():
        at = int(np.argmax(axis[1:] <= axis[:-1])) + 1
        raise MeasurementError(
            "frequency_hz",
            f"must rise strictly, but point {at} is not above point {at - 1}",
        )
    return axis


def _check_traces(
    traces: Mapping[str, TraceArray], point_count: int
) -> dict[str, TraceArray]:
    if not traces:
        raise MeasurementError("traces", "holds no trace")
    if len(traces) > MAX_TRACE_COUNT:
        raise MeasurementError(
            "traces", f"holds {len(traces)} traces, at most {MAX_TRACE_COUNT} are taken"
        )
    checked: dict[str, TraceArray] = {}
    for name, values in traces.items():
        _check_trace_name("traces", name)
        if values.dtype not in (np.complex64, np.complex128):
            raise MeasurementError(
                f"traces.{name}", f"is {values.dtype}, needs complex64 or complex128"
            )
        trace = _contiguous(values)
        if trace.shape != (point_count,):
            raise MeasurementError(
                f"traces.{name}",
                f"has shape {trace.shape}, but the axis has {point_count} points",
            )
        if not np.isfinite(trace.view(trace.real.dtype)).all():
            raise MeasurementError(f"traces.{name}", "holds NaN or infinity")
        if trace.dtype == np.complex128:
            largest = np.abs(trace.view(np.float64)).max()
            if largest > np.finfo(np.float32).max:
                raise MeasurementError(
                    f"traces.{name}", f"holds {largest:.3g}, which is no S-parameter"
                )
        checked[name] = trace
    return checked


def _contiguous(values: TraceArray) -> TraceArray:
    return values if values.flags.c_contiguous else values.copy()


def _check_conditions(conditions: Mapping[str, float]) -> dict[str, float]:
    if len(conditions) > MAX_CONDITION_COUNT:
        raise MeasurementError(
            "conditions", f"holds {len(conditions)}, at most {MAX_CONDITION_COUNT}"
        )
    checked: dict[str, float] = {}
    for name, value in conditions.items():
        check_quantity_name("conditions", name)
        if not math.isfinite(value):
            raise MeasurementError(f"conditions.{name}", "must be a finite number")
        checked[name] = float(value)
    return checked


def check_quantity_name(field_name: str, name: str) -> None:
    """Refuse a quantity whose name does not carry its unit.

    Raises
    ------
    MeasurementError
        If the name has no unit suffix, or is no identifier.
    """
    if not IDENTIFIER.fullmatch(name) or not has_unit_suffix(name):
        raise MeasurementError(
            field_name,
            f"{name[:64]!r} must be a name that ends in its unit, one of "
            f"{' '.join(UNIT_SUFFIXES)}",
        )


def _check_identifier(field_name: str, value: str) -> None:
    if not isinstance(value, str) or not IDENTIFIER.fullmatch(value):
        raise MeasurementError(
            field_name,
            f"{str(value)[:64]!r} must be 1 to 64 letters, digits, dots, dashes or "
            "underscores and start with a letter or digit",
        )


def _check_trace_name(field_name: str, name: str) -> None:
    if not isinstance(name, str) or not TRACE_NAME.fullmatch(name):
        raise MeasurementError(
            field_name,
            f"{str(name)[:64]!r} is no trace name: S11 to S44, with the path after a "
            "colon where ports are shared",
        )


def _check_text(field_name: str, value: str | None) -> None:
    if value is not None and not (
        isinstance(value, str) and 0 < len(value) <= MAX_TEXT_LENGTH
    ):
        raise MeasurementError(
            field_name, f"must be a text of 1 to {MAX_TEXT_LENGTH} characters"
        )


def _check_time(field_name: str, value: datetime) -> None:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise MeasurementError(
            field_name, "needs a time zone, for instance 2026-01-31T03:00:00Z"
        )
