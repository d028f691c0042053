"""A junction circulator in three parameters, moved by temperature and stray field."""

import math
from dataclasses import dataclass

from instruments.simulation.physics.backend import Array, namespace_of
from instruments.simulation.physics.two_port import TwoPort

CURIE_TEMPERATURE_K = 559.0
"""Temperature in K at which the ferrite (YIG) loses its magnetisation."""

GYROMAGNETIC_RATIO_HZ_PER_TESLA = 28.0e9
"""Shift of the ferromagnetic resonance in Hz per tesla (2.8 MHz per oersted)."""

_THIRD_TURN = complex(-0.5, math.sqrt(0.75))


@dataclass(frozen=True, slots=True, kw_only=True)
class CirculatorParameters:
    """Constants of one circulator.

    Attributes
    ----------
    center_frequency_hz
        Centre of the junction in Hz, cold and without stray field.
    splitting_ratio
        D, distance of the two counter-rotating modes over the centre frequency.
    junction_q
        Loaded quality factor Qc of the junction; ideal where Qc D = 0.577.
    insertion_loss_db
        Loss of one pass in dB.
    frozen_shift_fraction
        Relative rise of the centre when the magnetisation is lost altogether.
    field_alignment_factor
        Cosine between stray and bias field: positive aids, negative opposes.
    field_shift_factor
        Relative shift of the centre per relative shift of the resonance.
    field_splitting_factor
        Relative change of the splitting per relative shift of the resonance.
    shield_factor
        How many times the shield weakens a small field.
    shield_limit_tesla
        Field that the shield can carry away at most, in tesla.
    """

    center_frequency_hz: float
    splitting_ratio: float
    junction_q: float
    insertion_loss_db: float
    frozen_shift_fraction: float = 0.12
    field_alignment_factor: float = 1.0
    field_shift_factor: float = 0.5
    field_splitting_factor: float = 1.0
    shield_factor: float = 20.0
    shield_limit_tesla: float = 4.0e-3


@dataclass(frozen=True, slots=True)
class ThreePort:
    """A cyclic three-port: one reflection, one wanted and one unwanted transmission.

    Attributes
    ----------
    reflection
        S11 = S22 = S33, complex, shape (..., point).
    forward
        S21 = S32 = S13.
    leak
        S31 = S12 = S23.
    """

    reflection: Array
    forward: Array
    leak: Array


def magnetisation(temperature_k: Array) -> Array:
    """Return the magnetisation over its value at zero temperature.

    Fit to YIG: 4 pi Ms = 2460 (1 - (T/559)^1.5)^0.67 gauss.
    """
    return (1.0 - (temperature_k / CURIE_TEMPERATURE_K) ** 1.5) ** 0.67


def field_inside_tesla(circulator: CirculatorParameters, field_tesla: Array) -> Array:
    """Return what the shield lets through: B/SF when small, B - limit when large."""
    xp = namespace_of(field_tesla)
    limit = circulator.shield_limit_tesla
    carried = limit * (1.0 - 1.0 / circulator.shield_factor)
    return field_tesla - carried * xp.tanh(field_tesla / limit)


def junction_response(
    frequency_hz: Array,
    center_frequency_hz: Array,
    splitting_ratio: Array,
    junction_q: float,
    insertion_loss_db: float,
) -> ThreePort:
    """Return the cyclic scattering parameters of a junction.

    Notes
    -----
    Eigenvalues s0 = -1 and s+- = (1 + j x+-) / (1 - j x+-) with
    x+- = 2 Qc (f - f+-) / fc and f+- = fc (1 -+ D/2) (Bosma; Fay and Comstock).
    They have modulus 1, so the junction is lossless before its insertion loss.
    """
    detuning = 2.0 * junction_q * (frequency_hz / center_frequency_hz - 1.0)
    x_plus = detuning + junction_q * splitting_ratio
    x_minus = detuning - junction_q * splitting_ratio
    s_plus = (1.0 + 1j * x_plus) / (1.0 - 1j * x_plus)
    s_minus = (1.0 + 1j * x_minus) / (1.0 - 1j * x_minus)
    turn, back = _THIRD_TURN, _THIRD_TURN.conjugate()
    passed = 10.0 ** (-insertion_loss_db / 20.0) / 3.0
    return ThreePort(
        reflection=passed * (s_plus + s_minus - 1.0),
        forward=passed * (turn * s_plus + back * s_minus - 1.0),
        leak=passed * (back * s_plus + turn * s_minus - 1.0),
    )


def circulator_response(
    circulator: CirculatorParameters,
    frequency_hz: Array,
    temperature_k: Array,
    magnetic_field_tesla: Array,
) -> ThreePort:
    """Return the circulator at a temperature and in a stray field.

    Parameters
    ----------
    temperature_k, magnetic_field_tesla
        At the circulator, in K and tesla, shape (1,) or (sweep, 1).
    """
    magnetised = magnetisation(temperature_k)
    inside_tesla = field_inside_tesla(circulator, magnetic_field_tesla)
    relative = (
        circulator.field_alignment_factor
        * GYROMAGNETIC_RATIO_HZ_PER_TESLA
        * inside_tesla
        / circulator.center_frequency_hz
    )
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
    return junction_response(
        frequency_hz,
        centre_hz,
        splitting,
        circulator.junction_q,
        circulator.insertion_loss_db,
    )


def close_first_port(junction: ThreePort, load_reflection: Array) -> TwoPort:
    """Return ports 2 and 3 as a two-port, with a load at port 1."""
    echoes = load_reflection / (1.0 - junction.reflection * load_reflection)
    return TwoPort(
        s11=junction.reflection + junction.forward * junction.leak * echoes,
        s21=junction.forward + junction.leak * junction.leak * echoes,
        s12=junction.leak + junction.forward * junction.forward * echoes,
        s22=junction.reflection + junction.leak * junction.forward * echoes,
    )


def close_second_port(junction: ThreePort, load_reflection: Array) -> TwoPort:
    """Return ports 1 and 3 as a two-port, with a load at port 2.

    Forward is the way of the reflection: port 1, load at port 2, port 3.
    """
    echoes = load_reflection / (1.0 - junction.reflection * load_reflection)
    return TwoPort(
        s11=junction.reflection + junction.leak * junction.forward * echoes,
        s21=junction.leak + junction.forward * junction.forward * echoes,
        s12=junction.forward + junction.leak * junction.leak * echoes,
        s22=junction.reflection + junction.forward * junction.leak * echoes,
    )


def close_third_port(junction: ThreePort, load_reflection: Array) -> TwoPort:
    """Return ports 2 and 1 as a two-port, with a load at port 3.

    Forward is the blocked way, from port 2 to port 1.
    """
    echoes = load_reflection / (1.0 - junction.reflection * load_reflection)
    return TwoPort(
        s11=junction.reflection + junction.leak * junction.forward * echoes,
        s21=junction.leak + junction.forward * junction.forward * echoes,
        s12=junction.forward + junction.leak * junction.leak * echoes,
        s22=junction.reflection + junction.forward * junction.leak * echoes,
    )
