"""The sweep plan: what a VNA is asked for."""

import math
from dataclasses import dataclass

from instruments.measurement.checks import check_identifier, check_trace_name
from instruments.measurement.errors import MeasurementError
from instruments.measurement.limits import MAX_POINT_COUNT
from instruments.measurement.sweep import SweepPurpose


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
