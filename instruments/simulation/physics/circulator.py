"""A cyclic three-port, what a load at one of its ports makes of it, and its ferrite."""

from dataclasses import dataclass

from instruments.simulation.physics.backend import Array
from instruments.simulation.physics.two_port import TwoPort

CURIE_TEMPERATURE_K = 559.0
"""Temperature in K at which the ferrite (YIG) loses its magnetisation."""

GYROMAGNETIC_RATIO_HZ_PER_TESLA = 28.0e9
"""Shift of the ferromagnetic resonance in Hz per tesla (2.8 MHz per oersted)."""


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
