"""Whole numbers in as many bits as they need, block by block.

A number is written as its low bits, whose count a block of numbers shares, and as
many zeros before a one as the rest counts (R. F. Rice, J. R. Plaunt, IEEE Trans.
Commun. 19, 889 (1971)). For noise whose size changes along the axis that is near the
least there is; it is whole numbers alone, so that every machine reads the same.
"""

from struct import Struct

import numpy as np
import numpy.typing as npt

from service.storage.predicting import Integers

BLOCK = 32
"""Numbers that share a count of low bits."""

_MOST_LOW_BITS = 31
_LOW_BITS_OF_HEAD = 1
_HEAD = Struct("<II")

_Codes = npt.NDArray[np.int64]


def encode_integers(numbers: Integers) -> bytes:
    """Write numbers of either sign, shape (number,).

    The head has the bytes of two codes of ones and zeros; then come those of the counts
    of low bits, each less the one before, and those of the numbers themselves.
    """
    codes = _zigzag(numbers.astype(np.int64))
    if not codes.size:
        return _HEAD.pack(0, 0)
    widths = _widths(codes)
    head_ones, head_low = _write(
        _zigzag(np.diff(widths, prepend=0)), np.full(widths.size, _LOW_BITS_OF_HEAD)
    )
    ones, low = _write(codes, np.repeat(widths, BLOCK)[: codes.size])
    head = _HEAD.pack(len(head_ones), len(ones))
    return head + head_ones + head_low + ones + low


def decode_integers(blob: bytes, count: int) -> Integers:
    """Read what :func:`encode_integers` wrote.

    Raises
    ------
    ValueError
        If the blob does not hold exactly that many numbers.
    """
    if len(blob) < _HEAD.size:
        raise ValueError("a stored blob ends before its numbers")
    head_bytes, body_bytes = _HEAD.unpack_from(blob)
    body = blob[_HEAD.size :]
    block_count = -(-count // BLOCK)
    changes, used = _read(
        body, head_bytes, np.full(block_count, _LOW_BITS_OF_HEAD, np.int64)
    )
    widths = np.cumsum(_unzigzag(changes))
    if np.any((widths < 0) | (widths > _MOST_LOW_BITS)):
        raise ValueError("a stored blob counts more bits than a number has")
    codes, more = _read(body[used:], body_bytes, np.repeat(widths, BLOCK)[:count])
    if used + more != len(body):
        raise ValueError(
            f"a stored blob holds other than the {count} numbers that are due"
        )
    return _unzigzag(codes).astype(np.int32)


def _widths(codes: _Codes) -> _Codes:
    """Choose each block's count of low bits, near the logarithm of its mean."""
    starts = np.arange(0, codes.size, BLOCK)
    sizes = np.diff(starts, append=codes.size)
    means = np.add.reduceat(codes, starts) // sizes
    likely = np.frexp(means.astype(np.float64))[1].astype(np.int64)
    best, fewest = likely, np.full(starts.size, np.iinfo(np.int64).max)
    for change in (-2, -1, 0, 1):
        widths = np.clip(likely + change, 0, _MOST_LOW_BITS)
        ones = codes >> np.repeat(widths, BLOCK)[: codes.size]
        bits = np.add.reduceat(ones, starts) + sizes * widths
        best = np.where(bits < fewest, widths, best)
        fewest = np.minimum(bits, fewest)
    return best


def _write(codes: _Codes, widths: _Codes) -> tuple[bytes, bytes]:
    ends = np.cumsum((codes >> widths) + 1) - 1
    ones = np.zeros(int(ends[-1]) + 1, np.uint8)
    ones[ends] = 1
    starts = np.cumsum(widths) - widths
    low = np.zeros(int(widths.sum()), np.uint8)
    for bit in range(int(widths.max())):
        has = widths > bit
        low[starts[has] + bit] = codes[has] >> bit & 1
    return np.packbits(ones).tobytes(), np.packbits(low).tobytes()


def _read(blob: bytes, ones_bytes: int, widths: _Codes) -> tuple[_Codes, int]:
    """Return the codes, and how many bytes they took."""
    low_bytes = -(-int(widths.sum()) // 8)
    used = ones_bytes + low_bytes
    if used > len(blob):
        raise ValueError("a stored blob ends before its numbers")
    ones = np.unpackbits(np.frombuffer(blob, np.uint8, ones_bytes))
    ends = np.flatnonzero(ones)
    if ends.size != widths.size or (ends.size and ones_bytes != int(ends[-1]) // 8 + 1):
        raise ValueError(
            f"a stored blob holds other than the {widths.size} that are due"
        )
    codes = np.diff(ends, prepend=-1) - 1 << widths
    low = np.unpackbits(np.frombuffer(blob, np.uint8, low_bytes, ones_bytes))
    starts = np.cumsum(widths) - widths
    for bit in range(int(widths.max(initial=0))):
        has = widths > bit
        codes[has] |= low[starts[has] + bit].astype(np.int64) << bit
    return codes, used


def _zigzag(numbers: _Codes) -> _Codes:
    return (numbers << 1) ^ (numbers >> 63)


def _unzigzag(codes: _Codes) -> _Codes:
    return (codes >> 1) ^ -(codes & 1)
