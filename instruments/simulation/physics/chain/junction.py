"""Circulator and isolator: a ferrite junction in its three eigenvalues.

Moved by the magnetisation with temperature, and by a stray field through a shield
that saturates and remembers.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from instruments.simulation.physics.backend import Array, namespace_of
from instruments.simulation.physics.chain.band import Band
from instruments.simulation.physics.chain.connector import (
    Connector,
    connector_response,
)
from instruments.simulation.physics.chain.operating_point import OperatingPoint
from instruments.simulation.physics.chain.plates import Plate
from instruments.simulation.physics.chain.ranges import constant
from instruments.simulation.physics.circulator import (
    GYROMAGNETIC_RATIO_HZ_PER_TESLA,
    ThreePort,
    close_third_port,
    magnetisation,
)
from instruments.simulation.physics.two_port import TwoPort, cascade

_THIRD_TURN = complex(-0.5, math.sqrt(0.75))


@dataclass(frozen=True, slots=True, kw_only=True)
class Circulator:
    """Constants of one circulator.

    Attributes
    ----------
    ports
        Mismatch at each of its three ports.
    plate
        Where it is clamped.
    center_frequency_hz
        Centre of the junction in Hz, cold and in no field.
    splitting_ratio
        Distance of the two counter-rotating modes over the centre frequency.
    junction_q
        Loaded quality factor of the junction; ideal where it times the splitting
        ratio is 0.577.
    insertion_loss_db
        Loss of one pass in dB.
    frozen_shift_fraction
        Relative rise of the centre when the magnetisation is lost altogether.
    field_shift_factor
        Relative shift of the centre per relative shift of the ferrite's resonance.
    field_splitting_factor
        Relative change of the splitting per relative shift of that resonance.
    field_alignment_factor
        Cosine between stray and bias field: positive aids, negative opposes.
    stray_share_ratio
        Part of the array's stray field that reaches this shield.
    magnet_share_ratio
        Field at the shield over that of the main magnet.
    shield_factor
        How many times the shield weakens a small field.
    shield_limit_tesla
        Field in tesla that the shield carries away at most.
    coercive_field_tesla
        Half width in tesla of the shield's hysteresis.
    remanence_ratio
        Part of the remembered field that stays inside.
    """

    ports: tuple[Connector, Connector, Connector]
    plate: Plate = Plate.MIXING_CHAMBER
    center_frequency_hz: float = constant(
        low=1e8, high=5e10, spread=0.01, is_relative=True
    )
    splitting_ratio: float = constant(
        low=0.0, high=3.0, spread=0.05, is_relative=True, default=0.92
    )
    junction_q: float = constant(
        low=0.05, high=50.0, spread=0.05, is_relative=True, default=0.627
    )
    insertion_loss_db: float = constant(low=0.0, high=10.0, spread=0.05, default=0.3)
    frozen_shift_fraction: float = constant(
        low=-1.0, high=1.0, spread=0.01, default=0.12
    )
    field_shift_factor: float = constant(low=-5.0, high=5.0, spread=0.05, default=0.5)
    field_splitting_factor: float = constant(
        low=-5.0, high=5.0, spread=0.1, default=1.0
    )
    field_alignment_factor: float = constant(
        low=-1.0, high=1.0, spread=0.1, default=0.9
    )
    stray_share_ratio: float = constant(low=0.0, high=2.0, spread=0.1, default=1.0)
    magnet_share_ratio: float = constant(low=-0.1, high=0.1, spread=5e-5, default=2e-4)
    shield_factor: float = constant(low=1.0, high=1e4, spread=5.0, default=20.0)
    shield_limit_tesla: float = constant(
        low=1e-5, high=1.0, spread=0.1, is_relative=True, default=4e-3
    )
    coercive_field_tesla: float = constant(low=0.0, high=0.1, spread=2e-4, default=5e-4)
    remanence_ratio: float = constant(low=0.0, high=1.0, spread=0.02, default=0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolator:
    """A circulator whose third port ends in a cold load.

    Attributes
    ----------
    junction
        The circulator.
    load_reflection_ratio
        Modulus of the load's reflection.
    """

    junction: Circulator
    load_reflection_ratio: float = constant(
        low=0.0, high=1.0, spread=0.02, default=0.05
    )


def follow_field(
    circulator: Circulator, fields_tesla: Iterable[float], start_tesla: float = 0.0
) -> list[float]:
    """Return the remanent field in tesla after each step of a field's history.

    Notes
    -----
    The play operator: what is remembered follows the field at the distance of the
    coercive field. The same end point reached from above and from below differs.
    """
    remembered, found = start_tesla, []
    width = circulator.coercive_field_tesla
    for field_tesla in fields_tesla:
        remembered = min(max(remembered, field_tesla - width), field_tesla + width)
        found.append(remembered)
    return found


def inner_field_tesla(circulator: Circulator, point: OperatingPoint) -> Array:
    """Return the field at the ferrite in tesla, with the sign of its bias field.

    A small field is weakened by the shield factor; once the shield is saturated it
    carries away no more than its limit.
    """
    xp = namespace_of(point.magnetic_field_tesla)
    outside = (
        circulator.stray_share_ratio * point.magnetic_field_tesla
        + circulator.magnet_share_ratio * point.magnet_field_tesla
    )
    limit = circulator.shield_limit_tesla
    carried = limit * (1.0 - 1.0 / circulator.shield_factor) * xp.tanh(outside / limit)
    remembered = (
        circulator.remanence_ratio
        * circulator.stray_share_ratio
        * point.remanent_field_tesla
    )
    return circulator.field_alignment_factor * (outside - carried + remembered)


def junction_response(
    circulator: Circulator, band: Band, point: OperatingPoint
) -> ThreePort:
    """Return the bare junction, without the mismatch of its ports.

    Notes
    -----
    Eigenvalues s0 = -1 and s+- = (1 - j x+-) / (1 + j x+-) with
    x+- = 2 Qc (f - f+-) / fc and f+- = fc (1 -+ D/2) (Bosma; Fay and Comstock),
    written for the time dependence exp(+jwt), so that the junction is causal.
    """
    magnetised = magnetisation(point.plates.at(circulator.plate))
    inside = inner_field_tesla(circulator, point)
    relative = GYROMAGNETIC_RATIO_HZ_PER_TESLA * inside / circulator.center_frequency_hz
    centre_hz = circulator.center_frequency_hz * (
        1.0
        + circulator.frozen_shift_fraction * (1.0 - magnetised)
        + circulator.field_shift_factor * relative
    )
    splitting = (
        circulator.splitting_ratio
        * magnetised
        * (1.0 - circulator.field_splitting_factor * relative)
    )
    return eigenvalue_junction(
        band.frequency_hz,
        centre_hz,
        splitting,
        circulator.junction_q,
        circulator.insertion_loss_db,
    )


def eigenvalue_junction(
    frequency_hz: Array,
    center_frequency_hz: Array,
    splitting_ratio: Array,
    junction_q: Array,
    insertion_loss_db: Array,
) -> ThreePort:
    """Return the cyclic scattering parameters of a junction with these constants."""
    detuning = 2.0 * junction_q * (frequency_hz / center_frequency_hz - 1.0)
    half = junction_q * splitting_ratio
    s_plus = 2.0 / (1.0 + 1j * (detuning + half)) - 1.0
    s_minus = 2.0 / (1.0 + 1j * (detuning - half)) - 1.0
    turn, back = _THIRD_TURN.conjugate(), _THIRD_TURN
    passed = 10.0 ** (-insertion_loss_db / 20.0) / 3.0
    return ThreePort(
        reflection=passed * (s_plus + s_minus - 1.0),
        forward=passed * (turn * s_plus + back * s_minus - 1.0),
        leak=passed * (back * s_plus + turn * s_minus - 1.0),
    )


def isolator_response(isolator: Isolator, band: Band, point: OperatingPoint) -> TwoPort:
    """Return an isolator from its input to its output, with its ports' mismatch."""
    junction = junction_response(isolator.junction, band, point)
    into, out, load = isolator.junction.ports
    port = connector_response(load, band)
    seen = _loaded(port, isolator.load_reflection_ratio)
    bare = close_third_port(junction, seen).reversed()
    inner = cascade(connector_response(into, band), bare)
    return cascade(inner, connector_response(out, band).reversed())


def _loaded(port: TwoPort, load_reflection: Array) -> Array:
    """Return the reflection seen from inside of a port whose outside is loaded."""
    echo = load_reflection / (1.0 - port.s11 * load_reflection)
    return port.s22 + port.s12 * port.s21 * echo
