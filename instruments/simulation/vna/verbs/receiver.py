"""IF bandwidth and averaging."""

from instruments.simulation.scpi.device import Call
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.encoding import write_truth
from instruments.simulation.vna.model import Verb


def _bandwidth(vna: EmulatedVna, call: Call) -> str:
    return vna.model.text.number(vna.channel_of(call).stimulus.if_bandwidth_hz)


def _set_bandwidth(vna: EmulatedVna, call: Call) -> None:
    limits = vna.model.limits
    value_hz = call.arguments.number(
        limits.lowest_bandwidth_hz, limits.highest_bandwidth_hz
    )
    stimulus = vna.channel_of(call).stimulus
    stimulus.if_bandwidth_hz = limits.next_bandwidth_hz(value_hz)


BANDWIDTH = Verb(_bandwidth, _set_bandwidth)


def _is_averaging(vna: EmulatedVna, call: Call) -> str:
    return write_truth(vna.channel_of(call).stimulus.is_averaging)


def _set_averaging(vna: EmulatedVna, call: Call) -> None:
    channel, is_on = vna.channel_of(call), call.arguments.truth()
    if channel.stimulus.is_averaging != is_on:
        channel.stimulus.is_averaging = is_on
        channel.clear_averages()


AVERAGING = Verb(_is_averaging, _set_averaging)


def _averages(vna: EmulatedVna, call: Call) -> str:
    return vna.model.text.integer(vna.channel_of(call).stimulus.averaging_count)


def _set_averages(vna: EmulatedVna, call: Call) -> None:
    stimulus = vna.channel_of(call).stimulus
    stimulus.averaging_count = call.arguments.integer(
        1, vna.model.limits.max_averaging_count
    )


AVERAGES = Verb(_averages, _set_averages)


def _clear(vna: EmulatedVna, call: Call) -> None:
    vna.channel_of(call).clear_averages()


CLEAR_AVERAGES = Verb(command=_clear)


def _done(vna: EmulatedVna, call: Call) -> str:
    return vna.model.text.integer(vna.channel_of(call).averages_done)


AVERAGES_DONE = Verb(_done)
"""Sweeps that the average holds so far."""


def _averaging_mode(vna: EmulatedVna, call: Call) -> str:
    return "POIN" if vna.channel_of(call).stimulus.averages_points else "SWE"


def _set_averaging_mode(vna: EmulatedVna, call: Call) -> None:
    chosen = call.arguments.choice("POINt", "SWEep")
    vna.channel_of(call).stimulus.averages_points = chosen == "POIN"


AVERAGING_MODE = Verb(_averaging_mode, _set_averaging_mode)


def _sweeps(vna: EmulatedVna, call: Call) -> str:
    return vna.model.text.integer(vna.channel_of(call).group_count)


def _set_sweeps(vna: EmulatedVna, call: Call) -> None:
    vna.channel_of(call).group_count = call.arguments.integer(1, 2_000_000)


SWEEPS_A_TRIGGER = Verb(_sweeps, _set_sweeps)
"""Sweeps that one trigger runs (``SWE:GRO:COUN``, ``SWE:COUN``)."""
