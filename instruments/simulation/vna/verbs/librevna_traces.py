"""LibreVNA's traces: named, with data as text in triples."""

import numpy as np

from instruments.simulation.scpi.device import Call
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.vna.channel import Channel, Measurement
from instruments.simulation.vna.device import EmulatedVna
from instruments.simulation.vna.encoding import Values
from instruments.simulation.vna.model import Verb


def take_words(call: Call, count: int) -> list[str]:
    """Take words that spaces separate, as this instrument has them.

    Raises
    ------
    ScpiFault
        If there are more or fewer.
    """
    words = call.arguments.string().split()
    while len(call.arguments):
        words += call.arguments.string().split()
    if len(words) != count:
        raise ScpiFault(-109, "Missing parameter", f"{len(words)} of {count}")
    return words


def _channel(vna: EmulatedVna) -> Channel:
    return vna.channel(1)


def _traces(vna: EmulatedVna, call: Call) -> str:
    del call
    return ",".join(_channel(vna).measurements)


def _new_trace(vna: EmulatedVna, call: Call) -> None:
    (name,) = take_words(call, 1)
    vna.define(1, name, "S11")


def _delete_trace(vna: EmulatedVna, call: Call) -> None:
    (name,) = take_words(call, 1)
    _measurement(vna, name)
    del _channel(vna).measurements[name]


def _set_parameter(vna: EmulatedVna, call: Call) -> None:
    name, parameter = take_words(call, 2)
    measurements = _measurement(vna, name)
    measurements[name].parameter = vna.s_parameter(parameter)


def _parameter(vna: EmulatedVna, call: Call) -> str:
    (name,) = take_words(call, 1)
    return _measurement(vna, name)[name].parameter


def _measurement(vna: EmulatedVna, name: str) -> dict[str, Measurement]:
    measurements = _channel(vna).measurements
    if name not in measurements:
        raise ScpiFault(-221, "Settings conflict", f"no trace {name[:40]}")
    return measurements


def _data(vna: EmulatedVna, call: Call) -> bytes:
    (name,) = take_words(call, 1)
    parameter = _measurement(vna, name)[name].parameter
    channel = _channel(vna)

    def make() -> Values:
        trace, axis_hz = channel.read(parameter), channel.stimulus.axis_hz
        return np.column_stack([axis_hz, trace.real, trace.imag]).ravel()

    flat = vna.spoilt(make)
    rows = flat[: flat.size - flat.size % 3].reshape(-1, 3).tolist()
    return ",".join(f"[{f:.12g},{re:.12g},{im:.12g}]" for f, re, im in rows).encode()


TRACES = Verb(_traces)
NEW = Verb(command=_new_trace)
DELETE = Verb(command=_delete_trace)
PARAMETER = Verb(_parameter, _set_parameter)
DATA = Verb(_data)
