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

UNIT_FACTORS = {
    "_hz": {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9},
    "_s": {"s": 1.0, "ms": 1e-3, "us": 1e-6},
    "_k": {"K": 1.0, "mK": 1e-3},
    "_tesla": {"T": 1.0, "mT": 1e-3, "G": 1e-4, "kG": 0.1},
    "_m": {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "um": 1e-6},
    "_rad": {"rad": 1.0, "mrad": 1e-3, "deg": math.pi / 180.0},
    "_w": {"W": 1.0, "mW": 1e-3, "uW": 1e-6},
    "_dbm": {"dBm": 1.0},
    "_db": {"dB": 1.0},
    "_v": {"V": 1.0, "mV": 1e-3, "uV": 1e-6},
    "_a": {"A": 1.0, "mA": 1e-3, "uA": 1e-6},
    "_pa": {"Pa": 1.0, "mbar": 100.0, "bar": 1e5},
    "_ohm": {"Ohm": 1.0, "kOhm": 1e3},
}
"""Suffix to the units that a foreign source may tell, each with its factor to SI."""

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
