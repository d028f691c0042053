"""An emulated VNA: identity, channels, traces; what it understands is its model's."""

import zlib
from collections.abc import Callable, Hashable
from functools import partial

import numpy as np
import numpy.typing as npt

from instruments.simulation.array import EmulatedArray
from instruments.simulation.faults import Fault, FaultKind
from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.bench import Bench
from instruments.simulation.vna.channel import Channel, SweepMode
from instruments.simulation.vna.encoding import DataFormat
from instruments.simulation.vna.model import Verb, VnaModel
from instruments.simulation.vna.spoiling import spoil, spoiling
from instruments.simulation.vna.trace_keeper import TraceKeeper
from instruments.simulation.wire_faults import WireFaults


class EmulatedVna(TraceKeeper):
    """A VNA of some model that looks at one cavity of an emulated array.

    Parameters
    ----------
    array
        The array.
    name
        Name of the VNA in the array file; its serial number follows from it.
    model
        What it is.
    faults
        Switches of what can be wrong with it.
    is_instant, is_noiseless
        Sweeps take no time; traces are the physics alone.
    """

    def __init__(
        self,
        array: EmulatedArray,
        name: str,
        model: VnaModel,
        *,
        faults: WireFaults,
        is_instant: bool = False,
        is_noiseless: bool = False,
    ) -> None:
        number = zlib.crc32(f"{array.seed} {name}".encode()) % 10**8
        self.serial = model.serial.format(number=number)
        super().__init__(model, model.identity.format(serial=self.serial))
        self.bench = Bench(
            array=array,
            vna=name,
            on_change=self.settle,
            faults=faults,
            is_instant=is_instant,
            is_noiseless=is_noiseless,
        )
        self.faults = faults
        faults.listen(self._happen)
        self.keeps_newest_client = model.quirks.keeps_newest_client
        self.format = self._preset_format()
        self.windows: dict[int, dict[int, str]] = {}
        self.settings: dict[Hashable, str] = {}
        for pattern, verb in model.table.items():
            self._add_verb(pattern, verb)
        self.reset()

    def reset(self) -> None:
        """Bring the instrument to its preset: one channel, S11, sweeping."""
        for channel in self.channels.values():
            channel.abort()
        self.channels.clear()
        self.active_channel = 1
        self.format = self._preset_format()
        quirks, bench = self.model.quirks, self.bench
        bench.trigger_source, bench.is_output_on = quirks.trigger_source, True
        bench.triggers_average = bench.triggers_active_only = False
        self.settings.clear()
        self.windows = {1: {1: quirks.presets_trace}}
        first = self.channel(1)
        self.define(1, quirks.presets_trace, "S11")
        first.set_mode(SweepMode.CONTINUOUS)

    def power_cycle(self) -> None:
        """Switch off and on: all settings and errors are lost."""
        self.reset()
        self.status.power_on()

    def trigger(self) -> None:
        """Trigger every armed channel, as ``*TRG`` does."""
        self.fire(is_announced=self.model.quirks.arming_is_pending)

    def fire(self, *, is_announced: bool = True) -> bool:
        """Trigger the armed channels and tell whether there was one.

        Parameters
        ----------
        is_announced
            Whether ``*OPC`` waits for the sweeps.
        """
        armed = [
            channel
            for number, channel in self.channels.items()
            if channel.is_armed
            and (number == self.active_channel or not self.bench.triggers_active_only)
        ]
        for channel in armed:
            channel.fire(self._sweeps_of(channel), is_announced=is_announced)
        self.settle()
        return bool(armed)

    def settle(self) -> None:
        """Tell the status whether a sweep is pending."""
        counts_armed = self.model.quirks.arming_is_pending
        if any(
            channel.is_running or (counts_armed and channel.is_armed)
            for channel in self.channels.values()
        ):
            self.set_busy()
        else:
            self.set_idle()

    def write_values(self, call: Call, values: npt.NDArray[np.float64]) -> bytes:
        """Return numbers in the transfer format of this session."""
        return self.format.write(values, is_text=self._is_text(call))

    def write_data(
        self,
        call: Call,
        channel: Channel,
        key: Hashable,
        make: Callable[[], npt.NDArray[np.float64]],
    ) -> bytes:
        """Return measured data in the transfer format, spoilt by what is wrong.

        Parameters
        ----------
        key
            What the numbers depend on beside the sweep.
        make
            Works the numbers out.
        """
        spoilt = spoiling(self.faults)
        is_text = self._is_text(call)
        if spoilt:
            is_torn = FaultKind.WRONG_ENDIAN in spoilt
            values = spoil(make(), spoilt)
            return self.format.write(values, is_text=is_text, is_torn=is_torn)
        return channel.encoded(
            (key, self.format.key(is_text=is_text)),
            lambda: self.format.write(make(), is_text=is_text),
        )

    def spoilt(
        self, make: Callable[[], npt.NDArray[np.float64]]
    ) -> npt.NDArray[np.float64]:
        """Return measured data with what is wrong with them."""
        return spoil(make(), spoiling(self.faults))

    def close(self) -> None:
        """Stop all sweeps."""
        for channel in self.channels.values():
            channel.abort()

    def _happen(self, fault: Fault) -> None:
        """Let something happen that nobody asked for over a wire."""
        if fault.kind is FaultKind.POWER_CYCLE:
            self.power_cycle()
        elif fault.kind is FaultKind.FRONT_PANEL:
            for channel in self.channels.values():
                channel.meddle()
        elif fault.kind is FaultKind.ERROR_ENTRY:
            for _ in range(fault.reply_count or 1):
                self.status.report(ScpiFault(-310, "System error", "of its own accord"))

    def _add_verb(self, pattern: str, verb: Verb) -> None:
        self.add(
            pattern,
            query=None if verb.query is None else partial(verb.query, self),
            command=None if verb.command is None else partial(verb.command, self),
        )

    def _sweeps_of(self, channel: Channel) -> int:
        if channel.mode is SweepMode.GROUPS:
            return channel.group_count
        if self.bench.triggers_average and channel.stimulus.is_averaging:
            channel.clear_averages()
            return channel.stimulus.averaging_count
        return 1

    def _is_text(self, call: Call) -> bool:
        return call.is_raw_socket and self.model.quirks.is_text_on_socket

    def _preset_format(self) -> DataFormat:
        model = self.model
        return DataFormat(
            header_digit_count=model.header_digit_count, element=model.text.element
        )
