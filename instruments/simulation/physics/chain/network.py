"""The receiver of one cavity as its four-port VNA sees it.

VNA port 1 drives the cavity's weak port, port 3 the bypass line into the circulator,
port 2 listens behind the amplifiers, port 4 is open. Everything is one cascade of
two- and three-ports: ripple, Fano dips and standing waves come out by themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from instruments.simulation.physics.backend import Array, namespace_of
from instruments.simulation.physics.chain.amplifiers import (
    compression_ratio,
    hemt_response,
    room_amplifier_response,
)
from instruments.simulation.physics.chain.band import Band, make_band
from instruments.simulation.physics.chain.cavity import cavity_response
from instruments.simulation.physics.chain.connector import connector_response
from instruments.simulation.physics.chain.hardware import ReceiverHardware
from instruments.simulation.physics.chain.jpa import jpa_response
from instruments.simulation.physics.chain.junction import (
    isolator_response,
    junction_response,
)
from instruments.simulation.physics.chain.lifting import lifted
from instruments.simulation.physics.chain.line import Surroundings, line_response
from instruments.simulation.physics.chain.operating_point import OperatingPoint
from instruments.simulation.physics.chain.ranges import check_ranges
from instruments.simulation.physics.chain.switch import switch_response
from instruments.simulation.physics.chain.vna import (
    PortErrors,
    measured_reflection,
    measured_transmission,
    port_errors,
)
from instruments.simulation.physics.circulator import (
    ThreePort,
    close_first_port,
    close_second_port,
    close_third_port,
)
from instruments.simulation.physics.two_port import (
    TwoPort,
    cascade,
    input_reflection,
)

CHAIN_TRACES = ("S21", "S23", "S11")
"""What a wide sweep measures: transmission, reflection, weak-port input."""

PATHS = {
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
"""Which two-port of the network a trace belongs to, and which element it is."""

_DRIVE_LOSS_DB = 72.0


def chain_response(
    frequency_hz: Array,
    hardware: ReceiverHardware,
    point: OperatingPoint,
    s_parameters: Sequence[str] = CHAIN_TRACES,
) -> dict[str, Array]:
    """Return the noiseless traces of a receiver.

    Parameters
    ----------
    frequency_hz
        Axis in Hz, shape (point,) or (sweep, point), float64; its backend is the
        result's.
    hardware, point
        Constants and state: numbers, or one value a sweep, shape (sweep,).
    s_parameters
        Trace names, S11 to S44.

    Returns
    -------
    dict[str, Array]
        Complex128 traces, shape (point,) where everything is a number, else
        (sweep, point).

    Raises
    ------
    ParameterOutOfRangeError
        If a constant or the state lies outside its physical range.
    ValueError
        If the axis is empty or not between 0 and 50 GHz.
    """
    check_ranges(hardware)
    check_ranges(point)
    network = lift_network(frequency_hz, hardware, point)
    traces = {name: network.trace(name) for name in s_parameters}
    shape = np.broadcast_shapes(
        tuple(frequency_hz.shape),
        *(tuple(trace.shape) for trace in traces.values()),
    )
    xp = namespace_of(frequency_hz)
    return {name: xp.broadcast_to(trace, shape) for name, trace in traces.items()}


def lift_network(
    frequency_hz: Array, hardware: ReceiverHardware, point: OperatingPoint
) -> "Network":
    """Return the network with every number turned into a column."""
    return Network(
        band=make_band(frequency_hz),
        hardware=lifted(hardware, frequency_hz),
        point=lifted(point, frequency_hz),
    )


@dataclass(frozen=True)
class Network:
    """The parts joined, each worked out at most once; lifted records only."""

    band: Band
    hardware: ReceiverHardware
    point: OperatingPoint

    def trace(self, name: str) -> Array:
        """Return one trace as the calibrated VNA shows it, shape (..., point)."""
        if name not in PATHS:
            xp = namespace_of(self.band.frequency_hz)
            whole = xp.zeros_like(self.band.frequency_hz) + 0j
            return whole + 1.0 if name == "S44" else whole
        path, element = PATHS[name]
        two_port: TwoPort = getattr(self, path)
        value = getattr(two_port, element)
        if element in {"s11", "s22"}:
            return measured_reflection(self.errors, value)
        source, load = two_port.s11, two_port.s22
        if element == "s12":
            source, load = load, source
        return measured_transmission(self.errors, value, source, load)

    @cached_property
    def errors(self) -> PortErrors:
        """Residual errors of the VNA."""
        return port_errors(self.hardware.vna, self.band, self.point)

    @cached_property
    def _around(self) -> Surroundings:
        return Surroundings(
            plates=self.point.plates,
            magnet_field_tesla=self.point.magnet_field_tesla,
            pad_heating_k=self.point.pad_heating_k,
        )

    def line(self, name: str) -> TwoPort:
        """Return one line by its name."""
        return line_response(self.hardware.line(name), self.band, self._around)

    @cached_property
    def cavity(self) -> TwoPort:
        """The cavity from its weak to its strong port."""
        return cavity_response(self.hardware.cavity, self.band, self.point)

    @cached_property
    def _junction(self) -> ThreePort:
        return junction_response(self.hardware.circulator, self.band, self.point)

    @cached_property
    def _ports(self) -> list[TwoPort]:
        ports = self.hardware.circulator.ports
        return [connector_response(port, self.band) for port in ports]

    @cached_property
    def weak_side(self) -> TwoPort:
        """VNA port 1 to the junction's port 2, from inside."""
        switch = switch_response(
            self.hardware.switch, self.band, self.point.switch_position_index
        )
        into = cascade(self.line("weak_line"), self.cavity)
        behind = cascade(self.line("strong_line"), switch)
        return cascade(cascade(into, behind), self._ports[1].reversed())

    @cached_property
    def bypass(self) -> TwoPort:
        """VNA port 3 to the junction's port 1, from inside."""
        return cascade(self.line("bypass_line"), self._ports[0].reversed())

    @cached_property
    def amplified(self) -> TwoPort:
        """Input of the HEMT to VNA port 2."""
        point, hardware = self.point, self.hardware
        drive_dbm = point.source_power_dbm - _DRIVE_LOSS_DB
        first = hemt_response(hardware.hemt, self.band, point)
        left = compression_ratio(drive_dbm, first.s21, hardware.hemt.compression_dbm)
        first = replace(first, s21=first.s21 * left)
        second = room_amplifier_response(hardware.room_amplifier, self.band, point)
        left = compression_ratio(
            drive_dbm, first.s21 * second.s21, hardware.room_amplifier.compression_dbm
        )
        second = replace(second, s21=second.s21 * left)
        upper = cascade(first, self.line("upper_output_line"))
        room = cascade(second, self.line("room_output_line"))
        return cascade(upper, room)

    @cached_property
    def output(self) -> TwoPort:
        """The junction's port 3, from inside, to VNA port 2."""
        cold = cascade(self._ports[2], self.line("junction_line"))
        if self.hardware.jpa is not None:
            cold = cascade(cold, jpa_response(self.hardware.jpa, self.band, self.point))
        isolator = isolator_response(self.hardware.isolator, self.band, self.point)
        cold = cascade(cascade(cold, isolator), self.line("cold_output_line"))
        return cascade(cold, self.amplified)

    @cached_property
    def transmission(self) -> TwoPort:
        """VNA port 1 to VNA port 2, through the cavity."""
        junction = close_first_port(self._junction, self.bypass.s22)
        return cascade(self.weak_side, cascade(junction, self.output))

    @cached_property
    def reflection(self) -> TwoPort:
        """VNA port 3 to VNA port 2, off the cavity or off what is switched in."""
        junction = close_second_port(self._junction, self.weak_side.s22)
        return cascade(self.bypass, cascade(junction, self.output))

    @cached_property
    def backward(self) -> TwoPort:
        """VNA port 1 to VNA port 3, against the circulator."""
        load = input_reflection(self.output, 0.0)
        junction = close_third_port(self._junction, load)
        return cascade(self.weak_side, cascade(junction, self.bypass.reversed()))
