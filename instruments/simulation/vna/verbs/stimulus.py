"""Frequencies, points, sweep type and time, source power."""

from collections.abc import Callable

from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.channel import Channel
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.encoding import write_truth
from instruments.simulation.vna.model import Verb
from instruments.simulation.vna.settings import LONGEST_SWEEP_S


def set_frequency(channel: Channel, what: str, value_hz: float) -> None:
    """Set one of start, stop, center and span in Hz; a change drops the data."""
    stimulus = channel.stimulus
    before = (stimulus.start_hz, stimulus.stop_hz)
    match what:
        case "start":
            stimulus.set_start(value_hz)
        case "stop":
            stimulus.set_stop(value_hz)
        case "center":
            stimulus.set_window(value_hz, _span_hz(channel))
        case _:
            stimulus.set_window(_center_hz(channel), value_hz)
    if (stimulus.start_hz, stimulus.stop_hz) != before:
        channel.forget()


def _center_hz(channel: Channel) -> float:
    return 0.5 * (channel.stimulus.start_hz + channel.stimulus.stop_hz)


def _span_hz(channel: Channel) -> float:
    return channel.stimulus.stop_hz - channel.stimulus.start_hz


def _frequency(what: str, read: Callable[[Channel], float]) -> Verb:
    def query(vna: EmulatedVna, call: Call) -> str:
        return vna.model.text.number(read(vna.channel_of(call)))

    def command(vna: EmulatedVna, call: Call) -> None:
        limits = vna.model.limits
        lowest_hz = 0.0 if what == "span" else limits.lowest_frequency_hz
        value_hz = call.arguments.number(lowest_hz, limits.highest_frequency_hz)
        set_frequency(vna.channel_of(call), what, value_hz)

    return Verb(query, command)


START = _frequency("start", lambda channel: channel.stimulus.start_hz)
STOP = _frequency("stop", lambda channel: channel.stimulus.stop_hz)
CENTER = _frequency("center", _center_hz)
SPAN = _frequency("span", _span_hz)


def _points(vna: EmulatedVna, call: Call) -> str:
    return vna.model.text.integer(vna.channel_of(call).stimulus.point_count)


def _set_points(vna: EmulatedVna, call: Call) -> None:
    channel = vna.channel_of(call)
    count = call.arguments.integer(1, vna.model.limits.max_point_count)
    if count != channel.stimulus.point_count:
        channel.stimulus.point_count = count
        channel.forget()


POINTS = Verb(_points, _set_points)


def sweep_type(*words: str) -> Verb:
    """Return the verb of ``SWE:TYPE`` with the words that the family knows."""

    def query(vna: EmulatedVna, call: Call) -> str:
        kind = vna.channel_of(call).stimulus.sweep_type
        return next((_short(word) for word in words if _kind(word) == kind), kind)

    def command(vna: EmulatedVna, call: Call) -> None:
        channel, kind = vna.channel_of(call), _kind(call.arguments.choice(*words))
        stimulus = channel.stimulus
        if kind == "SEGM" and not stimulus.segments:
            raise ScpiFault(-221, "Settings conflict", "no segments are defined")
        if stimulus.sweep_type != kind:
            stimulus.sweep_type = kind
            channel.forget()

    return Verb(query, command)


def _short(word: str) -> str:
    return "".join(letter for letter in word if not letter.islower())


def _kind(word: str) -> str:
    """Return LIN, LOG or SEGM for a family's own word."""
    short = _short(word)
    return {"FSEGM": "SEGM", "ISEGM": "SEGM"}.get(short, short)


SWEEP_TYPE = sweep_type("LINear", "LOGarithmic", "SEGMent")


def _time(vna: EmulatedVna, call: Call) -> str:
    return vna.model.text.number(vna.channel_of(call).stimulus.pass_time_s)


def _set_time(vna: EmulatedVna, call: Call) -> None:
    stimulus = vna.channel_of(call).stimulus
    stimulus.set_time_s = call.arguments.number(0.0, LONGEST_SWEEP_S)


def _is_time_automatic(vna: EmulatedVna, call: Call) -> str:
    return write_truth(vna.channel_of(call).stimulus.set_time_s == 0.0)


def _set_time_automatic(vna: EmulatedVna, call: Call) -> None:
    stimulus = vna.channel_of(call).stimulus
    stimulus.set_time_s = 0.0 if call.arguments.truth() else stimulus.pass_time_s


TIME = Verb(_time, _set_time)
TIME_AUTO = Verb(_is_time_automatic, _set_time_automatic)


def _linear_time(vna: EmulatedVna, call: Call) -> str:
    stimulus = vna.channel_of(call).stimulus
    return vna.model.text.number(stimulus.point_count / stimulus.if_bandwidth_hz)


LINEAR_TIME = Verb(_linear_time, _set_time)
"""Sweep time that knows nothing of segments."""


def _power(vna: EmulatedVna, call: Call) -> str:
    return vna.model.text.number(vna.channel_of(call).stimulus.power_dbm)


def _set_power(vna: EmulatedVna, call: Call) -> None:
    limits = vna.model.limits
    vna.channel_of(call).stimulus.power_dbm = call.arguments.number(
        limits.lowest_power_dbm, limits.highest_power_dbm
    )


POWER = Verb(_power, _set_power)
"""Port powers are coupled, as after a preset: one level for all."""
