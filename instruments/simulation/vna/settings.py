"""Stimulus settings of one channel, within the limits of the instrument."""

from dataclasses import dataclass

import numpy as np

from instruments.measurement import FrequencyAxis

LOWEST_FREQUENCY_HZ, HIGHEST_FREQUENCY_HZ = 10.0e6, 43.5e9
"""Frequency range of the emulated model in Hz."""

MAX_POINTS = 100_003
"""Longest sweep of the emulated model."""

LOWEST_BANDWIDTH_HZ, HIGHEST_BANDWIDTH_HZ = 1.0, 15.0e6
"""Range of IF bandwidths in Hz."""

LOWEST_POWER_DBM, HIGHEST_POWER_DBM = -95.0, 20.0
"""Range of source powers in dBm."""

MAX_AVERAGES = 65_536
"""Largest averaging factor."""

LONGEST_SWEEP_S = 86_400.0
"""Longest sweep time that can be set, in s."""

_BANDWIDTH_STEPS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)


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
    """

    start_hz: float = LOWEST_FREQUENCY_HZ
    stop_hz: float = HIGHEST_FREQUENCY_HZ
    point_count: int = 201
    if_bandwidth_hz: float = 100.0e3
    power_dbm: float = -5.0
    is_averaging: bool = False
    averaging_count: int = 16
    averages_points: bool = False
    sweep_type: str = "LIN"
    set_time_s: float = 0.0

    @property
    def axis_hz(self) -> FrequencyAxis:
        """Frequency axis in Hz, shape (point,)."""
        if self.sweep_type == "LOG":
            return np.geomspace(self.start_hz, self.stop_hz, self.point_count)
        return np.linspace(self.start_hz, self.stop_hz, self.point_count)

    @property
    def pass_time_s(self) -> float:
        """Time in s of one pass over the axis with one source port."""
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
        room_hz = min(center_hz - LOWEST_FREQUENCY_HZ, HIGHEST_FREQUENCY_HZ - center_hz)
        half_hz = min(span_hz / 2, room_hz)
        self.start_hz, self.stop_hz = center_hz - half_hz, center_hz + half_hz


def next_bandwidth_hz(value_hz: float) -> float:
    """Return the smallest IF bandwidth in Hz that exists and is not below."""
    decade = 10.0 ** np.floor(np.log10(value_hz))
    for step in _BANDWIDTH_STEPS:
        if value_hz <= step * decade * (1 + 1e-9):
            return float(min(step * decade, HIGHEST_BANDWIDTH_HZ))
    return HIGHEST_BANDWIDTH_HZ
