"""The receiver of one cavity as its four-port VNA sees it.

VNA port 1 drives the cavity's weak port, port 3 the bypass line into the
circulator, port 2 listens behind the amplifiers, port 4 is open.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from types import ModuleType

import numpy as np

from instruments.simulation.physics.amplifier import amplifier_response
from instruments.simulation.physics.backend import Array, as_column, namespace_of
from instruments.simulation.physics.cavity import cavity_response
from instruments.simulation.physics.circulator import (
    ThreePort,
    circulator_response,
    close_first_port,
    close_second_port,
    close_third_port,
)
from instruments.simulation.physics.lines import line_response
from instruments.simulation.physics.parameters import (
    ReceiverParameters,
    ReceiverState,
)
from instruments.simulation.physics.two_port import (
    TwoPort,
    cascade,
    input_reflection,
)

RECEIVER_TRACES = ("S21", "S23", "S11")
"""What a wide sweep measures: transmission, reflection, weak-port input."""


_PATHS = {
    "S11": ("transmission", "s11"),
    "S12": ("transmission", "s12"),
    "S21": ("transmission", "s21"),
    "S22": ("transmission", "s22"),
    "S23": ("reflection", "s21"),
    "S32": ("reflection", "s12"),
    "S33": ("reflection", "s11"),
    "S31": ("backward", "s21"),
    "S13": ("backward", "s12"),
}


def receiver_response(
    frequency_hz: Array,
    parameters: ReceiverParameters,
    state: ReceiverState,
    s_parameters: Sequence[str] = RECEIVER_TRACES,
) -> dict[str, Array]:
    """Return the noiseless traces of a receiver.

    Parameters
    ----------
    frequency_hz
        Axis in Hz, shape (point,) or (sweep, point); its backend is the result's.
    s_parameters
        Trace names, S11 to S44.

    Returns
    -------
    dict[str, Array]
        Complex128 traces, shape (point,) where the state holds numbers only, else
        (sweep, point).
    """
    xp = namespace_of(frequency_hz)
    columns = {
        field.name: as_column(getattr(state, field.name), frequency_hz)
        for field in fields(state)
    }
    receiver = _Receiver(frequency_hz, parameters, replace(state, **columns))
    shape = np.broadcast_shapes(
        tuple(frequency_hz.shape),
        *(tuple(column.shape) for column in columns.values()),
    )
    return {name: receiver.trace(name, shape, xp) for name in s_parameters}


def drives(s_parameters: Sequence[str]) -> int:
    """Count the source ports that a set of traces needs, one pass of the VNA each."""
    return len({name[2] for name in s_parameters})


@dataclass(frozen=True)
class _Receiver:
    """The network, each part worked out at most once."""

    frequency_hz: Array
    parameters: ReceiverParameters
    state: ReceiverState

    def trace(self, name: str, shape: tuple[int, ...], xp: ModuleType) -> Array:
        if name not in _PATHS:
            value = 1.0 if name == "S44" else 0.0
            return xp.full(shape, value, dtype=xp.complex128)
        path, element = _PATHS[name]
        values = getattr(getattr(self, path), element)
        return xp.broadcast_to(values, shape)

    def line(self, name: str) -> TwoPort:
        first = self.parameters.first_connector(name)
        line = self.parameters.line(name)
        xp = namespace_of(self.frequency_hz)
        severities = tuple(
            xp.where(
                self.state.connector_index == first + index,
                self.state.connector_severity,
                0.0 * self.state.connector_severity,
            )
            for index in range(len(line.connector_reactances))
        )
        return line_response(
            line,
            self.frequency_hz,
            self.state.temperature_k,
            severities,
            self.state.delay_drift_s,
        )

    @cached_property
    def junction(self) -> ThreePort:
        return circulator_response(
            self.parameters.circulator,
            self.frequency_hz,
            self.state.temperature_k,
            self.state.magnetic_field_tesla,
        )

    @cached_property
    def bypass(self) -> TwoPort:
        return self.line("bypass_line")

    @cached_property
    def weak_side(self) -> TwoPort:
        cavity = cavity_response(
            self.parameters.cavity,
            self.frequency_hz,
            self.state.resonant_frequency_hz,
            self.state.loaded_q,
            self.state.coupling_beta,
        )
        return cascade(
            self.line("weak_line"), cascade(cavity, self.line("cavity_line"))
        )

    @cached_property
    def output(self) -> TwoPort:
        amplifier = amplifier_response(
            self.parameters.amplifier,
            self.frequency_hz,
            self.state.temperature_k,
            self.state.amplifier_bias,
        )
        drift = 10.0 ** (self.state.gain_drift_db / 20.0)
        amplifier = replace(amplifier, s21=amplifier.s21 * drift)
        behind = cascade(amplifier, self.line("output_line"))
        return cascade(self.line("cold_output_line"), behind)

    @cached_property
    def transmission(self) -> TwoPort:
        """VNA port 1 to VNA port 2."""
        junction = close_first_port(self.junction, self.bypass.s22)
        return cascade(self.weak_side, cascade(junction, self.output))

    @cached_property
    def reflection(self) -> TwoPort:
        """VNA port 3 to VNA port 2."""
        junction = close_second_port(self.junction, self.weak_side.s22)
        return cascade(self.bypass, cascade(junction, self.output))

    @cached_property
    def backward(self) -> TwoPort:
        """VNA port 1 to VNA port 3, against the circulator."""
        load = input_reflection(self.output, 0.0)
        junction = close_third_port(self.junction, load)
        return cascade(self.weak_side, cascade(junction, self.bypass.reversed()))
