"""Starting and stopping sweeps, as each family understands it."""

from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.channel import Channel, SweepMode
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.encoding import write_truth
from instruments.simulation.vna.model import Verb

_IGNORED = -211


def trigger_source(*words: str) -> Verb:
    """Return the verb of ``TRIG:SOUR`` with the sources of the family."""

    def query(vna: EmulatedVna, call: Call) -> str:
        del call
        return vna.bench.trigger_source

    def command(vna: EmulatedVna, call: Call) -> None:
        was_internal = vna.bench.is_internal
        vna.bench.trigger_source = call.arguments.choice(*words)
        _follow_source(vna, was_internal)

    return Verb(query, command)


def _follow_source(vna: EmulatedVna, was_internal: bool) -> None:
    """Let channels that sweep by themselves wait, and those that wait sweep."""
    is_internal = vna.bench.is_internal
    for channel in vna.channels.values():
        if is_internal and channel.rearms:
            channel.set_mode(SweepMode.CONTINUOUS)
        elif was_internal and not is_internal and _is_initiated(channel):
            _wait(channel)
    if is_internal:
        vna.fire()


def _is_initiated(channel: Channel) -> bool:
    return channel.mode is SweepMode.CONTINUOUS or channel.rearms


def _wait(channel: Channel) -> None:
    channel.abort()
    channel.rearms = channel.is_armed = True


def _continuous(vna: EmulatedVna, call: Call) -> str:
    return write_truth(_is_initiated(vna.channel_of(call)))


def _set_continuous(vna: EmulatedVna, call: Call) -> None:
    channel, is_on = vna.channel_of(call), call.arguments.truth()
    initiate_continuously(vna, channel, is_on=is_on)


def initiate_continuously(vna: EmulatedVna, channel: Channel, *, is_on: bool) -> None:
    """Let a channel sweep without end, by itself or whenever it is triggered."""
    if is_on == _is_initiated(channel):
        return
    if not is_on:
        channel.set_mode(SweepMode.HOLD)
    elif vna.bench.is_internal:
        channel.set_mode(SweepMode.CONTINUOUS)
    else:
        _wait(channel)
    vna.settle()


CONTINUOUS = Verb(_continuous, _set_continuous)
"""``INIT#:CONT`` of the ENA family and of R&S: a state of the channel."""


def _set_all_continuous(vna: EmulatedVna, call: Call) -> None:
    is_on = call.arguments.truth()
    for channel in vna.channels.values():
        initiate_continuously(vna, channel, is_on=is_on)


ALL_CONTINUOUS = Verb(_continuous, _set_all_continuous)


def _initiate(vna: EmulatedVna, call: Call) -> None:
    channel = vna.channel_of(call)
    if _is_initiated(channel):
        raise ScpiFault(-213, "Init ignored", "the channel is continuous")
    channel.set_mode(SweepMode.SINGLE)


INITIATE = Verb(command=_initiate)
"""``INIT#``: one sweep, at once or with the next trigger."""


def _initiate_group(vna: EmulatedVna, call: Call) -> None:
    channel = vna.channel_of(call)
    if _is_initiated(channel):
        raise ScpiFault(-213, "Init ignored", "the channel is continuous")
    channel.set_mode(SweepMode.GROUPS)


INITIATE_GROUP = Verb(command=_initiate_group)
"""``INIT#`` of R&S: the sweeps of ``SWE:COUN``."""


def _trigger_single(vna: EmulatedVna, call: Call) -> None:
    del call
    if not vna.fire():
        raise ScpiFault(_IGNORED, "Trigger ignored")


TRIGGER_SINGLE = Verb(command=_trigger_single)
"""``TRIG:SING``: a trigger that ``*OPC?`` waits for."""


def _trigger(vna: EmulatedVna, call: Call) -> None:
    del call
    if not vna.fire(is_announced=False):
        raise ScpiFault(_IGNORED, "Trigger ignored")


TRIGGER = Verb(command=_trigger)
"""``TRIG``: a trigger that ``*OPC?`` does not wait for."""


def _abort(vna: EmulatedVna, call: Call) -> None:
    del call
    for channel in vna.channels.values():
        rearms = channel.rearms
        channel.abort()
        if rearms:
            _wait(channel)
    vna.settle()


ABORT = Verb(command=_abort)
"""``ABOR``: what is swept ends; a channel that waits for triggers goes on waiting."""


def _averages(vna: EmulatedVna, call: Call) -> str:
    del call
    return write_truth(vna.bench.triggers_average)


def _set_averages(vna: EmulatedVna, call: Call) -> None:
    vna.bench.triggers_average = call.arguments.truth()


TRIGGER_AVERAGE = Verb(_averages, _set_averages)
"""``TRIG:AVER``: one trigger runs the whole average."""


def _scope(vna: EmulatedVna, call: Call) -> str:
    del call
    return "ACT" if vna.bench.triggers_active_only else "ALL"


def _set_scope(vna: EmulatedVna, call: Call) -> None:
    chosen = call.arguments.choice("ALL", "ACTive")
    vna.bench.triggers_active_only = chosen == "ACT"


TRIGGER_SCOPE = Verb(_scope, _set_scope)


def _output(vna: EmulatedVna, call: Call) -> str:
    del call
    return write_truth(vna.bench.is_driven)


def _set_output(vna: EmulatedVna, call: Call) -> None:
    vna.bench.is_output_on = call.arguments.truth()


OUTPUT = Verb(_output, _set_output)
