"""What cold does to matter: resistivity, contraction, electrical length.

Two universal curves of the Debye model carry it all; both are integrated with the
same Gauss-Legendre rule so that they stay differentiable in temperature.
"""

import numpy as np

from instruments.simulation.physics.backend import Array, as_array, namespace_of

DEBYE_TEMPERATURE_K = 343.0
"""Debye temperature of copper in K."""

ROOM_TEMPERATURE_K = 296.0
"""Temperature of the laboratory in K."""

COPPER_CONTRACTION = 0.00324
"""Relative length lost by copper from 293 K to 4 K (Ekin, Experimental Techniques)."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_UNIT_NODES = 0.5 * (_NODES + 1.0)
_UNIT_WEIGHTS = 0.5 * _WEIGHTS
_LARGEST_ARGUMENT = 40.0


def _debye_integral(temperature_k: Array, power: int, *, squared: bool) -> Array:
    """Integrate x^power e^-x / (1 - e^-x)^n from 0 to theta/T, n = 1 or 2."""
    xp = namespace_of(temperature_k)
    limit = xp.clip(DEBYE_TEMPERATURE_K / temperature_k, None, _LARGEST_ARGUMENT)
    x = limit[..., None] * as_array(_UNIT_NODES, limit)
    falling = -xp.expm1(-x)
    density = x**power * xp.exp(-x) / (falling**2 if squared else falling)
    return limit * xp.sum(density * as_array(_UNIT_WEIGHTS, limit), axis=-1)


def _lattice_resistivity(temperature_k: Array) -> Array:
    share = (temperature_k / DEBYE_TEMPERATURE_K) ** 5
    return share * _debye_integral(temperature_k, 5, squared=True)


def _lattice_energy(temperature_k: Array) -> Array:
    share = (temperature_k / DEBYE_TEMPERATURE_K) ** 4
    return share * _debye_integral(temperature_k, 3, squared=False)


_ROOM = np.asarray([ROOM_TEMPERATURE_K])
_ROOM_RESISTIVITY = float(_lattice_resistivity(_ROOM)[0])
_ROOM_ENERGY = float(_lattice_energy(_ROOM)[0])


def resistivity_ratio(temperature_k: Array, residual_ratio: float) -> Array:
    """Return resistivity over its room-temperature value (Bloch-Grueneisen).

    Parameters
    ----------
    temperature_k
        Temperature in K, any shape.
    residual_ratio
        Residual over room-temperature resistivity, 1/RRR.
    """
    lattice = _lattice_resistivity(temperature_k) / _ROOM_RESISTIVITY
    return residual_ratio + (1.0 - residual_ratio) * lattice


def lattice_energy_ratio(temperature_k: Array) -> Array:
    """Return the Debye energy over its room-temperature value: 1 warm, 0 cold."""
    return _lattice_energy(temperature_k) / _ROOM_ENERGY


def contraction(temperature_k: Array) -> Array:
    """Return the relative length lost by copper since room temperature.

    Grueneisen's law: expansion follows the lattice energy.
    """
    return COPPER_CONTRACTION * (1.0 - lattice_energy_ratio(temperature_k))
