"""Traces that have names: the Keysight PNA family and R&S."""

from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.model import Verb

GROUP = "group"
"""Key of the remembered ports of an S-parameter group."""


def _define(vna: EmulatedVna, call: Call) -> None:
    name = call.arguments.string()
    vna.define(call.suffixes[0], name, call.arguments.string())


DEFINE = Verb(command=_define)


def _redefine(vna: EmulatedVna, call: Call) -> None:
    name, parameter = call.arguments.string(), call.arguments.string()
    channel = vna.channel_of(call)
    if name in channel.measurements:
        channel.measurements[name].parameter = vna.s_parameter(parameter)
        channel.selected, vna.active_channel = name, call.suffixes[0]
        return
    vna.define(call.suffixes[0], name, parameter)


REDEFINE = Verb(command=_redefine)
"""``PAR:SDEF`` of R&S: a name that exists gets the new parameter."""


def _delete(vna: EmulatedVna, call: Call) -> None:
    channel, name = vna.channel_of(call), call.arguments.string()
    vna.named(call, name)
    del channel.measurements[name]
    if channel.selected == name:
        channel.selected = None


DELETE = Verb(command=_delete)


def _delete_all(vna: EmulatedVna, call: Call) -> None:
    del call
    for channel in vna.channels.values():
        channel.measurements.clear()
        channel.selected = None


DELETE_ALL = Verb(command=_delete_all)


def _modify(vna: EmulatedVna, call: Call) -> None:
    vna.selected(call).parameter = vna.s_parameter(call.arguments.string())


MODIFY = Verb(command=_modify)


def catalogue(quote: str, empty: str) -> Verb:
    """Return the verb of ``PAR:CAT?`` with the quotes of the family."""

    def query(vna: EmulatedVna, call: Call) -> str:
        measurements = vna.channel_of(call).measurements
        pairs = (f"{name},{one.parameter}" for name, one in measurements.items())
        return f"{quote}{','.join(pairs) or empty}{quote}"

    return Verb(query)


def selection(quote: str) -> Verb:
    """Return the verb of ``PAR:SEL`` with the quotes of the family."""

    def query(vna: EmulatedVna, call: Call) -> str:
        return f"{quote}{vna.channel_of(call).selected or ''}{quote}"

    def command(vna: EmulatedVna, call: Call) -> None:
        channel, name = vna.channel_of(call), call.arguments.string()
        vna.named(call, name)
        if len(call.arguments):
            call.arguments.choice("FAST")
        channel.selected, vna.active_channel = name, call.suffixes[0]

    return Verb(query, command)


def _selected_number(vna: EmulatedVna, call: Call) -> str:
    is_selected = vna.channel_of(call).selected is not None
    number = vna.selected(call).trace_number if is_selected else 0
    return vna.model.text.integer(number)


def _select_number(vna: EmulatedVna, call: Call) -> None:
    channel = vna.channel_of(call)
    number = call.arguments.integer(1, 2_147_483_647)
    try:
        channel.selected, _ = vna.numbered(channel, number)
    except ScpiFault:
        raise ScpiFault(-222, "Data out of range", f"no measurement {number}") from None
    vna.active_channel = call.suffixes[0]


NUMBER = Verb(_selected_number, _select_number)


def _parameter_of(vna: EmulatedVna, call: Call) -> str:
    return f"'{vna.named(call, call.arguments.string()).parameter}'"


PARAMETER_OF = Verb(_parameter_of)
"""``PAR:MEAS? 'Trc1'`` of R&S."""


def _define_group(vna: EmulatedVna, call: Call) -> None:
    ports = []
    while len(call.arguments):
        ports.append(call.arguments.integer(1, vna.model.port_count))
    number = call.suffixes[0]
    measurements = vna.channel(number).measurements
    for row in ports:
        for column in ports:
            name = f"Ch{number}_SG_S{row}{column}"
            if name not in measurements:
                vna.define(number, name, f"S{row}{column}")
    vna.settings[GROUP, number] = ",".join(map(str, ports))


DEFINE_GROUP = Verb(command=_define_group)
"""``PAR:DEF:SGR 1,2``: all S-parameters of a set of ports."""
