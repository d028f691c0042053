"""What LibreVNA's words do: spaces between parameters, data as text in triples."""

from collections.abc import Callable

from instruments.simulation.faults import FaultKind
from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.channel import Channel, SweepMode
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.model import Verb
from instruments.simulation.vna.settings import Limits
from instruments.simulation.vna.verbs.librevna_traces import take_words
from instruments.simulation.vna.verbs.stimulus import set_frequency


def _truth(value: bool) -> str:
    return "TRUE" if value else "FALSE"


def _channel(vna: EmulatedVna) -> Channel:
    return vna.channel(1)


def _frequency(what: str, read: Callable[[Channel], float]) -> Verb:
    def query(vna: EmulatedVna, call: Call) -> str:
        del call
        return vna.model.text.number(read(_channel(vna)))

    def command(vna: EmulatedVna, call: Call) -> None:
        limits = vna.model.limits
        lowest_hz = 0.0 if what == "span" else limits.lowest_frequency_hz
        value_hz = call.arguments.number(lowest_hz, limits.highest_frequency_hz)
        set_frequency(_channel(vna), what, value_hz)

    return Verb(query, command)


def _bandwidth(vna: EmulatedVna, call: Call) -> str:
    del call
    return vna.model.text.number(_channel(vna).stimulus.if_bandwidth_hz)


def _set_bandwidth(vna: EmulatedVna, call: Call) -> None:
    limits = vna.model.limits
    # Any bandwidth within the range, not steps of a series.
    _channel(vna).stimulus.if_bandwidth_hz = call.arguments.number(
        limits.lowest_bandwidth_hz, limits.highest_bandwidth_hz
    )


def _points(vna: EmulatedVna, call: Call) -> str:
    del call
    return str(_channel(vna).stimulus.point_count)


def _set_points(vna: EmulatedVna, call: Call) -> None:
    channel, most = _channel(vna), vna.model.limits.max_point_count
    channel.stimulus.point_count = call.arguments.integer(2, most)
    channel.forget()


def _averages(vna: EmulatedVna, call: Call) -> str:
    del call
    stimulus = _channel(vna).stimulus
    return str(stimulus.averaging_count if stimulus.is_averaging else 1)


def _set_averages(vna: EmulatedVna, call: Call) -> None:
    channel = _channel(vna)
    count = call.arguments.integer(1, vna.model.limits.max_averaging_count)
    channel.stimulus.averaging_count = count
    channel.stimulus.is_averaging = count > 1
    channel.group_count = count
    channel.clear_averages()


def _level(vna: EmulatedVna, call: Call) -> str:
    del call
    channel = _channel(vna)
    is_averaging = channel.stimulus.is_averaging
    return str(channel.averages_done if is_averaging else int(not channel.is_running))


def _power(vna: EmulatedVna, call: Call) -> str:
    del call
    return vna.model.text.number(_channel(vna).stimulus.power_dbm)


def _set_power(vna: EmulatedVna, call: Call) -> None:
    limits = vna.model.limits
    _channel(vna).stimulus.power_dbm = call.arguments.number(
        limits.lowest_power_dbm, limits.highest_power_dbm
    )


def _is_single(vna: EmulatedVna, call: Call) -> str:
    del call
    return _truth(vna.settings.get("single") == "TRUE")


def _set_single(vna: EmulatedVna, call: Call) -> None:
    (word,) = take_words(call, 1)
    is_single = word.upper() in ("TRUE", "1", "ON")
    vna.settings["single"] = _truth(is_single)
    # Sent again it begins again.
    _run(vna, is_single=is_single)


def _run(vna: EmulatedVna, *, is_single: bool) -> None:
    channel = _channel(vna)
    channel.clear_averages()
    channel.set_mode(SweepMode.GROUPS if is_single else SweepMode.CONTINUOUS)


def _start(vna: EmulatedVna, call: Call) -> None:
    del call
    _run(vna, is_single=vna.settings.get("single") == "TRUE")


def _is_started(vna: EmulatedVna, call: Call) -> str:
    del call
    return _truth(_channel(vna).is_sweeping)


def _stop(vna: EmulatedVna, call: Call) -> None:
    del call
    _channel(vna).abort()


def _is_finished(vna: EmulatedVna, call: Call) -> str:
    del call
    channel = _channel(vna)
    if channel.mode is SweepMode.CONTINUOUS:
        stimulus = channel.stimulus
        wanted = stimulus.averaging_count if stimulus.is_averaging else 1
        return _truth(channel.averages_done >= wanted)
    return _truth(channel.ended is not None and not channel.is_running)


def _reference_lock(vna: EmulatedVna, call: Call) -> str:
    del call
    return _truth(vna.faults.has(FaultKind.REFERENCE_UNLOCKED))


def word(key: str, preset: str) -> Verb:
    """Return a word that is kept and given back, without any effect on a sweep."""

    def query(vna: EmulatedVna, call: Call) -> str:
        del call
        return vna.settings.get(key, preset)

    def command(vna: EmulatedVna, call: Call) -> None:
        (vna.settings[key],) = take_words(call, 1)

    return Verb(query, command)


def _set_mode(vna: EmulatedVna, call: Call) -> None:
    (word,) = take_words(call, 1)
    if word.upper() != "VNA":
        raise ScpiFault(-224, "Illegal parameter value", word[:20])
    del vna


def _mode(vna: EmulatedVna, call: Call) -> str:
    del vna, call
    return "VNA"


def _device(vna: EmulatedVna, call: Call) -> str:
    del call
    return vna.serial


def _connect(vna: EmulatedVna, call: Call) -> None:
    del vna
    while len(call.arguments):
        call.arguments.string()


def _limit(read: Callable[[Limits], float]) -> Verb:
    def query(vna: EmulatedVna, call: Call) -> str:
        del call
        return vna.model.text.number(read(vna.model.limits))

    return Verb(query)


def _axis_center_hz(channel: Channel) -> float:
    return 0.5 * (channel.stimulus.start_hz + channel.stimulus.stop_hz)


CONNECT = Verb(_device, _connect)
DEVICES = Verb(_device)
MODE = Verb(_mode, _set_mode)
REFERENCE_UNLOCKED = Verb(_reference_lock)
LOWEST_FREQUENCY = _limit(lambda one: one.lowest_frequency_hz)
HIGHEST_FREQUENCY = _limit(lambda one: one.highest_frequency_hz)
MAX_POINTS = _limit(lambda one: float(one.max_point_count))
START = _frequency("start", lambda one: one.stimulus.start_hz)
STOP = _frequency("stop", lambda one: one.stimulus.stop_hz)
CENTER = _frequency("center", _axis_center_hz)
SPAN = _frequency("span", lambda one: one.stimulus.stop_hz - one.stimulus.start_hz)
BANDWIDTH = Verb(_bandwidth, _set_bandwidth)
POINTS = Verb(_points, _set_points)
AVERAGES = Verb(_averages, _set_averages)
AVERAGES_DONE = Verb(_level)
FINISHED = Verb(_is_finished)
SINGLE = Verb(_is_single, _set_single)
RUN = Verb(_is_started, _start)
STOP_SWEEPING = Verb(command=_stop)
POWER = Verb(_power, _set_power)
