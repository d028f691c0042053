"""A line: parts in order, one connector before each and one after the last."""

from dataclasses import dataclass

from instruments.simulation.physics.backend import Array
from instruments.simulation.physics.chain.band import Band
from instruments.simulation.physics.chain.coax import (
    Attenuator,
    CoaxSection,
    FlexCable,
    coax_transmission,
    flex_transmission,
    pad_transmission,
)
from instruments.simulation.physics.chain.connector import (
    Connector,
    connector_response,
)
from instruments.simulation.physics.chain.plates import Plate, PlateTemperatures
from instruments.simulation.physics.two_port import TwoPort

LinePart = CoaxSection | FlexCable | Attenuator


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Parts from port 1 to port 2, and the connectors around them.

    Attributes
    ----------
    parts
        Coax, flexible cable and pads in the order of the signal.
    connectors
        One more than there are parts.

    Raises
    ------
    ValueError
        If the number of connectors does not fit.
    """

    parts: tuple[LinePart, ...]
    connectors: tuple[Connector, ...]

    def __post_init__(self) -> None:
        if len(self.connectors) != len(self.parts) + 1:
            raise ValueError(
                f"a line of {len(self.parts)} parts needs {len(self.parts) + 1}"
                f" connectors, not {len(self.connectors)}"
            )


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What acts on a line from outside, lifted to columns.

    Attributes
    ----------
    plates
        Temperatures in K.
    magnet_field_tesla
        Field of the main magnet in tesla.
    pad_heating_k
        How far the pads' films are above the mixing chamber in K.
    """

    plates: PlateTemperatures
    magnet_field_tesla: Array
    pad_heating_k: Array


def line_response(line: Line, band: Band, around: Surroundings) -> TwoPort:
    """Return a line as a reciprocal, passive two-port with all its echoes."""
    first = connector_response(line.connectors[0], band)
    s11, s21, s22 = first.s11, first.s21, first.s22
    for part, connector in zip(line.parts, line.connectors[1:], strict=True):
        passed = part_transmission(part, band, around)
        s21, s22 = s21 * passed, s22 * (passed * passed)
        joint = connector_response(connector, band)
        echoes = 1.0 / (1.0 - s22 * joint.s11)
        wave = s21 * echoes
        s11 = s11 + s21 * joint.s11 * wave
        s22 = joint.s22 + joint.s21 * joint.s21 * s22 * echoes
        s21 = joint.s21 * wave
    return TwoPort(s11=s11, s12=s21, s21=s21, s22=s22)


def part_transmission(part: LinePart, band: Band, around: Surroundings) -> Array:
    """Return the one-way transmission of one part, matched on both sides."""
    if isinstance(part, CoaxSection):
        return coax_transmission(part, band, around.plates, around.magnet_field_tesla)
    if isinstance(part, FlexCable):
        return flex_transmission(part, band, around.plates.room_k)
    cold = part.plate is Plate.MIXING_CHAMBER
    heating_k = around.pad_heating_k if cold else 0.0 * around.pad_heating_k
    return pad_transmission(part, band, around.plates, heating_k)
