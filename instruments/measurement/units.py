"""The only unit conversions of the house.

SI base units everywhere inside; prefixes exist in configuration and on screens.
"""

import math

import numpy as np
import numpy.typing as npt

UNIT_SUFFIXES = (
    "_hz",
    "_s",
    "_k",
    "_tesla",
    "_m",
    "_rad",
    "_w",
    "_dbm",
    "_db",
    "_v",
    "_a",
    "_pa",
    "_ohm",
)
"""The suffixes that a name with a unit may end in."""

FREQUENCY_UNITS_HZ = {"hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9}
"""Hz per unit, for files that name another unit."""


def has_unit_suffix(name: str) -> bool:
    """Tell whether a quantity's name carries its unit."""
    return name.endswith(UNIT_SUFFIXES)


def dbm_to_w(power_dbm: float) -> float:
    """Convert a power level in dBm to watts."""
    return float(10.0 ** (power_dbm / 10.0)) * 1e-3


def w_to_dbm(power_w: float) -> float:
    """Convert a power in watts to dBm.

    Raises
    ------
    ValueError
        If the power is not positive.
    """
    if power_w <= 0.0:
        raise ValueError(f"power_w is {power_w}: a level in dBm needs a power above 0")
    return 10.0 * math.log10(power_w * 1e3)


def magnitude_to_db(
    magnitude: npt.NDArray[np.floating], floor_db: float = -300.0
) -> npt.NDArray[np.float64]:
    """Convert |S| to dB (20 log10), clipped below at ``floor_db``."""
    smallest = 10.0 ** (floor_db / 20.0)
    clipped = np.maximum(np.asarray(magnitude, dtype=np.float64), smallest)
    return np.asarray(20.0 * np.log10(clipped), dtype=np.float64)


def db_to_magnitude(level_db: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Convert dB (20 log10 |S|) to |S|."""
    return np.asarray(10.0 ** (np.asarray(level_db, dtype=np.float64) / 20.0))
