"""The emulated four-port PNA: identity, channels, and the parts of its dialect."""

import zlib

from instruments.simulation.array import EmulatedArray
from instruments.simulation.scpi.device import Call, ScpiDevice
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.channel import Bench, Channel, Measurement, SweepMode
from instruments.simulation.vna.encoding import DataFormat

VENDOR, MODEL, FIRMWARE = "Keysight Technologies", "N5224B", "A.15.75.18"
"""What the emulated instrument calls itself."""

PORT_COUNT = 4
"""Test ports."""

MAX_CHANNEL = 32
"""Highest channel number."""

PRESET_TRACE = "CH1_S11_1"
"""Name of the trace that a preset leaves."""


class PnaDevice(ScpiDevice):
    """A PNA that looks at one cavity of an emulated array.

    Parameters
    ----------
    array
        The array.
    name
        Name of the VNA in the array file; its serial number follows from it.
    """

    def __init__(self, array: EmulatedArray, name: str) -> None:
        self.serial = f"MY{zlib.crc32(f'{array.seed} {name}'.encode()) % 10**8:08d}"
        super().__init__(f"{VENDOR},{MODEL},{self.serial},{FIRMWARE}", "422,S93010A")
        cavity = array.cavity_of(name)
        self.bench = Bench(array, None if cavity is None else cavity.name, self.settle)
        self.channels: dict[int, Channel] = {}
        self.active_channel = 1
        self.format = DataFormat()
        self.windows: dict[int, dict[int, str]] = {}
        self.settings: dict[str, str] = {}
        self.reset()

    def reset(self) -> None:
        """Bring the instrument to its preset: one channel, S11, sweeping."""
        for channel in self.channels.values():
            channel.abort()
        self.channels.clear()
        self.active_channel = 1
        self.format = DataFormat()
        self.bench.trigger_source, self.bench.is_driven = "IMM", True
        self.settings.clear()
        self.windows = {1: {1: PRESET_TRACE}}
        first = self.channel(1)
        self.define(1, PRESET_TRACE, "S11")
        first.set_mode(SweepMode.CONTINUOUS)

    def trigger(self) -> None:
        """Trigger every armed channel, as ``*TRG`` does."""
        for channel in self.channels.values():
            channel.fire()
        self.settle()

    def settle(self) -> None:
        """Tell the status whether a sweep is pending."""
        if any(channel.is_pending for channel in self.channels.values()):
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
        if not 1 <= number <= MAX_CHANNEL:
            raise ScpiFault(-114, "Header suffix out of range", str(number))
        if number not in self.channels:
            self.channels[number] = Channel(self.bench)
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
        taken = {
            one.trace_number
            for other in self.channels.values()
            for one in other.measurements.values()
        }
        free = next(n for n in range(1, len(taken) + 2) if n not in taken)
        channel.measurements[name] = Measurement(free, s_parameter(parameter))
        channel.selected = name
        self.active_channel = number

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

    def close(self) -> None:
        """Stop all sweeps."""
        for channel in self.channels.values():
            channel.abort()


def s_parameter(text: str) -> str:
    """Return an S-parameter in capitals.

    Raises
    ------
    ScpiFault
        If it is none of S11 to S44.
    """
    name = text.upper()
    ports = "".join(str(port) for port in range(1, PORT_COUNT + 1))
    if len(name) != 3 or name[0] != "S" or name[1] not in ports or name[2] not in ports:
        raise ScpiFault(-224, "Illegal parameter value", text[:20])
    return name
