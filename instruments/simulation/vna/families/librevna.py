"""LibreVNA, through its GUI's server: words of its own, one client, data as text."""

from collections.abc import Callable

import numpy as np

from instruments.simulation.faults import FaultKind
from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.channel import Channel, Measurement, SweepMode
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.encoding import (
    NumberText,
    Values,
    describe_word,
    write_shortest,
)
from instruments.simulation.vna.model import Quirks, Table, Verb, VnaModel
from instruments.simulation.vna.settings import Limits
from instruments.simulation.vna.verbs.stimulus import set_frequency

TEXT = NumberText(
    number=write_shortest,
    integer=str,
    element=write_shortest,
    error='{number},"{text}"',
)


def _words(call: Call, count: int) -> list[str]:
    """Take words that spaces separate, as this instrument has them."""
    words = call.arguments.string().split()
    while len(call.arguments):
        words += call.arguments.string().split()
    if len(words) != count:
        raise ScpiFault(-109, "Missing parameter", f"{len(words)} of {count}")
    return words


def _truth(value: bool) -> str:
    return "TRUE" if value else "FALSE"


def _channel(vna: EmulatedVna) -> Channel:
    return vna.channel(1)


def _frequency(what: str, read: Callable[[Channel], float]) -> Verb:
    def query(vna: EmulatedVna, call: Call) -> str:
        del call
        return TEXT.number(read(_channel(vna)))

    def command(vna: EmulatedVna, call: Call) -> None:
        limits = vna.model.limits
        lowest_hz = 0.0 if what == "span" else limits.lowest_frequency_hz
        value_hz = call.arguments.number(lowest_hz, limits.highest_frequency_hz)
        set_frequency(_channel(vna), what, value_hz)

    return Verb(query, command)


def _bandwidth(vna: EmulatedVna, call: Call) -> str:
    del call
    return TEXT.number(_channel(vna).stimulus.if_bandwidth_hz)


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
    return TEXT.number(_channel(vna).stimulus.power_dbm)


def _set_power(vna: EmulatedVna, call: Call) -> None:
    limits = vna.model.limits
    _channel(vna).stimulus.power_dbm = call.arguments.number(
        limits.lowest_power_dbm, limits.highest_power_dbm
    )


def _is_single(vna: EmulatedVna, call: Call) -> str:
    del call
    return _truth(vna.settings.get("single") == "TRUE")


def _set_single(vna: EmulatedVna, call: Call) -> None:
    (word,) = _words(call, 1)
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


def _traces(vna: EmulatedVna, call: Call) -> str:
    del call
    return ",".join(_channel(vna).measurements)


def _new_trace(vna: EmulatedVna, call: Call) -> None:
    (name,) = _words(call, 1)
    vna.define(1, name, "S11")


def _delete_trace(vna: EmulatedVna, call: Call) -> None:
    (name,) = _words(call, 1)
    _measurement(vna, name)
    del _channel(vna).measurements[name]


def _set_parameter(vna: EmulatedVna, call: Call) -> None:
    name, parameter = _words(call, 2)
    measurements = _measurement(vna, name)
    measurements[name].parameter = vna.s_parameter(parameter)


def _parameter(vna: EmulatedVna, call: Call) -> str:
    (name,) = _words(call, 1)
    return _measurement(vna, name)[name].parameter


def _measurement(vna: EmulatedVna, name: str) -> dict[str, Measurement]:
    measurements = _channel(vna).measurements
    if name not in measurements:
        raise ScpiFault(-221, "Settings conflict", f"no trace {name[:40]}")
    return measurements


def _data(vna: EmulatedVna, call: Call) -> bytes:
    (name,) = _words(call, 1)
    parameter = _measurement(vna, name)[name].parameter
    channel = _channel(vna)

    def make() -> Values:
        trace, axis_hz = channel.read(parameter), channel.stimulus.axis_hz
        return np.column_stack([axis_hz, trace.real, trace.imag]).ravel()

    flat = vna.spoilt(make)
    rows = flat[: flat.size - flat.size % 3].reshape(-1, 3).tolist()
    return ",".join(f"[{f:.12g},{re:.12g},{im:.12g}]" for f, re, im in rows).encode()


def _reference_lock(vna: EmulatedVna, call: Call) -> str:
    del call
    return _truth(vna.faults.has(FaultKind.REFERENCE_UNLOCKED))


def _word(key: str, preset: str) -> Verb:
    def query(vna: EmulatedVna, call: Call) -> str:
        del call
        return vna.settings.get(key, preset)

    def command(vna: EmulatedVna, call: Call) -> None:
        (vna.settings[key],) = _words(call, 1)

    return Verb(query, command)


def _set_mode(vna: EmulatedVna, call: Call) -> None:
    (word,) = _words(call, 1)
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
        return TEXT.number(read(vna.model.limits))

    return Verb(query)


def _axis_center_hz(channel: Channel) -> float:
    return 0.5 * (channel.stimulus.start_hz + channel.stimulus.stop_hz)


TABLE: Table = {
    "DEVice:CONNect": Verb(_device, _connect),
    "DEVice:LIST": Verb(_device),
    "DEVice:MODE": Verb(_mode, _set_mode),
    "DEVice:REFerence:IN": _word("reference in", "INT"),
    "DEVice:REFerence:OUT": _word("reference out", "0"),
    "DEVice:STAtus:UNLOcked": Verb(_reference_lock),
    "DEVice:INFo:LIMits:MINFrequency": _limit(lambda one: one.lowest_frequency_hz),
    "DEVice:INFo:LIMits:MAXFrequency": _limit(lambda one: one.highest_frequency_hz),
    "DEVice:INFo:LIMits:MAXPoints": _limit(lambda one: float(one.max_point_count)),
    "VNA:SWEEP": _word("sweep", "FREQUENCY"),
    "VNA:SWEEPTYPE": _word("sweep type", "LIN"),
    "VNA:FREQuency:START": _frequency("start", lambda one: one.stimulus.start_hz),
    "VNA:FREQuency:STOP": _frequency("stop", lambda one: one.stimulus.stop_hz),
    "VNA:FREQuency:CENTer": _frequency("center", _axis_center_hz),
    "VNA:FREQuency:SPAN": _frequency(
        "span", lambda one: one.stimulus.stop_hz - one.stimulus.start_hz
    ),
    "VNA:ACQuisition:IFBW": Verb(_bandwidth, _set_bandwidth),
    "VNA:ACQuisition:POINTS": Verb(_points, _set_points),
    "VNA:ACQuisition:AVG": Verb(_averages, _set_averages),
    "VNA:ACQuisition:AVGLEVel": Verb(_level),
    "VNA:ACQuisition:FINished": Verb(_is_finished),
    "VNA:ACQuisition:SINGLE": Verb(_is_single, _set_single),
    "VNA:ACQuisition:RUN": Verb(_is_started, _start),
    "VNA:ACQuisition:STOP": Verb(command=_stop),
    "VNA:STIMulus:LVL": Verb(_power, _set_power),
    "VNA:TRACe:LIST": Verb(_traces),
    "VNA:TRACe:NEW": Verb(command=_new_trace),
    "VNA:TRACe:DELete": Verb(command=_delete_trace),
    "VNA:TRACe:PARAMeter": Verb(_parameter, _set_parameter),
    "VNA:TRACe:DATA": Verb(_data),
}

LIBREVNA = VnaModel(
    name="librevna",
    dialect="librevna",
    identity="LibreVNA,LibreVNA-GUI,{serial},1.6.4",
    serial="{number:012X}",
    options="0",
    limits=Limits(
        lowest_frequency_hz=100.0e3,
        highest_frequency_hz=6.0e9,
        max_point_count=4_501,
        lowest_bandwidth_hz=10.0,
        highest_bandwidth_hz=50.0e3,
        lowest_power_dbm=-42.0,
        highest_power_dbm=-10.0,
        preset_power_dbm=-10.0,
        max_averaging_count=100,
        max_channel_count=1,
    ),
    text=TEXT,
    table=TABLE,
    describe_format=describe_word,
    quirks=Quirks(
        presets_trace="S11", arming_is_pending=False, keeps_newest_client=True
    ),
)
