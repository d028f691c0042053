"""A channel: settings, traces, and the sweep in emulated time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from instruments.simulation.array import EmulatedArray
from instruments.simulation.observation import ComplexTrace
from instruments.simulation.vna.acquisition import Acquisition
from instruments.simulation.vna.settings import Stimulus


class SweepMode(StrEnum):
    """Whether a channel sweeps."""

    HOLD = "HOLD"
    SINGLE = "SING"
    GROUPS = "GRO"
    CONTINUOUS = "CONT"


@dataclass(slots=True)
class Measurement:
    """A trace on a channel: its number, S-parameter and display format."""

    trace_number: int
    parameter: str
    format: str = "MLOG"


class Bench:
    """What channels share: the array behind the ports, the trigger, the source.

    Parameters
    ----------
    array
        The array.
    cavity
        Name of the cavity at the ports, None for open ports.
    on_change
        Called whenever a sweep starts or ends.
    """

    def __init__(
        self, array: EmulatedArray, cavity: str | None, on_change: Callable[[], None]
    ) -> None:
        self.array = array
        self.cavity = cavity
        self.on_change = on_change
        self.trigger_source = "IMM"
        self.is_driven = True
        self._serial = 0

    def next_serial(self) -> int:
        """Return a number for the next sweep of this instrument."""
        self._serial += 1
        return self._serial


class Channel:
    """One channel of the VNA.

    A single sweep or a group is frozen when it ends. In continuous mode nothing
    runs: what the display would show is worked out when somebody reads it.
    """

    def __init__(self, bench: Bench) -> None:
        self.stimulus = Stimulus()
        self.measurements: dict[str, Measurement] = {}
        self.selected: str | None = None
        self.group_count = 1
        self.mode = SweepMode.HOLD
        self._bench = bench
        self._frozen: Acquisition | None = None
        self._newest: tuple[int, Acquisition] | None = None
        self._begun_s = 0.0
        self._first_serial = 0
        self._averaged = 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_armed = False

    @property
    def is_pending(self) -> bool:
        """Whether a sweep that will end is under way."""
        return self._timer is not None or self._is_armed

    @property
    def source_ports(self) -> frozenset[int]:
        """Ports that the traces of this channel need driven."""
        return frozenset(int(one.parameter[2]) for one in self.measurements.values())

    @property
    def sweep_time_s(self) -> float:
        """Emulated seconds of one sweep: a pass for each source port."""
        return self.stimulus.pass_time_s * max(1, len(self.source_ports))

    def set_mode(self, mode: SweepMode) -> None:
        """Stop what is running and start what is asked for."""
        self.abort()
        self.mode = mode
        if mode is SweepMode.CONTINUOUS:
            self._begin_continuous()
        elif mode is not SweepMode.HOLD:
            self._is_armed = True
            if self._bench.trigger_source == "IMM":
                self.fire()
        self._bench.on_change()

    def fire(self) -> None:
        """Trigger a channel that is armed."""
        if not self._is_armed:
            return
        self._is_armed = False
        count = self.group_count if self.mode is SweepMode.GROUPS else 1
        duration_s = count * self.sweep_time_s / self._bench.array.speed
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(duration_s, self._finish, count)

    def abort(self) -> None:
        """Stop sweeping at once; data of whole sweeps stay."""
        if self.mode is SweepMode.CONTINUOUS:
            self._frozen = self._shown_continuous()[0]
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._newest, self._is_armed = None, None, False
        self.mode = SweepMode.HOLD
        self._bench.on_change()

    def forget(self) -> None:
        """Drop all data, as a change of the axis does."""
        self._frozen, self._newest = None, None
        self.clear_averages()

    def clear_averages(self) -> None:
        """Start averaging anew."""
        self._averaged = 0
        if self.mode is SweepMode.CONTINUOUS:
            self._begin_continuous()

    def read(self, parameter: str) -> ComplexTrace:
        """Return a trace as the display shows it, complex128, shape (point,).

        In continuous mode its left part is of the sweep under way and the rest of
        the one before, as on the real instrument.
        """
        others = [one.parameter for one in self.measurements.values()]
        blank = np.zeros(self.stimulus.point_count, dtype=np.complex128)
        if self.mode is not SweepMode.CONTINUOUS:
            frozen = self._frozen
            return blank if frozen is None else frozen.trace(parameter, others)
        last, newest, share = self._shown_continuous()
        old = blank if last is None else last.trace(parameter, others)
        swept = int(share * blank.size)
        new = newest.trace(parameter, others) if swept else old
        return np.where(np.arange(blank.size) < swept, new, old)

    def _begin_continuous(self) -> None:
        self._begun_s = self._bench.array.now_s()
        self._first_serial = self._bench.next_serial()
        self._newest = None

    def _finish(self, count: int) -> None:
        self._timer = None
        self._averaged += count
        self._frozen = self._acquire(
            self._bench.array.now_s(), self._bench.next_serial(), self._averaged
        )
        self.mode = SweepMode.HOLD
        self._bench.on_change()

    def _shown_continuous(self) -> tuple[Acquisition | None, Acquisition, float]:
        """Return the last whole sweep, the one under way, and its share so far."""
        now_s = self._bench.array.now_s()
        swept, duration_s = now_s - self._begun_s, self.sweep_time_s
        count, share = int(swept // duration_s), (swept % duration_s) / duration_s
        if count and (self._newest is None or self._newest[0] != count):
            ended_s = self._begun_s + count * duration_s
            serial = self._first_serial * 1_000_003 + count
            self._newest = (count, self._acquire(ended_s, serial, count))
        last = self._newest[1] if self._newest else self._frozen
        serial = self._first_serial * 1_000_003 + count + 1
        return last, self._acquire(now_s, serial, count + 1), share

    def _acquire(self, at_s: float, serial: int, sweeps: int) -> Acquisition:
        stimulus, bench = self.stimulus, self._bench
        averages = 1
        if stimulus.is_averaging:
            count = stimulus.averaging_count
            averages = count if stimulus.averages_points else min(sweeps, count)
        snapshot = (
            None
            if bench.cavity is None
            else bench.array.snapshot(bench.cavity, at_s, serial)
        )
        return Acquisition(
            axis_hz=stimulus.axis_hz,
            snapshot=snapshot,
            source_ports=self.source_ports,
            if_bandwidth_hz=stimulus.if_bandwidth_hz,
            power_dbm=stimulus.power_dbm,
            averaging_count=averages,
            is_driven=bench.is_driven,
        )
