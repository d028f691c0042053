"""Sweep modes and triggers of the Keysight PNA and of Anritsu's hold functions."""

from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.channel import Channel, SweepMode
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.encoding import write_truth
from instruments.simulation.vna.model import Verb

_MODES = ("HOLD", "SINGle", "GROups", "CONTinuous")


def _mode(vna: EmulatedVna, call: Call) -> str:
    return str(vna.channel_of(call).mode)


def _set_mode(vna: EmulatedVna, call: Call) -> None:
    vna.channel_of(call).set_mode(SweepMode(call.arguments.choice(*_MODES)))


MODE = Verb(_mode, _set_mode)
"""``SENS#:SWE:MODE``."""


def _source(vna: EmulatedVna, call: Call) -> str:
    del call
    return vna.bench.trigger_source


def _set_source(vna: EmulatedVna, call: Call) -> None:
    vna.bench.trigger_source = call.arguments.choice("IMMediate", "MANual", "EXTernal")
    if vna.bench.is_internal:
        vna.trigger()


SOURCE = Verb(_source, _set_source)


def _is_immediate(vna: EmulatedVna, call: Call) -> str:
    del call
    return write_truth(vna.bench.is_internal)


def _set_immediate(vna: EmulatedVna, call: Call) -> None:
    vna.bench.trigger_source = "IMM" if call.arguments.truth() else "MAN"


CONTINUOUS = Verb(_is_immediate, _set_immediate)
"""``INIT:CONT`` of a PNA: another name of the trigger source."""


def _initiate(vna: EmulatedVna, call: Call) -> None:
    channel = vna.channel_of(call)
    if vna.bench.trigger_source != "MAN":
        raise ScpiFault(-213, "Init ignored", "trigger source is not manual")
    if not (channel.is_running or channel.is_armed):
        channel.set_mode(SweepMode.SINGLE)
    channel.fire(channel.group_count if channel.mode is SweepMode.GROUPS else 1)
    vna.settle()


INITIATE = Verb(command=_initiate)


def _abort(vna: EmulatedVna, call: Call) -> None:
    del call
    for channel in vna.channels.values():
        channel.abort()


ABORT = Verb(command=_abort)


def _hold(vna: EmulatedVna, call: Call) -> str:
    return str(vna.channel_of(call).mode)


def _set_hold(vna: EmulatedVna, call: Call) -> None:
    mode = SweepMode(call.arguments.choice("HOLD", "SINGle", "CONTinuous"))
    vna.channel_of(call).set_mode(mode)


HOLD_FUNCTION = Verb(_hold, _set_hold)
"""``SENS#:HOLD:FUNC`` of Anritsu."""


def _hold_trigger(vna: EmulatedVna, call: Call) -> None:
    del call
    for channel in vna.channels.values():
        if channel.is_armed:
            channel.fire()
        elif not channel.is_sweeping:
            _sweep_once(channel)
    vna.settle()


def _sweep_once(channel: Channel) -> None:
    channel.set_mode(SweepMode.SINGLE)
    channel.fire()


HOLD_TRIGGER = Verb(command=_hold_trigger)
"""``TRIG:SING`` of Anritsu: held channels sweep once, those that sweep go on."""
