"""Metals and dielectrics from 0 K to room temperature.

Conductors: Bloch-Grueneisen resistivity, normal and anomalous skin effect, and the
superconducting transition in temperature and field. Dielectrics: a constant loss
tangent with the dispersion that causality asks for.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from instruments.simulation.physics.backend import Array, as_array, namespace_of
from instruments.simulation.physics.chain.ranges import constant

VACUUM_PERMEABILITY = 4.0e-7 * math.pi
LIGHT_SPEED_HZ_M = 299_792_458.0
ROOM_TEMPERATURE_K = 296.0

MEAN_FREE_PATH_PRODUCT = 6.8e-16
"""Resistivity times mean free path of copper in ohm square metres."""

_SMALLEST_TEMPERATURE_K = 1.0e-3
_LARGEST_ARGUMENT = 40.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_UNIT_NODES = 0.5 * (_NODES + 1.0)
_UNIT_WEIGHTS = 0.5 * _WEIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Metal:
    """A conductor.

    Attributes
    ----------
    room_resistivity_ohm_m
        Resistivity at 296 K in ohm metres.
    residual_ratio
        Residual over room-temperature resistivity, 1/RRR.
    debye_temperature_k
        Debye temperature in K.
    critical_temperature_k
        Temperature in K below which it superconducts in no field; 0 = never.
    critical_field_tesla
        Upper critical field in tesla at low temperature.
    transition_width_k
        Width of the transition in K.
    """

    room_resistivity_ohm_m: float = constant(
        low=1e-9, high=1e-5, spread=0.03, is_relative=True
    )
    residual_ratio: float = constant(low=1e-4, high=1.0, spread=0.05, is_relative=True)
    debye_temperature_k: float = constant(
        low=50.0, high=1000.0, spread=0.0, default=343.0
    )
    critical_temperature_k: float = constant(
        low=0.0, high=120.0, spread=0.01, is_relative=True, default=0.0
    )
    critical_field_tesla: float = constant(
        low=0.01, high=200.0, spread=0.05, is_relative=True, default=14.0
    )
    transition_width_k: float = constant(low=0.01, high=2.0, spread=0.05, default=0.2)


COPPER = Metal(room_resistivity_ohm_m=1.72e-8, residual_ratio=0.01)
SILVERED_COPPER = Metal(room_resistivity_ohm_m=1.72e-8, residual_ratio=0.04)
BERYLLIUM_COPPER = Metal(room_resistivity_ohm_m=7.5e-8, residual_ratio=0.62)
CUPRONICKEL = Metal(room_resistivity_ohm_m=3.8e-7, residual_ratio=0.92)
STAINLESS_STEEL = Metal(room_resistivity_ohm_m=7.2e-7, residual_ratio=0.68)
NIOBIUM_TITANIUM = Metal(
    room_resistivity_ohm_m=7.6e-7, residual_ratio=0.8, critical_temperature_k=9.2
)
"""The usual metals of cryogenic coax."""


def debye_integral(
    temperature_k: Array, debye_temperature_k: Array, power: int, *, squared: bool
) -> Array:
    """Integrate x^power e^-x / (1 - e^-x)^n from 0 to theta/T, n = 1 or 2.

    The same Gauss-Legendre rule for every temperature keeps it differentiable; below
    theta/40 the integral has reached its limit.
    """
    xp = namespace_of(temperature_k)
    limit = xp.clip(debye_temperature_k / temperature_k, None, _LARGEST_ARGUMENT)
    x = limit[..., None] * as_array(_UNIT_NODES, limit)
    decay = xp.exp(-x)
    falling = 1.0 - decay
    density = x**power * decay / (falling * falling if squared else falling)
    return limit * xp.sum(density * as_array(_UNIT_WEIGHTS, limit), axis=-1)


def _at_room(theta_k: Array, like: Array, power: int, *, squared: bool) -> Array:
    """Return the integral at room temperature with its power of the temperature.

    Remembered for a plain number: a receiver holds a few metals, each looked at often.
    """
    if isinstance(theta_k, np.ndarray) and theta_k.size == 1:
        return _remembered_at_room(float(theta_k.flat[0]), power, squared=squared)
    return _worked_out_at_room(theta_k, like, power, squared=squared)


def _worked_out_at_room(
    theta_k: Array, like: Array, power: int, *, squared: bool
) -> Array:
    room_k = as_array(0.0 * theta_k + ROOM_TEMPERATURE_K, like)
    integral = debye_integral(room_k, theta_k, power, squared=squared)
    return room_k ** (power if squared else power + 1) * integral


@lru_cache(maxsize=256)
def _remembered_at_room(theta_k: float, power: int, *, squared: bool) -> float:
    theta = np.asarray([theta_k])
    return float(_worked_out_at_room(theta, theta, power, squared=squared)[0])


def _above_zero(temperature_k: Array) -> Array:
    xp = namespace_of(temperature_k)
    return xp.clip(temperature_k, _SMALLEST_TEMPERATURE_K, None)


def resistivity_ohm_m(metal: Metal, temperature_k: Array) -> Array:
    """Return the normal-state resistivity in ohm metres (Bloch-Grueneisen)."""
    warm_k = _above_zero(temperature_k)
    theta_k = metal.debye_temperature_k
    lattice = warm_k**5 * debye_integral(warm_k, theta_k, 5, squared=True)
    room = _at_room(theta_k, warm_k, 5, squared=True)
    residual = metal.residual_ratio
    return metal.room_resistivity_ohm_m * (residual + (1.0 - residual) * lattice / room)


def lattice_energy_ratio(temperature_k: Array, debye_temperature_k: Array) -> Array:
    """Return the Debye energy over its room-temperature value: 1 warm, 0 cold."""
    warm_k = _above_zero(temperature_k)
    energy = warm_k**4 * debye_integral(warm_k, debye_temperature_k, 3, squared=False)
    room = _at_room(debye_temperature_k, warm_k, 3, squared=False)
    return energy / room


def surface_resistance_ohm(rho_ohm_m: Array, frequency_hz: Array) -> Array:
    """Return the surface resistance in ohm, classical and anomalous in one curve.

    Notes
    -----
    Classical sqrt(pi f mu0 rho) where a = 3/4 mu0 w (rho l)^2 / rho^3 is small;
    R_inf (1 + 1.157 a^-0.2757) with R_inf = [(sqrt3 / 16 pi) rho l (mu0 w)^2]^(1/3)
    where it is large (Chambers' interpolation, valid from a = 3); in between the
    weight of the second is a^2 / (1 + a^2).
    """
    xp = namespace_of(rho_ohm_m + frequency_hz)
    angular = 2.0 * math.pi * VACUUM_PERMEABILITY * frequency_hz
    classical = xp.sqrt(0.5 * angular * rho_ohm_m)
    a = 0.75 * angular * MEAN_FREE_PATH_PRODUCT**2 / rho_ohm_m**3
    bulk = math.sqrt(3.0) / (16.0 * math.pi) * MEAN_FREE_PATH_PRODUCT * angular**2
    anomalous = bulk ** (1.0 / 3.0) * (1.0 + 1.157 * a**-0.2757)
    weight = a * a / (1.0 + a * a)
    return classical + (anomalous - classical) * weight


def critical_temperature_k(metal: Metal, field_tesla: Array) -> Array:
    """Return Tc in K in a field of either sign: Tc0 (1 - |B|/Bc2)^0.6.

    Above Bc2 the number goes on falling below zero, so that no temperature is cold
    enough.
    """
    xp = namespace_of(field_tesla)
    strength = xp.sqrt(field_tesla**2 + 1e-12)
    left = 1.0 - strength / metal.critical_field_tesla
    curve = xp.clip(left, 1e-9, None) ** 0.6 + xp.clip(left, None, 0.0)
    return metal.critical_temperature_k * curve


def normal_share(metal: Metal, temperature_k: Array, field_tesla: Array) -> Array:
    """Return how normal a metal is: 0 superconducting, 1 normal, smooth between."""
    xp = namespace_of(temperature_k + field_tesla)
    below_k = critical_temperature_k(metal, field_tesla) - temperature_k
    superconducts = metal.critical_temperature_k > 0.0
    share = 0.5 * (1.0 - xp.tanh(0.5 * below_k / metal.transition_width_k))
    return xp.where(superconducts, share, xp.ones_like(share))
