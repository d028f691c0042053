"""The state that limits are asked for: one temperature, one field, usual settings."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.simulation.physics.chain import (
    OperatingPoint,
    Plate,
    PlateTemperatures,
    plates_at,
    with_constants,
)
from models.twin.parameters import FIELD_NAME, TEMPERATURE_NAME

Reals = npt.NDArray[np.float64]

COLDEST_K = 0.01
"""Coldest temperature in K that anybody asks for."""

WARMEST_K = 300.0
"""Warmest temperature in K that anybody asks for."""

LARGEST_FIELD_TESLA = 0.05
"""Largest stray field in tesla that anybody asks for, either sign."""

TEMPERATURE_PRIOR_DEX = math.log10(WARMEST_K / COLDEST_K) / math.sqrt(12.0)
"""Standard deviation of log10 T where nothing is known but that range."""

FIELD_PRIOR_TESLA = 2.0 * LARGEST_FIELD_TESLA / math.sqrt(12.0)
"""The same of the stray field in tesla."""

_STEP_DEX = 1e-4
_DAY_S = 86_400.0

# Inside of their ranges, so that a fit may step to either side.
_BIAS_RATIO = 0.98
_PAD_HEATING_K = 0.05


def point_at(
    temperature_k: float,
    magnetic_field_tesla: float,
    source_power_dbm: float = -20.0,
) -> OperatingPoint:
    """Return the receiver at a temperature in K and a stray field in tesla.

    Cavity and rod are as warm as the mixing chamber, the other plates follow it as
    in ``plates_at``; the VNA was calibrated a day ago.

    Raises
    ------
    ValueError
        If temperature or field lie outside of what can be asked for.
    """
    if not COLDEST_K <= temperature_k <= WARMEST_K:
        raise ValueError(
            f"temperature is {temperature_k:g} K: give {COLDEST_K:g} to {WARMEST_K:g} K"
        )
    if not abs(magnetic_field_tesla) <= LARGEST_FIELD_TESLA:
        raise ValueError(
            f"magnetic field is {magnetic_field_tesla:g} T: give"
            f" {-LARGEST_FIELD_TESLA:g} to {LARGEST_FIELD_TESLA:g} T"
        )
    return _point(temperature_k, magnetic_field_tesla, source_power_dbm)


def points_at(
    temperature_k: Reals, magnetic_field_tesla: Reals, source_power_dbm: float
) -> OperatingPoint:
    """Return the receiver in many states at once, each value of shape (trial,).

    As ``point_at``, of which it is the array form; what can be asked for is the
    caller's to know.
    """
    point = _point(COLDEST_K, 0.0, source_power_dbm)
    plates = _plates(temperature_k, float(point.plates.room_k))
    asked = {
        "cavity_temperature_k": temperature_k,
        "rod_temperature_k": temperature_k,
        FIELD_NAME: magnetic_field_tesla,
    }
    return with_constants(replace(point, plates=plates), asked)


def temperature_slopes(point: OperatingPoint) -> dict[str, Any]:
    """Return how each temperature of a point moves with log10 of the coldest, K/dex.

    Numbers, or one a trial as the point has it. Central differences of ``plates_at``;
    exact to 1e-7.
    """
    temperature_k = point.plates.mixing_chamber_k
    room_k = float(np.mean(point.plates.room_k))
    warmer = _plates(temperature_k * 10.0**_STEP_DEX, room_k)
    colder = _plates(temperature_k / 10.0**_STEP_DEX, room_k)
    slopes = {
        f"plates.{plate.value}_k": (warmer.at(plate) - colder.at(plate))
        / (2.0 * _STEP_DEX)
        for plate in Plate
    }
    own = slopes[TEMPERATURE_NAME]
    return slopes | {"cavity_temperature_k": own, "rod_temperature_k": own}


def asked_slopes(point: OperatingPoint) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return how the point moves with log10 T and with B, in units of their priors."""
    by_temperature = {
        name: TEMPERATURE_PRIOR_DEX * slope
        for name, slope in temperature_slopes(point).items()
    }
    return by_temperature, {FIELD_NAME: FIELD_PRIOR_TESLA}


def _plates(temperature_k: Any, room_k: float) -> PlateTemperatures:
    """Return ``plates_at`` of one temperature or of many, of the same shape."""
    found = [plates_at(float(one), room_k) for one in np.ravel(temperature_k)]
    shape = np.shape(temperature_k)
    values: dict[str, Any] = {
        f"{plate.value}_k": np.reshape([one.at(plate) for one in found], shape)
        for plate in Plate
    }
    return PlateTemperatures(**values)


def _point(
    temperature_k: float, magnetic_field_tesla: float, source_power_dbm: float
) -> OperatingPoint:
    return OperatingPoint(
        plates=plates_at(temperature_k),
        cavity_temperature_k=temperature_k,
        rod_temperature_k=temperature_k,
        magnetic_field_tesla=magnetic_field_tesla,
        hemt_bias_ratio=_BIAS_RATIO,
        pad_heating_k=_PAD_HEATING_K,
        source_power_dbm=source_power_dbm,
        calibration_age_s=_DAY_S,
    )
