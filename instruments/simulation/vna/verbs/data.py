"""Reading what was measured: traces, axes, whole matrices."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.channel import Channel, Measurement
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.model import Verb
from instruments.simulation.vna.trace_format import FORMATS, displayed, interleave
from instruments.simulation.vna.verbs.named_traces import GROUP

Pick = Callable[[EmulatedVna, Call], Measurement]


def selected(vna: EmulatedVna, call: Call) -> Measurement:
    """Pick the selected trace of the channel."""
    return vna.selected(call)


def numbered(vna: EmulatedVna, call: Call) -> Measurement:
    """Pick the trace with the number of the header."""
    return vna.numbered(vna.channel_of(call), call.suffixes[1])[1]


def write_trace(
    vna: EmulatedVna, call: Call, measurement: Measurement, kind: str
) -> bytes:
    """Return a trace as complex pairs (SDATA) or as it is displayed (FDATA)."""
    channel, display = vna.channel_of(call), measurement.format
    has_pairs = vna.model.quirks.fdata_has_pairs
    parameter = measurement.parameter

    def make() -> npt.NDArray[np.float64]:
        trace = channel.read(parameter)
        if kind == "FDATA":
            return displayed(trace, display, has_pairs=has_pairs)
        return interleave(trace)

    return vna.write_data(
        call, channel, (parameter, kind, display if kind == "FDATA" else ""), make
    )


def trace(kind: str, pick: Pick) -> Verb:
    """Return the verb that reads a picked trace."""

    def query(vna: EmulatedVna, call: Call) -> bytes:
        return write_trace(vna, call, pick(vna, call), kind)

    return Verb(query)


def _named_kind(vna: EmulatedVna, call: Call) -> bytes:
    kind = call.arguments.choice("SDATa", "FDATa", "RDATa")
    return write_trace(vna, call, vna.selected(call), f"{kind}A")


KIND = Verb(_named_kind)
"""``CALC#:DATA? SDATA``."""


def _of_name(vna: EmulatedVna, call: Call) -> bytes:
    measurement = vna.named(call, call.arguments.string())
    kind = call.arguments.choice("SDATa", "FDATa")
    return write_trace(vna, call, measurement, f"{kind}A")


OF_NAME = Verb(_of_name)
"""``CALC#:DATA:TRAC? 'Trc1',SDAT``."""


def _corrected(vna: EmulatedVna, call: Call) -> bytes:
    parameter = vna.s_parameter(call.arguments.string())
    measurement = Measurement(0, parameter)
    if int(parameter[2]) not in vna.channel_of(call).source_ports:
        raise ScpiFault(-221, "Settings conflict", f"port {parameter[2]} is not driven")
    return write_trace(vna, call, measurement, "SDATA")


CORRECTED = Verb(_corrected)
"""``SENS#:DATA:CORR? S21``: the port must be driven for some trace."""


def _several(
    vna: EmulatedVna, call: Call, channel: Channel, parameters: list[str]
) -> bytes:
    def make() -> npt.NDArray[np.float64]:
        return np.concatenate([interleave(channel.read(name)) for name in parameters])

    return vna.write_data(call, channel, tuple(parameters), make)


def _all(vna: EmulatedVna, call: Call) -> bytes:
    call.arguments.choice("SDATa")
    channel = vna.channel_of(call)
    names = [one.parameter for one in channel.measurements.values()]
    return _several(vna, call, channel, names)


ALL = Verb(_all)
"""``CALC#:DATA:ALL? SDAT``: the traces of a channel one after the other."""


def _group(vna: EmulatedVna, call: Call) -> bytes:
    call.arguments.choice("SDATa")
    ports = vna.settings.get((GROUP, call.suffixes[0]))
    if ports is None:
        raise ScpiFault(-221, "Settings conflict", "there is no S-parameter group")
    names = [f"S{row}{column}" for row in ports[::2] for column in ports[::2]]
    return _several(vna, call, vna.channel_of(call), names)


GROUP_DATA = Verb(_group)
"""``CALC#:DATA:SGR? SDAT``: S11, S12, S21, S22."""


def _axis(vna: EmulatedVna, call: Call) -> bytes:
    return vna.write_values(call, vna.channel_of(call).stimulus.axis_hz)


AXIS = Verb(_axis)


def _axis_of_trace(vna: EmulatedVna, call: Call) -> bytes:
    numbered(vna, call)
    return _axis(vna, call)


AXIS_OF_TRACE = Verb(_axis_of_trace)


def touchstone(vna: EmulatedVna, call: Call) -> bytes:
    """Return axis and matrix of some ports, row by row: S11, S12, S21, S22."""
    if vna.settings.get("snp", "AUTO") not in ("AUTO", "RI"):
        raise ScpiFault(-221, "Settings conflict", "only RI is emulated")
    channel = vna.channel_of(call)
    ports = _ports(vna, call.arguments.string())

    def make() -> npt.NDArray[np.float64]:
        rows = [channel.stimulus.axis_hz]
        for row in ports:
            for column in ports:
                shown = channel.read(f"S{row}{column}")
                rows += [shown.real, shown.imag]
        return np.concatenate(rows)

    return vna.write_data(call, channel, ("snp", *ports), make)


TOUCHSTONE = Verb(touchstone)


def _ports(vna: EmulatedVna, text: str) -> list[int]:
    ports = [part.strip() for part in text.split(",")]
    known = {str(port) for port in range(1, vna.model.port_count + 1)}
    if not ports or not known.issuperset(ports):
        raise ScpiFault(-224, "Illegal parameter value", text[:20])
    return [int(port) for port in ports]


def display(pick: Pick) -> Verb:
    """Return the verb of the display format of a picked trace."""

    def query(vna: EmulatedVna, call: Call) -> str:
        return pick(vna, call).format

    def command(vna: EmulatedVna, call: Call) -> None:
        pick(vna, call).format = call.arguments.choice(*FORMATS)

    return Verb(query, command)


DISPLAY = display(selected)
DISPLAY_OF_TRACE = display(numbered)
