"""A receiver as one would buy it: the usual 4-8 GHz chain, part by part."""

from instruments.simulation.physics.chain.amplifiers import Hemt, RoomAmplifier
from instruments.simulation.physics.chain.cavity import Cavity, CavityMode
from instruments.simulation.physics.chain.coax import (
    Attenuator,
    CoaxSection,
    FlexCable,
)
from instruments.simulation.physics.chain.connector import Connector
from instruments.simulation.physics.chain.hardware import ReceiverHardware
from instruments.simulation.physics.chain.jpa import Jpa
from instruments.simulation.physics.chain.junction import Circulator, Isolator
from instruments.simulation.physics.chain.line import Line, LinePart
from instruments.simulation.physics.chain.matter import (
    BERYLLIUM_COPPER,
    CUPRONICKEL,
    NIOBIUM_TITANIUM,
    SILVERED_COPPER,
    STAINLESS_STEEL,
    Metal,
)
from instruments.simulation.physics.chain.plates import Plate
from instruments.simulation.physics.chain.switch import Switch
from instruments.simulation.physics.chain.vna import Vna

BAND_HZ = (4.0e9, 8.0e9)
"""Band of the usual receiver in Hz."""

USUAL_REACTANCE_RATIO = 0.14
"""Usual size of a connector's reactance: 23 dB of return loss at 5 GHz."""


def usual_receiver(*, has_jpa: bool = True) -> ReceiverHardware:
    """Return the usual receiver with every constant at its usual value."""
    return ReceiverHardware(
        vna=Vna(),
        weak_line=usual_line(_input_parts(1.5, 20.0, 10.0, 20.0)),
        bypass_line=usual_line(_input_parts(1.6, 20.0, 20.0, 20.0)),
        cavity=usual_cavity(),
        strong_line=usual_line((_coax(SILVERED_COPPER, 0.22, Plate.MIXING_CHAMBER),)),
        switch=Switch(),
        circulator=usual_circulator(5.9e9),
        junction_line=usual_line((_coax(SILVERED_COPPER, 0.35, Plate.MIXING_CHAMBER),)),
        jpa=usual_jpa() if has_jpa else None,
        isolator=Isolator(junction=usual_circulator(6.0e9, stray_share_ratio=0.3)),
        cold_output_line=usual_line(
            (
                _coax(NIOBIUM_TITANIUM, 0.25, Plate.STILL, Plate.MIXING_CHAMBER),
                _coax(NIOBIUM_TITANIUM, 0.20, Plate.FOUR_KELVIN, Plate.STILL),
            )
        ),
        hemt=Hemt(),
        upper_output_line=usual_line(
            (
                _coax(BERYLLIUM_COPPER, 0.3, Plate.FIFTY_KELVIN, Plate.FOUR_KELVIN),
                _coax(BERYLLIUM_COPPER, 0.3, Plate.ROOM, Plate.FIFTY_KELVIN),
            )
        ),
        room_amplifier=RoomAmplifier(),
        room_output_line=usual_line((_flex(7.8e-9),)),
    )


def usual_line(parts: tuple[LinePart, ...]) -> Line:
    """Return a line with the usual connectors, inductive and capacitive in turn."""
    signs = (1.0 if index % 2 == 0 else -1.0 for index in range(len(parts) + 1))
    return Line(
        parts=parts,
        connectors=tuple(
            Connector(reactance_ratio=sign * USUAL_REACTANCE_RATIO) for sign in signs
        ),
    )


def usual_circulator(
    center_frequency_hz: float, *, stray_share_ratio: float = 1.0
) -> Circulator:
    """Return a circulator with this centre in Hz."""
    ports = (
        Connector(reactance_ratio=0.06),
        Connector(reactance_ratio=-0.08),
        Connector(reactance_ratio=0.05),
    )
    return Circulator(
        ports=ports,
        center_frequency_hz=center_frequency_hz,
        stray_share_ratio=stray_share_ratio,
    )


def usual_jpa(frequency_hz: float = 5.1e9) -> Jpa:
    """Return a flux-tuned amplifier that rests at a frequency in Hz."""
    nominal_flux_ratio = 0.3
    # cos(0.3 pi)^(1/2)
    return Jpa(
        circulator=usual_circulator(5.8e9, stray_share_ratio=0.3),
        max_frequency_hz=frequency_hz / 0.766676,
        nominal_flux_ratio=nominal_flux_ratio,
    )


def usual_cavity(frequency_hz: float = 5.1e9) -> Cavity:
    """Return a copper cavity with its mode of interest at a frequency in Hz.

    Beside it a TE intruder that the rod does not move and the tuned mode crosses, a
    further TE mode, and a tuned TM mode.
    """
    return Cavity(
        modes=(
            _mode(frequency_hz, 0.12 * frequency_hz, (4.0e7, 3.4e4), 0.0),
            _mode(1.03 * frequency_hz, 0.0, (1.6e8, 1.5e5), 1.5e6),
            _mode(1.16 * frequency_hz, 0.0, (1.2e8, 1.2e5), 0.0),
            _mode(1.28 * frequency_hz, 0.1 * frequency_hz, (7.0e7, 8.0e4), 0.0),
        )
    )


def _mode(
    frequency_hz: float,
    span_hz: float,
    external_qs: tuple[float, float],
    mixing_hz: float,
) -> CavityMode:
    return CavityMode(
        resonant_frequency_hz=frequency_hz,
        tuning_span_hz=span_hz,
        geometry_ohm=360.0,
        weak_external_q=external_qs[0],
        strong_external_q=external_qs[1],
        tuning_curvature_ratio=0.1 if span_hz else 0.0,
        mixing_hz=mixing_hz,
    )


def _input_parts(
    scale: float, four_kelvin_db: float, still_db: float, cold_db: float
) -> tuple[LinePart, ...]:
    return (
        _flex(4.6e-9 * scale),
        _coax(STAINLESS_STEEL, 0.2 * scale, Plate.ROOM, Plate.FIFTY_KELVIN),
        _coax(CUPRONICKEL, 0.2 * scale, Plate.FIFTY_KELVIN, Plate.FOUR_KELVIN),
        Attenuator(plate=Plate.FOUR_KELVIN, attenuation_db=four_kelvin_db),
        _coax(CUPRONICKEL, 0.15 * scale, Plate.FOUR_KELVIN, Plate.STILL),
        Attenuator(plate=Plate.STILL, attenuation_db=still_db),
        _coax(CUPRONICKEL, 0.17 * scale, Plate.STILL, Plate.MIXING_CHAMBER),
        Attenuator(plate=Plate.MIXING_CHAMBER, attenuation_db=cold_db),
        _coax(SILVERED_COPPER, 0.2 * scale, Plate.MIXING_CHAMBER),
    )


def _coax(
    metal: Metal, length_m: float, warm_end: Plate, cold_end: Plate | None = None
) -> CoaxSection:
    inner = SILVERED_COPPER if metal in {BERYLLIUM_COPPER, STAINLESS_STEEL} else metal
    return CoaxSection(
        warm_end=warm_end,
        cold_end=warm_end if cold_end is None else cold_end,
        inner=inner,
        outer=metal,
        length_m=length_m,
    )


def _flex(delay_s: float) -> FlexCable:
    return FlexCable(delay_s=delay_s, conductor_loss_db=0.9, dielectric_loss_db=0.2)
