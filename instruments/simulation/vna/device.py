"""An emulated VNA: identity, channels, traces; what it understands is its model's."""

import zlib
from collections.abc import Callable, Hashable
from functools import partial

import numpy as np
import numpy.typing as npt

from instruments.simulation.array import EmulatedArray
from instruments.simulation.faults import Fault, FaultKind
from instruments.simulation.scpi.device import Call, ScpiDevice
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.bench import Bench
from instruments.simulation.vna.channel import Channel, Measurement, SweepMode
from instruments.simulation.vna.encoding import NOT_A_NUMBER, DataFormat
from instruments.simulation.vna.model import Verb, VnaModel
from instruments.simulation.wire_faults import WireFaults

_SPOILING = (
    FaultKind.WRONG_ENDIAN,
    FaultKind.NOT_A_NUMBER,
    FaultKind.MISSING_POINTS,
    FaultKind.WRONG_LENGTH,
)


class EmulatedVna(ScpiDevice):
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
        self.model = model
        super().__init__(
            model.identity.format(serial=self.serial),
            model.options,
            terminator=model.terminator,
            write_integer=model.text.integer,
            write_error=self._write_error,
        )
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
        self.channels: dict[int, Channel] = {}
        self.active_channel = 1
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

    def channel(self, number: int) -> Channel:
        """Return a channel; the first use creates it.

        Raises
        ------
        ScpiFault
            If there is no such number.
        """
        if not 1 <= number <= self.model.limits.max_channel_count:
            raise ScpiFault(-114, "Header suffix out of range", str(number))
        if number not in self.channels:
            self.channels[number] = Channel(self.bench, self.model.limits)
        return self.channels[number]

    def channel_of(self, call: Call) -> Channel:
        """Return the channel that a command names."""
        return self.channel(call.suffixes[0])

    def define(self, number: int, name: str, parameter: str) -> None:
        """Create a trace on a channel and select it.

        Raises
        ------
        ScpiFault
            If the name is taken, or the parameter is no S-parameter of the ports.
        """
        channel = self.channel(number)
        if name in channel.measurements:
            raise ScpiFault(-221, "Settings conflict", f"{name} exists")
        counted = (
            self.channels.values()
            if self.model.quirks.has_global_numbers
            else (channel,)
        )
        taken = {
            one.trace_number for some in counted for one in some.measurements.values()
        }
        free = next(n for n in range(1, len(taken) + 2) if n not in taken)
        channel.measurements[name] = Measurement(free, self.s_parameter(parameter))
        channel.selected = name
        self.active_channel = number

    def s_parameter(self, text: str) -> str:
        """Return an S-parameter of the ports, in capitals.

        Raises
        ------
        ScpiFault
            If it is none.
        """
        name = text.upper()
        ports = "".join(str(port) for port in range(1, self.model.port_count + 1))
        is_known = len(name) == 3 and name[0] == "S" and set(name[1:]) <= set(ports)
        if not is_known:
            raise ScpiFault(-224, "Illegal parameter value", text[:20])
        return name

    def selected(self, call: Call) -> Measurement:
        """Return the selected trace of the channel that a command names.

        Raises
        ------
        ScpiFault
            If no trace is selected.
        """
        channel = self.channel_of(call)
        if channel.selected is None:
            raise ScpiFault(-221, "Settings conflict", "no measurement is selected")
        return channel.measurements[channel.selected]

    def named(self, call: Call, name: str) -> Measurement:
        """Return a trace of the channel that a command names.

        Raises
        ------
        ScpiFault
            If there is none of this name.
        """
        measurements = self.channel_of(call).measurements
        if name not in measurements:
            raise ScpiFault(-221, "Settings conflict", f"no measurement {name[:40]}")
        return measurements[name]

    def numbered(self, channel: Channel, number: int) -> tuple[str, Measurement]:
        """Return name and trace of a number.

        Raises
        ------
        ScpiFault
            If there is none of this number.
        """
        for name, measurement in channel.measurements.items():
            if measurement.trace_number == number:
                return name, measurement
        raise ScpiFault(-114, "Header suffix out of range", f"no measurement {number}")

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
        spoilt = [kind for kind in _SPOILING if self.faults.takes(kind)]
        is_text = self._is_text(call)
        if spoilt:
            is_torn = FaultKind.WRONG_ENDIAN in spoilt
            values = _spoil(make(), spoilt)
            return self.format.write(values, is_text=is_text, is_torn=is_torn)
        return channel.encoded(
            (key, self.format.key(is_text=is_text)),
            lambda: self.format.write(make(), is_text=is_text),
        )

    def spoilt(
        self, make: Callable[[], npt.NDArray[np.float64]]
    ) -> npt.NDArray[np.float64]:
        """Return measured data with what is wrong with them."""
        kinds = [kind for kind in _SPOILING if self.faults.takes(kind)]
        return _spoil(make(), kinds)

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

    def _write_error(self, number: int, text: str) -> str:
        style = self.model.text
        if number == 0 and style.no_error is not None:
            return style.no_error
        return style.error.format(number=number, text=text)


def _spoil(
    values: npt.NDArray[np.float64], kinds: list[FaultKind]
) -> npt.NDArray[np.float64]:
    spoilt = np.array(values, dtype=np.float64)
    middle = spoilt.size // 2
    if FaultKind.NOT_A_NUMBER in kinds:
        spoilt[middle] = np.nan
    if FaultKind.MISSING_POINTS in kinds:
        spoilt[middle:] = NOT_A_NUMBER
    if FaultKind.WRONG_LENGTH in kinds:
        spoilt = spoilt[: max(0, spoilt.size - 2)]
    return spoilt
