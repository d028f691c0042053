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
    Hemt,
    RoomAmplifier,
    compression_ratio,
    hemt_response,
    room_amplifier_response,
)
from instruments.simulation.physics.chain.band import Band, make_band
from instruments.simulation.physics.chain.cavity import cavity_response
from instruments.simulation.physics.chain.connector import connector_response
from instruments.simulation.physics.chain.hardware import ReceiverHardware
from instruments.simulation.physics.chain.joined_parts import JoinedParts
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
    port_errors,
)
from instruments.simulation.physics.circulator import (
    ThreePort,
)
from instruments.simulation.physics.two_port import (
    TwoPort,
)

CHAIN_TRACES = ("S21", "S23", "S11")
"""What a wide sweep measures: transmission, reflection, weak-port input."""

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
class Network(JoinedParts):
    """The parts of one receiver, each worked out at most once; lifted records only."""

    band: Band
    hardware: ReceiverHardware
    point: OperatingPoint

    @cached_property
    def errors(self) -> PortErrors:  # type: ignore[override]
        """Residual errors of the VNA."""
        return port_errors(self.hardware.vna, self.band, self.point)

    def line(self, name: str) -> TwoPort:
        """Return one line by its name."""
        around = surroundings_at(self.point)
        return line_response(self.hardware.line(name), self.band, around)

    @cached_property
    def cavity(self) -> TwoPort:  # type: ignore[override]
        """The cavity from its weak to its strong port."""
        return cavity_response(self.hardware.cavity, self.band, self.point)

    @cached_property
    def switch(self) -> TwoPort:  # type: ignore[override]
        """The switch from the cavity's throw to the circulator."""
        index = self.point.switch_position_index
        return switch_response(self.hardware.switch, self.band, index)

    @cached_property
    def junction(self) -> ThreePort:  # type: ignore[override]
        """The bare junction of the circulator."""
        return junction_response(self.hardware.circulator, self.band, self.point)

    @cached_property
    def ports(self) -> list[TwoPort]:  # type: ignore[override]
        """Mismatch of the circulator's ports, from outside."""
        ports = self.hardware.circulator.ports
        return [connector_response(port, self.band) for port in ports]

    @cached_property
    def jpa(self) -> TwoPort | None:  # type: ignore[override]
        """Parametric amplifier and its circulator; None where there is none."""
        if self.hardware.jpa is None:
            return None
        return jpa_response(self.hardware.jpa, self.band, self.point)

    @cached_property
    def isolator(self) -> TwoPort:  # type: ignore[override]
        """The isolator from its input to its output."""
        return isolator_response(self.hardware.isolator, self.band, self.point)

    @cached_property
    def amplifiers(self) -> tuple[TwoPort, TwoPort]:  # type: ignore[override]
        """HEMT and room-temperature amplifier, compressed as the power asks."""
        hardware = self.hardware
        return amplifier_responses(
            hardware.hemt, hardware.room_amplifier, self.band, self.point
        )


def surroundings_at(point: OperatingPoint) -> Surroundings:
    """Return what acts on a line at a lifted operating point."""
    return Surroundings(
        plates=point.plates,
        magnet_field_tesla=point.magnet_field_tesla,
        pad_heating_k=point.pad_heating_k,
    )


def amplifier_responses(
    hemt: Hemt, amplifier: RoomAmplifier, band: Band, point: OperatingPoint
) -> tuple[TwoPort, TwoPort]:
    """Return both amplifiers, compressed as the source's power asks."""
    drive_dbm = point.source_power_dbm - _DRIVE_LOSS_DB
    first = hemt_response(hemt, band, point)
    left = compression_ratio(drive_dbm, first.s21, hemt.compression_dbm)
    first = replace(first, s21=first.s21 * left)
    second = room_amplifier_response(amplifier, band, point)
    left = compression_ratio(
        drive_dbm, first.s21 * second.s21, amplifier.compression_dbm
    )
    return first, replace(second, s21=second.s21 * left)
