"""The sweep plan: what a VNA is asked for."""

import math
from dataclasses import dataclass
from itertools import pairwise

from instruments.measurement.checks import check_identifier, check_trace_name
from instruments.measurement.errors import MeasurementError
from instruments.measurement.limits import MAX_POINT_COUNT
from instruments.measurement.sweep import SweepPurpose


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSegment:
    """A stretch of a sweep's axis with points of equal spacing.

    Attributes
    ----------
    start_frequency_hz, stop_frequency_hz
        Ends in Hz, the same where the segment is one point.
    point_count
        Points, both ends counted.
    if_bandwidth_hz, source_power_dbm
        Only of this segment; None for those of the plan.
    """

    start_frequency_hz: float
    stop_frequency_hz: float
    point_count: int
    if_bandwidth_hz: float | None = None
    source_power_dbm: float | None = None

    def __post_init__(self) -> None:
        """Refuse a segment that no VNA could sweep."""
        start_hz, stop_hz = self.start_frequency_hz, self.stop_frequency_hz
        is_point = start_hz == stop_hz and self.point_count == 1
        is_stretch = start_hz < stop_hz and self.point_count >= 2
        if not (start_hz > 0.0 and stop_hz < math.inf and (is_point or is_stretch)):
            raise MeasurementError(
                "segments",
                f"holds {self.point_count} points from {start_hz:g} to {stop_hz:g} Hz; "
                "a segment is one point, or rises",
            )
        if self.if_bandwidth_hz is not None:
            _check_bandwidth(self.if_bandwidth_hz)
        if self.source_power_dbm is not None:
            _check_power(self.source_power_dbm)


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """A sweep as asked for: what the driver shall set, start and read.

    Attributes
    ----------
    start_frequency_hz, stop_frequency_hz
        Ends of the axis in Hz.
    point_count
        Points of the whole axis.
    segments
        Stretches that make up the axis, each above the one before, from the plan's
        start to its stop; none for one linear sweep.
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
    segments: tuple[SweepSegment, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a plan that no VNA could carry out."""
        check_identifier("cavity", self.cavity)
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
            check_trace_name("s_parameters", name)
        _check_bandwidth(self.if_bandwidth_hz)
        _check_power(self.source_power_dbm)
        if self.averaging_count < 1:
            raise MeasurementError("averaging_count", "must be at least 1")
        if self.segments:
            self._check_segments(self.segments)

    @property
    def duration_s(self) -> float:
        """Least time that the plan can take: points over IF bandwidth, averaged.

        Each source port needs a pass of its own.
        """
        return self.pass_duration_s * self.averaging_count * self.source_count

    @property
    def pass_duration_s(self) -> float:
        """Least time of one pass from one source port: points over IF bandwidth."""
        if not self.segments:
            return self.point_count / self.if_bandwidth_hz
        return sum(
            one.point_count / (one.if_bandwidth_hz or self.if_bandwidth_hz)
            for one in self.segments
        )

    @property
    def source_count(self) -> int:
        """Ports that drive the cavity, one after the other."""
        return len({name[2] for name in self.s_parameters})

    @property
    def has_own_settings(self) -> bool:
        """Whether a segment has an IF bandwidth or a source power of its own."""
        return any(
            one.if_bandwidth_hz is not None or one.source_power_dbm is not None
            for one in self.segments
        )

    @property
    def largest_power_dbm(self) -> float:
        """Largest source level that the plan asks for."""
        own = [
            one.source_power_dbm
            for one in self.segments
            if one.source_power_dbm is not None
        ]
        return max([self.source_power_dbm, *own])

    def _check_segments(self, segments: tuple[SweepSegment, ...]) -> None:
        for below, above in pairwise(segments):
            if not below.stop_frequency_hz < above.start_frequency_hz:
                raise MeasurementError(
                    "segments",
                    f"reach {below.stop_frequency_hz:g} Hz and go on from "
                    f"{above.start_frequency_hz:g} Hz; each must lie above the last",
                )
        ends = (segments[0].start_frequency_hz, segments[-1].stop_frequency_hz)
        if ends != (self.start_frequency_hz, self.stop_frequency_hz):
            raise MeasurementError(
                "segments",
                f"run from {ends[0]:g} to {ends[1]:g} Hz, the plan from "
                f"{self.start_frequency_hz:g} to {self.stop_frequency_hz:g} Hz",
            )
        total = sum(one.point_count for one in segments)
        if total != self.point_count:
            raise MeasurementError(
                "segments",
                f"hold {total} points, point_count says {self.point_count}",
            )


def _check_bandwidth(if_bandwidth_hz: float) -> None:
    if not 0.0 < if_bandwidth_hz < math.inf:
        raise MeasurementError("if_bandwidth_hz", "must be above 0")


def _check_power(source_power_dbm: float) -> None:
    if not math.isfinite(source_power_dbm):
        raise MeasurementError("source_power_dbm", "must be a finite number")
