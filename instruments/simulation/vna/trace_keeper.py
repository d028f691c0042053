"""The channels of an emulated VNA and the traces on them."""

from instruments.simulation.scpi.device import Call, ScpiDevice
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.bench import Bench
from instruments.simulation.vna.channel import Channel, Measurement
from instruments.simulation.vna.model import VnaModel


class TraceKeeper(ScpiDevice):
    """Finds channels and traces by number and by name.

    Parameters
    ----------
    model
        What it is.
    identity
        Answer to ``*IDN?``.
    """

    bench: Bench

    def __init__(self, model: VnaModel, identity: str) -> None:
        self.model = model
        self.channels: dict[int, Channel] = {}
        self.active_channel = 1
        super().__init__(
            identity,
            model.options,
            terminator=model.terminator,
            write_integer=model.text.integer,
            write_error=self._write_error,
        )

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

    def _write_error(self, number: int, text: str) -> str:
        style = self.model.text
        if number == 0 and style.no_error is not None:
            return style.no_error
        return style.error.format(number=number, text=text)
