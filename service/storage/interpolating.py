"""Samples bit for bit in half their bytes: what neighbours foretell is left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instruments.measurement import TraceArray
from service.storage.predicting import (
    Floats,
    Grid,
    Integers,
    compress,
    restore,
    turn_of,
)

INTERPOLATED_ZSTD = 4
"""One byte of decimal digits, 0 for single precision; the turn of each trace as two
float64; what is not foretold as zigzag uint32, coarse levels first, bit-shuffled,
Zstandard by blosc2. Traces in name order, real before imaginary parts."""

_DIGITS = (3, 4, 5, 6, 7, 8, 9)
_PROBE = 8
_MOST_MULTIPLES = 2.0**24
_LARGEST = 2**31 - 1
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class _Singles:
    """All numbers in single precision, in their order."""

    def numbers(self, values: npt.NDArray[np.floating]) -> Integers:
        with np.errstate(over="ignore"):
            bits = values.astype("<f4", order="C").view(np.int32)
        return _reordered(bits)

    def values(self, numbers: Integers) -> Floats:
        return _reordered(numbers).view(np.float32).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Decimals:
    """Multiples of a negative power of ten, as instruments that write text give."""

    digit_count: int

    def numbers(self, values: npt.NDArray[np.floating]) -> Integers:
        multiples = np.rint(
            values.astype(np.float64, copy=False) * 10.0**self.digit_count
        )
        return np.clip(multiples, -_LARGEST, _LARGEST).astype(np.int32)

    def values(self, numbers: Integers) -> Floats:
        return (numbers / 10.0**self.digit_count).astype(np.float32).astype(np.float64)


def encode_interpolated(
    traces: Mapping[str, TraceArray],
) -> tuple[tuple[str, ...], bytes]:
    """Compress the traces of a sweep as one blob.

    Parameters
    ----------
    traces
        Trace name to samples, each shape (point,); complex128 is rounded to
        complex64, which is exact to 6e-8 relative.

    Returns
    -------
    tuple
        The names in the order of the samples, and the blob.
    """
    names = tuple(sorted(traces))
    table = np.stack([traces[name].astype("<c8", copy=False) for name in names])
    parts = np.stack([table.real, table.imag])
    digits = _decimal_digits(parts)
    grid = _grid(digits)
    turns = [turn_of(trace) for trace in table]
    return names, bytes([digits]) + compress(
        grid.numbers(parts), turns, grid, level=_LEVEL
    )


def decode_interpolated(
    blob: bytes, names: Sequence[str], point_count: int
) -> dict[str, npt.NDArray[np.complex64]]:
    """Restore what :func:`encode_interpolated` wrote, bit for bit.

    Returns
    -------
    dict
        Trace name to complex64 samples, each shape (point,).

    Raises
    ------
    ValueError
        If the blob does not hold that many samples.
    """
    if not blob:
        raise ValueError("a stored blob is empty")
    parts = restore(blob[1:], len(names), point_count, _grid(blob[0]))
    table = np.empty(parts.shape[1:], dtype=np.complex64)
    table.real, table.imag = parts
    return {name: table[row] for row, name in enumerate(names)}


def _grid(digits: int) -> Grid:
    return _Decimals(digits) if digits else _Singles()


def _decimal_digits(parts: npt.NDArray[np.float32]) -> int:
    """Return how many decimal digits give every sample exactly, 0 where none do.

    More multiples than a mantissa has values would be no gain.
    """
    few = parts[..., :_PROBE].reshape(-1, 1)
    likely = _is_decimal(few, 10.0 ** np.array(_DIGITS)).all(axis=0)
    for digits in np.array(_DIGITS)[likely].tolist():
        if float(np.abs(parts).max()) * 10.0**digits > _MOST_MULTIPLES:
            return 0
        if _is_decimal(parts, np.float64(10.0**digits)).all():
            return int(digits)
    return 0


def _is_decimal(
    values: npt.NDArray[np.float32], scale: npt.NDArray[np.float64] | np.float64
) -> npt.NDArray[np.bool_]:
    with np.errstate(over="ignore"):
        multiples = np.rint(values.astype(np.float64) * scale)
        nearest = (multiples / scale).astype(np.float32)
    # Whole numbers know no negative zero.
    return np.asarray((nearest == values) & ((values != 0.0) | ~np.signbit(values)))


def _reordered(bits: Integers) -> Integers:
    # Negative numbers count backwards in their bits; the change is its own inverse.
    return bits ^ ((bits >> 31) & _LARGEST)
