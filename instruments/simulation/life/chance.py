"""Chance as a function: the same seed, topic and index always give the same number.

Streams would have to be asked in order; these numbers can be asked for any sweep of a
year, alone or many at once.
"""

import math
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def uniforms(seed: int, topic: str, index: Any) -> Floats:
    """Return numbers above 0 and below 1, of the shape of the indices.

    Parameters
    ----------
    seed
        Of the life.
    topic
        What the number is for; topics are independent of each other.
    index
        Whole numbers, any shape.
    """
    start = (seed * _GOLDEN + zlib.crc32(topic.encode()) * 0xD1342543DE82EF95) & _MASK
    with np.errstate(over="ignore"):
        state = np.asarray(index).astype(np.int64).astype(np.uint64)
        state = _scrambled(state * np.uint64(_GOLDEN) + np.uint64(start))
        state = _scrambled(state + np.uint64(_GOLDEN))
    return np.asarray((state >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normals(seed: int, topic: str, index: Any) -> Floats:
    """Return standard normal numbers, of the shape of the indices."""
    radius = np.sqrt(-2.0 * np.log(uniforms(seed, f"{topic}/radius", index)))
    turn = 2.0 * math.pi * uniforms(seed, f"{topic}/turn", index)
    return np.asarray(radius * np.cos(turn))


def moments(time_s: Any) -> npt.NDArray[np.int64]:
    """Return whole microseconds: times as indices of chance."""
    return np.rint(np.asarray(time_s, dtype=np.float64) * 1e6).astype(np.int64)


def _scrambled(state: Any) -> Any:
    """Scramble 64 bits (the finaliser of splitmix64, Steele et al., 2014)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
