"""Two measured cryostats as twins, to hold the physics against figures.

Both belong to the public calibration data of a cryogenic switch set (CC0): a cold
switch behind one cable, and a dilution refrigerator's coupler chain with its HEMT.
"""

from dataclasses import dataclass

from instruments.simulation.physics.backend import Array
from instruments.simulation.physics.chain.amplifiers import Hemt, hemt_response
from instruments.simulation.physics.chain.band import make_band
from instruments.simulation.physics.chain.coax import CoaxSection, FlexCable
from instruments.simulation.physics.chain.connector import Connector
from instruments.simulation.physics.chain.lifting import lifted
from instruments.simulation.physics.chain.line import (
    Line,
    Surroundings,
    line_response,
)
from instruments.simulation.physics.chain.matter import (
    BERYLLIUM_COPPER,
    CUPRONICKEL,
    NIOBIUM_TITANIUM,
    SILVERED_COPPER,
    Metal,
)
from instruments.simulation.physics.chain.operating_point import OperatingPoint
from instruments.simulation.physics.chain.plates import Plate, PlateTemperatures
from instruments.simulation.physics.chain.ranges import constant
from instruments.simulation.physics.chain.vna import (
    Vna,
    measured_reflection,
    port_errors,
)
from instruments.simulation.physics.two_port import cascade, input_reflection

_WIDE_COAX = {"inner_radius_m": 0.337e-3, "outer_radius_m": 1.103e-3}


_SCHEDULE = {
    295.0: (295.0, 295.0, 295.0),
    3.0: (120.0, 13.647, 3.0),
    1.0: (55.0, 11.365, 1.2),
    0.1: (45.0, 3.5, 0.9),
    0.025: (45.0, 3.5, 0.9),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CoupledChain:
    """A line down to a short, and the way back through a HEMT.

    Attributes
    ----------
    down, arm, up
        Lines to the coupler, from there to the short, and from the coupler to the
        HEMT's input.
    hemt
        The amplifier.
    out
        From the HEMT to the flange.
    directivity_ratio
        Amplitude that the coupler passes without the way to the short.
    """

    down: Line
    arm: Line
    up: Line
    hemt: Hemt
    out: Line
    directivity_ratio: float = constant(low=0.0, high=1.0, spread=0.05)


def switch_cable() -> Line:
    """Return the cable of the switch cryostat, from the VNA to the cold switch.

    A flexible cable, then three pieces of beryllium-copper coax; the planes between
    them stand where the measured echoes come from.
    """
    sections = tuple(
        CoaxSection(
            warm_end=Plate.FOUR_KELVIN,
            cold_end=Plate.FOUR_KELVIN,
            inner=BERYLLIUM_COPPER,
            outer=BERYLLIUM_COPPER,
            length_m=length_m,
            loss_tangent_ratio=4.7e-4,
            **_WIDE_COAX,
        )
        for length_m in (0.808, 0.13, 0.299)
    )
    flex = FlexCable(
        delay_s=3.0e-9, conductor_loss_db=0.0, dielectric_loss_db=0.0, knee_ratio=0.0
    )
    reactances = (0.05, 0.16, -0.3, 0.22, -0.12)
    return Line(
        parts=(flex, *sections),
        connectors=tuple(Connector(reactance_ratio=value) for value in reactances),
    )


def cable_reflection(
    line: Line, frequency_hz: Array, temperature_k: Array, room_k: Array = 296.0
) -> Array:
    """Return S11 of a line that ends in a short, with all of its coax at one place.

    Parameters
    ----------
    temperature_k, room_k
        Temperatures of the coax and of the room in K, numbers or (sweep,).
    """
    point = OperatingPoint(
        plates=PlateTemperatures(room_k=room_k, four_kelvin_k=temperature_k)
    )
    around = _around(point, frequency_hz)
    band = make_band(frequency_hz)
    seen = input_reflection(line_response(lifted(line, frequency_hz), band, around), -1)
    errors = port_errors(lifted(Vna(), frequency_hz), band, lifted(point, frequency_hz))
    return measured_reflection(errors, seen)


def coupled_chain() -> CoupledChain:
    """Return the dilution refrigerator's chain.

    Lengths, gain and the schedule of ``coupled_plates`` follow from the measured
    levels, all at once; the materials do not.
    """
    down = (
        _coax(BERYLLIUM_COPPER, 1.771, Plate.ROOM, Plate.FIFTY_KELVIN),
        _coax(CUPRONICKEL, 0.1, Plate.FIFTY_KELVIN, Plate.FOUR_KELVIN),
        _coax(NIOBIUM_TITANIUM, 0.773, Plate.FOUR_KELVIN, Plate.MIXING_CHAMBER),
    )
    up = (_coax(NIOBIUM_TITANIUM, 0.773, Plate.FOUR_KELVIN, Plate.MIXING_CHAMBER),)
    arm = (_coax(SILVERED_COPPER, 0.3, Plate.MIXING_CHAMBER, Plate.MIXING_CHAMBER),)
    out = (
        _coax(CUPRONICKEL, 0.1, Plate.FIFTY_KELVIN, Plate.FOUR_KELVIN),
        _coax(BERYLLIUM_COPPER, 1.771, Plate.ROOM, Plate.FIFTY_KELVIN),
    )
    hemt = Hemt(
        gain_db=-2.339,
        tilt_db=-0.646,
        curvature_db=0.0,
        warm_loss_db=4.411,
        warm_tilt_db=-0.233,
        warm_exponent=2.0,
        input_reflection_ratio=0.2,
    )
    return CoupledChain(
        down=_line(down, (0.08, -0.1, 0.1, -0.14)),
        arm=_line(arm, (0.12, -0.1)),
        up=_line(up, (0.12, -0.16)),
        hemt=hemt,
        out=_line(out, (-0.1, 0.12, 0.08)),
        directivity_ratio=0.16,
    )


def coupled_plates(label_k: float) -> PlateTemperatures:
    """Return the plates when the labelled one is at a temperature in K.

    Parameters
    ----------
    label_k
        One of 295, 3, 1, 0.1, 0.025.

    Raises
    ------
    KeyError
        If the temperature is none of those.
    """
    fifty_kelvin_k, four_kelvin_k, still_k = _SCHEDULE[label_k]
    return PlateTemperatures(
        fifty_kelvin_k=fifty_kelvin_k,
        four_kelvin_k=four_kelvin_k,
        still_k=still_k,
        cold_plate_k=min(label_k, still_k),
        mixing_chamber_k=label_k,
    )


def coupled_response(
    chain: CoupledChain, frequency_hz: Array, plates: PlateTemperatures
) -> Array:
    """Return the transmission from the VNA to the short and back through the HEMT."""
    state = OperatingPoint(plates=plates)
    around, band = _around(state, frequency_hz), make_band(frequency_hz)
    point = lifted(state, frequency_hz)
    parts = lifted(chain, frequency_hz)
    down = line_response(parts.down, band, around)
    short = input_reflection(line_response(parts.arm, band, around), -1.0)
    way = cascade(down, line_response(parts.up, band, around))
    way = cascade(way, hemt_response(parts.hemt, band, point))
    passed = cascade(way, line_response(parts.out, band, around)).s21
    return passed * (short + parts.directivity_ratio)


def _around(point: OperatingPoint, frequency_hz: Array) -> Surroundings:
    now = lifted(point, frequency_hz)
    return Surroundings(
        plates=now.plates,
        magnet_field_tesla=now.magnet_field_tesla,
        pad_heating_k=now.pad_heating_k,
    )


def _coax(
    metal: Metal, length_m: float, warm_end: Plate, cold_end: Plate
) -> CoaxSection:
    return CoaxSection(
        warm_end=warm_end,
        cold_end=cold_end,
        inner=metal,
        outer=metal,
        length_m=length_m,
    )


def _line(parts: tuple[CoaxSection, ...], reactances: tuple[float, ...]) -> Line:
    return Line(
        parts=parts,
        connectors=tuple(Connector(reactance_ratio=value) for value in reactances),
    )
