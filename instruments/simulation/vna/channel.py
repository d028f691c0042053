"""A channel: settings, traces, and the sweep in emulated time."""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from instruments.simulation.failures.situation import ComplexTrace
from instruments.simulation.faults import FaultKind
from instruments.simulation.vna.acquisition import Acquisition
from instruments.simulation.vna.bench import Bench
from instruments.simulation.vna.settings import Limits, Stimulus


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


class Channel:
    """One channel of the VNA.

    What a single sweep or a group gave is frozen when it ends. In continuous mode
    nothing runs: what the display would show is worked out when somebody reads it.

    Attributes
    ----------
    group_count
        Sweeps of one trigger in mode GROUPS.
    rearms
        Arm again after each sweep, as continuous initiation with an outer trigger.
    """

    def __init__(self, bench: Bench, limits: Limits) -> None:
        self.stimulus = Stimulus.preset(limits)
        self.measurements: dict[str, Measurement] = {}
        self.selected: str | None = None
        self.group_count = 1
        self.mode = SweepMode.HOLD
        self.rearms = False
        self.is_armed = False
        self._bench = bench
        self._frozen: Acquisition | None = None
        self._newest: tuple[int, Acquisition] | None = None
        self._begun_s = 0.0
        self._first_serial = 0
        self._averaged = 0
        self._timer: asyncio.TimerHandle | None = None
        self._meddler: asyncio.TimerHandle | None = None
        self._firing = (1, True)

    @property
    def is_running(self) -> bool:
        """Whether a sweep that was announced is under way."""
        return self._timer is not None and self._firing[1]

    @property
    def is_sweeping(self) -> bool:
        """Whether anything is swept right now."""
        return self._timer is not None or self.mode is SweepMode.CONTINUOUS

    @property
    def source_ports(self) -> frozenset[int]:
        """Ports that the traces of this channel need driven."""
        return frozenset(int(one.parameter[2]) for one in self.measurements.values())

    @property
    def sweep_time_s(self) -> float:
        """Emulated seconds of one sweep: a pass for each source port."""
        return self.stimulus.pass_time_s * max(1, len(self.source_ports))

    @property
    def averages_done(self) -> int:
        """Sweeps that have gone into the average so far."""
        done = self._averaged
        if self.is_sweeping:
            swept_s = self._bench.array.now_s() - self._begun_s
            done += int(swept_s / self.sweep_time_s)
        return min(done, self.stimulus.averaging_count)

    @property
    def ended(self) -> Acquisition | None:
        """The last sweep that was frozen, None where there is none."""
        return self._frozen

    def set_mode(self, mode: SweepMode) -> None:
        """Stop what is running and start what is asked for."""
        self.abort()
        self.mode = mode
        if mode is SweepMode.CONTINUOUS:
            self._begin_continuous()
        elif mode is not SweepMode.HOLD:
            self.arm()
        self._bench.on_change()

    def arm(self) -> None:
        """Wait for a trigger, which an internal source gives at once."""
        self.is_armed = True
        if self._bench.is_internal:
            self.fire(self.group_count if self.mode is SweepMode.GROUPS else 1)

    def fire(self, count: int = 1, *, is_announced: bool = True) -> None:
        """Trigger a channel that is armed.

        Parameters
        ----------
        count
            Sweeps of this trigger.
        is_announced
            Whether ``*OPC`` waits for them.
        """
        if not self.is_armed:
            return
        self.is_armed = False
        bench = self._bench
        if count > 1 and bench.faults.takes(FaultKind.AVERAGES_SHORT):
            count = 1
        self._firing = (count, is_announced)
        self._begun_s = bench.array.now_s()
        is_meddled = bench.faults.takes(FaultKind.FRONT_PANEL_IN_SWEEP)
        if bench.is_instant:
            if is_meddled:
                self.meddle()
            self._finish()
            return
        loop = asyncio.get_running_loop()
        duration_s = count * self.sweep_time_s / bench.array.speed
        begun_s = loop.time()  # one origin, so that the middle never follows the end
        self._timer = loop.call_at(begun_s + duration_s, self._finish)
        if is_meddled:
            self._meddler = loop.call_at(begun_s + 0.5 * duration_s, self.meddle)

    def meddle(self) -> None:
        """Do what somebody at the front panel does: a narrower span, a wider IF."""
        stimulus = self.stimulus
        wider_hz = min(
            3.0 * stimulus.if_bandwidth_hz, stimulus.limits.highest_bandwidth_hz
        )
        stimulus.if_bandwidth_hz = stimulus.limits.next_bandwidth_hz(wider_hz)
        stimulus.stop_hz -= 0.1 * (stimulus.stop_hz - stimulus.start_hz)
        self.forget()

    def abort(self) -> None:
        """Stop sweeping at once; data of whole sweeps stay."""
        if self.mode is SweepMode.CONTINUOUS:
            self._frozen = self._shown_continuous()[0]
        for timer in filter(None, (self._timer, self._meddler)):
            timer.cancel()
        self._timer = self._meddler = self._newest = None
        self.is_armed = self.rearms = False
        self.mode = SweepMode.HOLD
        self._bench.on_change()

    def forget(self) -> None:
        """Drop all data and begin the sweep anew, as a change of the axis does."""
        self._frozen, self._newest = None, None
        self.clear_averages()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.is_armed = True
            count, is_announced = self._firing
            self.fire(count, is_announced=is_announced)

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
        blank = np.zeros(self.stimulus.length, dtype=np.complex128)
        if self.mode is not SweepMode.CONTINUOUS:
            frozen = self._frozen
            return blank if frozen is None else frozen.trace(parameter, others)
        last, newest, share = self._shown_continuous()
        old = blank if last is None else last.trace(parameter, others)
        swept = int(share * blank.size)
        new = newest.trace(parameter, others) if swept else old
        return np.where(np.arange(blank.size) < swept, new, old)

    def encoded(self, key: Hashable, encode: Callable[[], bytes]) -> bytes:
        """Return bytes that follow from what ``read`` shows, kept with frozen data."""
        if self.mode is SweepMode.CONTINUOUS or self._frozen is None:
            return encode()
        return self._frozen.encoded(key, encode)

    def _begin_continuous(self) -> None:
        self._begun_s = self._bench.array.now_s()
        self._first_serial = self._bench.next_serial()
        self._newest = None

    def _finish(self) -> None:
        self._timer = self._meddler = None
        self._averaged += self._firing[0]
        bench = self._bench
        is_repeated = self._frozen is not None and bench.faults.takes(
            FaultKind.REPEATED_TRACE
        )
        if not is_repeated:
            self._frozen = self._acquire(
                bench.array.now_s(), bench.next_serial(), self._averaged
            )
            bench.ended.append(self._frozen)
        self.mode = SweepMode.HOLD
        self.is_armed = self.rearms
        bench.on_change()

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
        stimulus = self.stimulus
        averages = 1
        if stimulus.is_averaging:
            count = stimulus.averaging_count
            averages = count if stimulus.averages_points else min(sweeps, count)
        return self._bench.acquire(
            stimulus, self.source_ports, at_s=at_s, serial=serial, averages=averages
        )
