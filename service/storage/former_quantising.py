"""Reads what former editions rounded to the floor of the noise, one step a trace."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

import numpy as np
import numpy.typing as npt

from service.storage.codec import decompress
from service.storage.fitted_weights import FittedWeights
from service.storage.golomb_rice import decode_integers
from service.storage.predicting import (
    Floats,
    Integers,
    assemble,
    restore,
    traces_of,
)

QUANTISED_DELTA_ZSTD = 3
"""Traces in name order; real, then imaginary parts in steps,
differenced along the axis, bit-shuffled, Zstandard by blosc2."""

QUANTISED_INTERPOLATED_ZSTD = 5
"""Step of each trace as float64, then as codec 4 from the
turns on, for whole numbers of steps."""

QUANTISED_FITTED_RICE = 6
"""Step of each trace as float64, its turn as two; a byte a trace that tells which
levels have weights, and these; what is not foretold of the whole numbers of steps,
coarse levels first, real before imaginary parts, traces in name order, as Golomb-Rice
code."""

_HEAD = Struct("<BB")


@dataclass(frozen=True, slots=True)
class _Steps:
    """Multiples of each trace's step; steps of shape (trace,)."""

    steps: Floats

    def numbers(self, values: Floats) -> Integers:
        return np.rint(values / self.steps[:, np.newaxis]).astype(np.int32)

    def values(self, numbers: Integers) -> Floats:
        return np.asarray(numbers * self.steps[:, np.newaxis])


def decode_fitted(
    blob: bytes, names: Sequence[str], point_count: int
) -> dict[str, npt.NDArray[np.complex64]]:
    """Restore what codec 6 wrote, to half a step.

    Raises
    ------
    ValueError
        If the blob does not hold that many samples.
    """
    count, at = len(names), 24 * len(names)
    shape = (2, count, point_count)
    steps = np.frombuffer(blob, "<f8", count)
    turns = np.frombuffer(blob, "<c16", count, steps.nbytes).tolist()
    weights, used = FittedWeights.from_bytes(blob[at:], count)
    body = decode_integers(blob[at + used :], math.prod(shape))
    return traces_of(assemble(body, shape, turns, _Steps(steps), weights), names)


def decode_interpolated_steps(
    blob: bytes, names: Sequence[str], point_count: int
) -> dict[str, npt.NDArray[np.complex64]]:
    """Restore what codec 5 wrote, to half a step.

    Raises
    ------
    ValueError
        If the blob does not hold that many samples.
    """
    steps = np.frombuffer(blob, "<f8", len(names))
    body = blob[steps.nbytes :]
    return traces_of(restore(body, len(names), point_count, _Steps(steps)), names)


def decode_differences(
    blob: bytes, names: Sequence[str], point_count: int
) -> dict[str, npt.NDArray[np.complex64]]:
    """Restore what codec 3 wrote, to half a step.

    Raises
    ------
    ValueError
        If the blob does not hold that many samples.
    """
    order, width = _HEAD.unpack_from(blob)
    body = blob[_HEAD.size + 8 * len(names) :]
    raw = decompress(body, 2 * len(names) * point_count * width)
    steps = np.frombuffer(blob, "<f8", len(names), _HEAD.size)
    table = np.frombuffer(raw, f"<i{width}")
    table = table.reshape(2 * len(names), point_count).astype(np.int64)
    for _ in range(order):
        table = np.cumsum(table, axis=1)
    values = table * np.repeat(steps, 2)[:, np.newaxis]
    return {
        name: (values[2 * at] + 1j * values[2 * at + 1]).astype(np.complex64)
        for at, name in enumerate(names)
    }
