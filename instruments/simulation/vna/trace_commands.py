"""CALCulate of the PNA dialect: traces, their formats and their data."""

from functools import partial

import numpy as np

from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.channel import Channel, Measurement
from instruments.simulation.vna.pna import PORT_COUNT, PnaDevice, s_parameter
from instruments.simulation.vna.trace_format import FORMATS, displayed, interleave


def add_trace_commands(pna: PnaDevice) -> None:
    """Teach a PNA everything about traces."""
    _add_definition(pna)
    _add_selection(pna)
    _add_data(pna)
    _add_numbered(pna)


def _add_definition(pna: PnaDevice) -> None:
    def define(call: Call) -> None:
        name = call.arguments.string()
        pna.define(call.suffixes[0], name, call.arguments.string())

    def delete(call: Call) -> None:
        channel, name = pna.channel_of(call), call.arguments.string()
        _named(channel, name)
        del channel.measurements[name]
        if channel.selected == name:
            channel.selected = None

    def delete_all(call: Call) -> None:
        del call
        for channel in pna.channels.values():
            channel.measurements.clear()
            channel.selected = None

    def modify(call: Call) -> None:
        pna.selected(call).parameter = s_parameter(call.arguments.string())

    def catalogue(call: Call) -> str:
        measurements = pna.channel_of(call).measurements
        pairs = (f"{name},{one.parameter}" for name, one in measurements.items())
        return f'"{",".join(pairs) or "NO CATALOG"}"'

    pna.add("CALCulate#:PARameter[:DEFine]:EXTended", command=define)
    pna.add("CALCulate#:PARameter:DELete[:NAME]", command=delete)
    pna.add("CALCulate#:PARameter:DELete:ALL", command=delete_all)
    pna.add("CALCulate#:PARameter:MODify[:EXTended]", command=modify)
    pna.add("CALCulate#:PARameter:CATalog[:EXTended]", query=catalogue)


def _add_selection(pna: PnaDevice) -> None:
    def select(call: Call) -> None:
        channel, name = pna.channel_of(call), call.arguments.string()
        _named(channel, name)
        if len(call.arguments):
            call.arguments.choice("FAST")
        channel.selected, pna.active_channel = name, call.suffixes[0]

    def select_number(call: Call) -> None:
        channel = pna.channel_of(call)
        number = call.arguments.integer(1, 2_147_483_647)
        for name, measurement in channel.measurements.items():
            if measurement.trace_number == number:
                channel.selected, pna.active_channel = name, call.suffixes[0]
                return
        raise ScpiFault(-222, "Data out of range", f"no measurement {number}")

    def selected_number(call: Call) -> str:
        channel = pna.channel_of(call)
        return f"{pna.selected(call).trace_number if channel.selected else 0:+d}"

    pna.add(
        "CALCulate#:PARameter:SELect",
        query=lambda call: f'"{pna.channel_of(call).selected or ""}"',
        command=select,
    )
    pna.add(
        "CALCulate#:PARameter:MNUMber[:SELect]",
        query=selected_number,
        command=select_number,
    )


def _add_data(pna: PnaDevice) -> None:
    def set_display(call: Call) -> None:
        pna.selected(call).format = call.arguments.choice(*FORMATS)

    def data(call: Call) -> bytes:
        kind = call.arguments.choice("SDATA", "FDATA", "RDATA")
        return _data(pna, pna.channel_of(call), pna.selected(call), kind)

    def axis(call: Call) -> bytes:
        return pna.format.write(pna.channel_of(call).stimulus.axis_hz)

    def touchstone(call: Call) -> bytes:
        if pna.settings.get("snp", "AUTO") not in ("AUTO", "RI"):
            raise ScpiFault(-221, "Settings conflict", "only RI is emulated")
        channel = pna.channel_of(call)
        ports = _ports(call.arguments.string())
        rows = [channel.stimulus.axis_hz]
        for row in ports:
            for column in ports:
                trace = channel.read(f"S{row}{column}")
                rows += [trace.real, trace.imag]
        return pna.format.write(np.concatenate(rows))

    pna.add(
        "CALCulate#:FORMat",
        query=lambda call: pna.selected(call).format,
        command=set_display,
    )
    pna.add("CALCulate#:DATA", query=data)
    pna.add("CALCulate#:X[:VALues]", query=axis)
    pna.add("SENSe#:X[:VALues]", query=axis)
    pna.add("CALCulate#:DATA:SNP:PORTs", query=touchstone)


def _add_numbered(pna: PnaDevice) -> None:
    """Add the newer form, in which a trace is named by its number."""

    def data(kind: str, call: Call) -> bytes:
        channel = pna.channel_of(call)
        return _data(pna, channel, _numbered(channel, call.suffixes[1]), kind)

    def parameter(call: Call) -> str:
        return f'"{_numbered(pna.channel_of(call), call.suffixes[1]).parameter}"'

    def modify(call: Call) -> None:
        measurement = _numbered(pna.channel_of(call), call.suffixes[1])
        measurement.parameter = s_parameter(call.arguments.string())

    def axis(call: Call) -> bytes:
        channel = pna.channel_of(call)
        _numbered(channel, call.suffixes[1])
        return pna.format.write(channel.stimulus.axis_hz)

    for kind in ("SDATA", "FDATA"):
        # Client libraries leave the last letter out, and the instrument takes it.
        for node in (kind, kind[:-1]):
            pna.add(f"CALCulate#:MEASure#:DATA:{node}", query=partial(data, kind))
    pna.add("CALCulate#:MEASure#:PARameter", query=parameter, command=modify)
    pna.add("CALCulate#:MEASure#:X[:VALues]", query=axis)


def _data(
    pna: PnaDevice, channel: Channel, measurement: Measurement, kind: str
) -> bytes:
    trace = channel.read(measurement.parameter)
    if kind == "FDATA":
        return pna.format.write(displayed(trace, measurement.format))
    return pna.format.write(interleave(trace))


def _named(channel: Channel, name: str) -> Measurement:
    if name not in channel.measurements:
        raise ScpiFault(-221, "Settings conflict", f"no measurement {name[:40]}")
    return channel.measurements[name]


def _numbered(channel: Channel, number: int) -> Measurement:
    for measurement in channel.measurements.values():
        if measurement.trace_number == number:
            return measurement
    raise ScpiFault(-114, "Header suffix out of range", f"no measurement {number}")


def _ports(text: str) -> list[int]:
    ports = [part.strip() for part in text.split(",")]
    known = {str(port) for port in range(1, PORT_COUNT + 1)}
    if not ports or not known.issuperset(ports):
        raise ScpiFault(-224, "Illegal parameter value", text[:20])
    return [int(port) for port in ports]
