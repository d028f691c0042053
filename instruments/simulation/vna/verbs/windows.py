"""Windows and what they show, as the PNA family keeps them."""

from instruments.simulation.scpi.device import Call
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.encoding import write_truth
from instruments.simulation.vna.model import Verb

MAX_WINDOW = 64
"""Most windows on the screen."""


def _windows(vna: EmulatedVna, call: Call) -> str:
    del call
    numbers = ",".join(str(number) for number in sorted(vna.windows))
    return f'"{numbers or "EMPTY"}"'


CATALOGUE = Verb(_windows)


def _is_shown(vna: EmulatedVna, call: Call) -> str:
    return write_truth(call.suffixes[0] in vna.windows)


def _show(vna: EmulatedVna, call: Call) -> None:
    number = min(call.suffixes[0], MAX_WINDOW)
    if call.arguments.truth():
        vna.windows.setdefault(number, {})
    else:
        vna.windows.pop(number, None)


STATE = Verb(_is_shown, _show)


def _feed(vna: EmulatedVna, call: Call) -> None:
    window, trace = min(call.suffixes[0], MAX_WINDOW), call.suffixes[1]
    name = call.arguments.string()
    vna.windows.setdefault(window, {})[min(trace, MAX_WINDOW)] = name


FEED = Verb(command=_feed)


def _delete(vna: EmulatedVna, call: Call) -> None:
    vna.windows.get(call.suffixes[0], {}).pop(call.suffixes[1], None)


DELETE = Verb(command=_delete)


def _active_measurement(vna: EmulatedVna, call: Call) -> str:
    del call
    return f'"{vna.channel(vna.active_channel).selected or ""}"'


ACTIVE_MEASUREMENT = Verb(_active_measurement)


def _numbers(vna: EmulatedVna, call: Call) -> str:
    number = vna.active_channel
    if len(call.arguments):
        number = call.arguments.integer(1, vna.model.limits.max_channel_count)
    measurements = vna.channel(number).measurements.values()
    return f'"{",".join(str(one.trace_number) for one in measurements)}"'


MEASUREMENT_NUMBERS = Verb(_numbers)
