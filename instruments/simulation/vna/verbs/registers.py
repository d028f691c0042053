"""Status registers beyond IEEE 488.2: sweeping, waiting, averaging done."""

from instruments.simulation.scpi.device import Call
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.model import Verb

SWEEPING, WAITING = 16, 32
"""Bits of the operation status: a sweep is under way, a trigger is waited for."""

AVERAGED_TRACES = 14
"""Traces that have a bit of their own in an averaging register, from bit 1 on."""


def _operation(vna: EmulatedVna, call: Call) -> str:
    del call
    channels = vna.channels.values()
    sweeping = SWEEPING if any(one.is_sweeping for one in channels) else 0
    waiting = WAITING if any(one.is_armed for one in channels) else 0
    return vna.model.text.integer(sweeping | waiting)


OPERATION = Verb(_operation)
"""``STAT:OPER:COND?``."""


def _averaged(vna: EmulatedVna, call: Call) -> str:
    del call
    bits = 0
    for channel in vna.channels.values():
        stimulus = channel.stimulus
        is_done = channel.averages_done >= stimulus.averaging_count
        if not (stimulus.is_averaging and is_done):
            continue
        for one in channel.measurements.values():
            if one.trace_number <= AVERAGED_TRACES:
                bits |= 1 << one.trace_number
    return vna.model.text.integer(bits)


AVERAGED = Verb(_averaged)
"""``STAT:OPER:AVER1:COND?`` of a PNA: a bit for each trace whose average is whole."""
