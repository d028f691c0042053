"""Traces that have numbers: the ENA family, and the newer form of the PNA family."""

from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.channel import Channel, Measurement
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.model import Verb

MAX_TRACES = 16
"""Most traces of a channel."""


def _count(vna: EmulatedVna, call: Call) -> str:
    return vna.model.text.integer(len(vna.channel_of(call).measurements))


def _set_count(vna: EmulatedVna, call: Call) -> None:
    number = call.suffixes[0]
    channel, count = vna.channel(number), call.arguments.integer(1, MAX_TRACES)
    selected = channel.selected
    for trace in range(1, count + 1):
        if str(trace) not in channel.measurements:
            vna.define(number, str(trace), "S11")
    for trace in range(count + 1, MAX_TRACES + 1):
        channel.measurements.pop(str(trace), None)
    is_kept = selected in channel.measurements
    channel.selected = selected if is_kept else str(count)


COUNT = Verb(_count, _set_count)
"""``CALC#:PAR:COUN``: so many traces, new ones show S11."""


def _trace(vna: EmulatedVna, call: Call) -> Measurement:
    return vna.numbered(vna.channel_of(call), call.suffixes[1])[1]


def _define(vna: EmulatedVna, call: Call) -> None:
    _trace(vna, call).parameter = vna.s_parameter(call.arguments.string())


def _definition(vna: EmulatedVna, call: Call) -> str:
    return _trace(vna, call).parameter


DEFINE = Verb(_definition, _define)


def _source_port(vna: EmulatedVna, call: Call) -> str:
    return vna.model.text.integer(int(_trace(vna, call).parameter[2]))


def _set_source_port(vna: EmulatedVna, call: Call) -> None:
    # It counts for absolute measurements, of which there are none.
    _trace(vna, call)
    call.arguments.integer(1, vna.model.port_count)


SOURCE_PORT = Verb(_source_port, _set_source_port)


def _select(vna: EmulatedVna, call: Call) -> None:
    channel = vna.channel_of(call)
    channel.selected, _ = vna.numbered(channel, call.suffixes[1])
    vna.active_channel = call.suffixes[0]


SELECT = Verb(command=_select)


def _selected(vna: EmulatedVna, call: Call) -> str:
    return vna.model.text.integer(vna.selected(call).trace_number)


SELECTED = Verb(_selected)
"""``SERV:CHAN#:TRAC:ACT?`` of Copper Mountain."""


def _quoted(vna: EmulatedVna, call: Call) -> str:
    return f'"{_trace(vna, call).parameter}"'


PARAMETER = Verb(_quoted, _define)
"""``CALC#:MEAS#:PAR`` of the newer Keysight form."""


def _create(vna: EmulatedVna, call: Call) -> None:
    number, trace = call.suffixes
    if any(trace == one for one in _all_numbers(vna)):
        raise ScpiFault(-221, "Settings conflict", f"measurement {trace} exists")
    name = f"CH{number}_MEAS_{trace}"
    vna.define(number, name, call.arguments.string())
    vna.channel(number).measurements[name].trace_number = trace


CREATE = Verb(_quoted, _create)
"""``CALC#:MEAS#:DEF 'S21'``: a new trace with the number of the header."""


def _all_numbers(vna: EmulatedVna) -> list[int]:
    return [
        one.trace_number
        for channel in vna.channels.values()
        for one in channel.measurements.values()
    ]


def _delete(vna: EmulatedVna, call: Call) -> None:
    channel = vna.channel_of(call)
    name, _ = vna.numbered(channel, call.suffixes[1])
    _forget(channel, name)


DELETE = Verb(command=_delete)


def _forget(channel: Channel, name: str) -> None:
    del channel.measurements[name]
    if channel.selected == name:
        channel.selected = None
