"""Stimulus settings of one channel, within the limits of the instrument."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from instruments.measurement import FrequencyAxis

MAX_AVERAGES = 65_536
"""Largest averaging factor."""

LONGEST_SWEEP_S = 86_400.0
"""Longest sweep time that can be set, in s."""

MAX_SEGMENTS = 201
"""Longest segment table."""

_BANDWIDTH_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a model can do, in Hz and dBm, and where a preset leaves it."""

    lowest_frequency_hz: float
    highest_frequency_hz: float
    max_point_count: int
    lowest_bandwidth_hz: float
    highest_bandwidth_hz: float
    lowest_power_dbm: float
    highest_power_dbm: float
    preset_point_count: int = 201
    preset_bandwidth_hz: float = 10.0e3
    preset_power_dbm: float = -5.0
    max_averaging_count: int = MAX_AVERAGES
    max_channel_count: int = 32

    def next_bandwidth_hz(self, value_hz: float) -> float:
        """Return the smallest IF bandwidth in Hz that exists and is not below."""
        decade = 10.0 ** np.floor(np.log10(value_hz))
        for step in _BANDWIDTH_STEPS:
            if value_hz <= step * decade * (1 + 1e-9):
                return float(min(step * decade, self.highest_bandwidth_hz))
        return self.highest_bandwidth_hz


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of a segmented sweep; what is None is the channel's."""

    start_hz: float
    stop_hz: float
    point_count: int
    if_bandwidth_hz: float | None = None
    power_dbm: float | None = None
    is_on: bool = True


@dataclass(slots=True)
class Stimulus:
    """What a channel sends and how it listens.

    Attributes
    ----------
    start_hz, stop_hz
        Ends of the axis in Hz.
    averages_points
        Average each point before the next (``AVER:MODE POIN``), else whole sweeps.
    set_time_s
        Sweep time in s that was asked for, 0 for as fast as possible.
    segments
        Segment table; it counts while ``sweep_type`` is SEGM.
    """

    limits: Limits
    start_hz: float
    stop_hz: float
    point_count: int
    if_bandwidth_hz: float
    power_dbm: float
    is_averaging: bool = False
    averaging_count: int = 16
    averages_points: bool = False
    sweep_type: str = "LIN"
    set_time_s: float = 0.0
    segments: list[Segment] = field(default_factory=list)

    @classmethod
    def preset(cls, limits: Limits) -> "Stimulus":
        """Return what a preset leaves."""
        return cls(
            limits=limits,
            start_hz=limits.lowest_frequency_hz,
            stop_hz=limits.highest_frequency_hz,
            point_count=limits.preset_point_count,
            if_bandwidth_hz=limits.preset_bandwidth_hz,
            power_dbm=limits.preset_power_dbm,
        )

    @property
    def active_segments(self) -> tuple[Segment, ...]:
        """Segments that are swept, none while the sweep is not segmented."""
        if self.sweep_type != "SEGM":
            return ()
        return tuple(segment for segment in self.segments if segment.is_on)

    @property
    def length(self) -> int:
        """Points of a sweep, over all segments."""
        segments = self.active_segments
        if segments:
            return sum(segment.point_count for segment in segments)
        return self.point_count

    @property
    def axis_hz(self) -> FrequencyAxis:
        """Frequency axis in Hz, shape (point,)."""
        segments = self.active_segments
        if segments:
            return np.concatenate(
                [np.linspace(s.start_hz, s.stop_hz, s.point_count) for s in segments]
            )
        if self.sweep_type == "LOG":
            return np.geomspace(self.start_hz, self.stop_hz, self.point_count)
        return np.linspace(self.start_hz, self.stop_hz, self.point_count)

    @property
    def bandwidths_hz(self) -> float | npt.NDArray[np.float64]:
        """IF bandwidth in Hz, one number or one a point."""
        return self._spread(
            [s.if_bandwidth_hz or self.if_bandwidth_hz for s in self.active_segments],
            self.if_bandwidth_hz,
        )

    @property
    def powers_dbm(self) -> float | npt.NDArray[np.float64]:
        """Source power in dBm, one number or one a point."""
        return self._spread(
            [
                self.power_dbm if s.power_dbm is None else s.power_dbm
                for s in self.active_segments
            ],
            self.power_dbm,
        )

    @property
    def pass_time_s(self) -> float:
        """Time in s of one pass over the axis with one source port."""
        segments = self.active_segments
        if segments:
            fastest_s = sum(
                s.point_count / (s.if_bandwidth_hz or self.if_bandwidth_hz)
                for s in segments
            )
        else:
            fastest_s = self.point_count / self.if_bandwidth_hz
        if self.is_averaging and self.averages_points:
            fastest_s *= self.averaging_count
        return max(fastest_s, self.set_time_s)

    def set_start(self, value_hz: float) -> None:
        """Set the start in Hz; the stop gives way."""
        self.start_hz, self.stop_hz = value_hz, max(value_hz, self.stop_hz)

    def set_stop(self, value_hz: float) -> None:
        """Set the stop in Hz; the start gives way."""
        self.start_hz, self.stop_hz = min(value_hz, self.start_hz), value_hz

    def set_window(self, center_hz: float, span_hz: float) -> None:
        """Set centre and span in Hz; a span that does not fit gives way."""
        limits = self.limits
        room_hz = min(
            center_hz - limits.lowest_frequency_hz,
            limits.highest_frequency_hz - center_hz,
        )
        half_hz = min(span_hz / 2, room_hz)
        self.start_hz, self.stop_hz = center_hz - half_hz, center_hz + half_hz

    def _spread(
        self, by_segment: list[float], everywhere: float
    ) -> float | npt.NDArray[np.float64]:
        if not by_segment:
            return everywhere
        counts = [segment.point_count for segment in self.active_segments]
        return np.repeat(np.asarray(by_segment), counts)
