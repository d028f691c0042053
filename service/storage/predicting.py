"""Whole numbers for samples, less what their neighbours foretell.

Every second sample is foretold from those that stand between, by a polynomial through
three on each side, then every fourth, and so on: that raises noise by a third, where a
prediction from the past doubles it. Before, the turn from point to point that the delay
of the lines makes is taken out. What is left is some bits of noise (P. Lindstrom,
M. Isenburg, IEEE TVCG 12, 1245 (2006); the levels as K. Zhao et al., ICDE 2021).

It is done in double precision by single sums and products, which every machine rounds
alike: what one machine leaves out, any other puts back.
"""

import cmath
import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from types import EllipsisType
from typing import Protocol, TypeAlias

import blosc2
import numpy as np
import numpy.typing as npt

from service.storage.codec import decompress

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]

Foretell: TypeAlias = Callable[[int, Floats, tuple[int, ...]], Floats]
"""Takes half the distance of the known points, these without their turn, and the shape
of what stands behind each of them; returns what is foretold of it."""

_COARSEST = 64
_COARSE = np.s_[..., ::_COARSEST]
_TURNS = 4096
_MOST_POINTS = 32_768
_NEAR, _MIDDLE, _FAR = 150.0 / 256.0, -25.0 / 256.0, 3.0 / 256.0


class Grid(Protocol):
    """The values that a sample may have, and their whole numbers, in order."""

    def numbers(self, values: Floats) -> Integers:
        """Return the numbers of the nearest values, shape (2, trace, point)."""
        ...

    def values(self, numbers: Integers) -> Floats:
        """Return the values of the numbers, shape (2, trace, point)."""
        ...


def compress(
    numbers: Integers, turns: Sequence[complex], grid: Grid, *, level: int
) -> bytes:
    """Compress the numbers of a sweep's samples.

    Parameters
    ----------
    numbers
        Of the real and imaginary parts, shape (2, trace, point).
    turns
        Turn of each trace from point to point, of modulus 1; :func:`turn_of`.
    level
        Effort of Zstandard, 1 to 9.
    """
    body = differences(numbers, turns, grid)
    zigzag = ((body << 1) ^ (body >> 31)).astype("<i4", copy=False)
    packed = blosc2.compress(
        zigzag.data,
        typesize=4,
        clevel=level,
        filter=blosc2.Filter.BITSHUFFLE,
        codec=blosc2.Codec.ZSTD,
    )
    return np.array(turns, "<c16").tobytes() + bytes(packed)


def restore(blob: bytes, trace_count: int, point_count: int, grid: Grid) -> Floats:
    """Return the values of what :func:`compress` wrote, shape (2, trace, point).

    Raises
    ------
    ValueError
        If the blob does not hold that many.
    """
    shape = (2, trace_count, point_count)
    turns, body = _unpack(blob, shape)
    return assemble(body, shape, turns, grid)


def differences(
    numbers: Integers,
    turns: Sequence[complex],
    grid: Grid,
    foretell: Foretell | None = None,
) -> Integers:
    """Take from the numbers what their neighbours foretell, coarse levels first.

    Parameters
    ----------
    foretell
        How; a polynomial through three on each side where None.

    Returns
    -------
    Integers
        Shape (number,).
    """
    wheels = _wheels(turns, numbers.shape[2])
    flat = _turned(grid.values(numbers), wheels, -1.0)
    pieces = [numbers[_COARSE]]
    for step, at in levels():
        foretold = (foretell or _by_polynomial)(
            step, flat[..., :: 2 * step], numbers[at].shape
        )
        pieces.append(numbers[at] - grid.numbers(_turned(foretold, wheels[at], 1.0)))
    return np.concatenate([piece.ravel() for piece in pieces])


def assemble(
    body: Integers,
    shape: tuple[int, int, int],
    turns: Sequence[complex],
    grid: Grid,
    foretell: Foretell | None = None,
) -> Floats:
    """Return the values of :func:`differences`, shape (2, trace, point)."""
    wheels = _wheels(turns, shape[2])
    parts, flat = np.empty(shape), np.empty(shape)
    start = 0
    for step, at in ((0, _COARSE), *levels()):
        numbers = body[start : start + parts[at].size].reshape(parts[at].shape)
        start += numbers.size
        if step:
            foretold = (foretell or _by_polynomial)(
                step, flat[..., :: 2 * step], numbers.shape
            )
            numbers = numbers + grid.numbers(_turned(foretold, wheels[at], 1.0))
        parts[at] = grid.values(numbers)
        flat[at] = _turned(parts[at], wheels[at], -1.0)
    return parts


def turn_of(trace: npt.NDArray[np.complexfloating]) -> complex:
    """Return the mean turn from one point to the next, of modulus 1.

    It is one of a few thousand, so that the powers of those of lines that hardly
    change are at hand.
    """
    mean = complex(np.vdot(trace[:-1], trace[1:]))
    if not math.isfinite(abs(mean)):
        return 1.0 + 0.0j
    angle_rad = round(cmath.phase(mean) * _TURNS / math.tau) * math.tau / _TURNS
    return cmath.rect(1.0, angle_rad)


def without_turn(trace: npt.NDArray[np.complexfloating]) -> Floats:
    """Take the mean turn out of a trace; real and imaginary parts, shape (2, point)."""
    wheels = _wheels([turn_of(trace)], trace.size)
    parts = np.stack([trace.real, trace.imag]).astype(np.float64)
    return _turned(parts[:, np.newaxis], wheels, -1.0)[:, 0]


def without_turns(parts: Floats, turns: Sequence[complex]) -> Floats:
    """Take the turns of several traces out of them, shape (2, trace, point)."""
    return _turned(parts, _wheels(turns, parts.shape[2]), -1.0)


def traces_of(
    parts: Floats, names: Sequence[str]
) -> dict[str, npt.NDArray[np.complex64]]:
    """Return traces by name, in the order of parts of shape (2, trace, point)."""
    table = (parts[0] + 1j * parts[1]).astype(np.complex64)
    return {name: table[row] for row, name in enumerate(names)}


def levels() -> Iterator[tuple[int, tuple[EllipsisType, slice]]]:
    """Yield half the distance of the points that are known, and those between them."""
    step = _COARSEST // 2
    while step:
        yield step, np.s_[..., step :: 2 * step]
        step //= 2


def _by_polynomial(step: int, known: Floats, shape: tuple[int, ...]) -> Floats:
    del step
    return between(known, shape)


def between(known: Floats, shape: tuple[int, ...]) -> Floats:
    """Foretell what stands behind each known point from three on each side."""
    count, pairs = shape[-1], known.shape[-1] - 1
    found = np.empty(shape)
    near = known[..., :-1] + known[..., 1:]
    found[..., :pairs] = near * 0.5
    found[..., pairs:] = known[..., pairs:count]
    if pairs > 4:
        middle = known[..., 1:-4] + known[..., 4:-1]
        far = known[..., :-5] + known[..., 5:]
        inner = near[..., 2:-2] * _NEAR + middle * _MIDDLE
        found[..., 2 : pairs - 2] = inner + far * _FAR
    return found


def _wheels(turns: Sequence[complex], count: int) -> Floats:
    """Return the powers of each turn, shape (2, trace, point): real, imaginary."""
    make = _wheel if count <= _MOST_POINTS else _wheel.__wrapped__
    return np.stack([make(turn, count) for turn in turns], axis=1)


@lru_cache(maxsize=64)
def _wheel(turn: complex, count: int) -> Floats:
    wheel = np.empty((2, count))
    wheel[:, 0] = 1.0, 0.0
    power = np.array([[turn.real], [turn.imag]])
    done = 1
    while done < count:
        more = min(done, count - done)
        wheel[:, done : done + more] = _turned(wheel[:, :more], power, 1.0)
        power = _turned(power, power, 1.0)
        done += more
    return wheel


def _turned(parts: Floats, wheel: Floats, sign: float) -> Floats:
    """Multiply by the wheel, or by its conjugate where the sign is -1."""
    found = np.empty(np.broadcast_shapes(parts.shape, wheel.shape))
    sine = wheel[1] * sign
    found[0] = parts[0] * wheel[0] - parts[1] * sine
    found[1] = parts[1] * wheel[0] + parts[0] * sine
    return found


def _unpack(blob: bytes, shape: tuple[int, int, int]) -> tuple[list[complex], Integers]:
    head_bytes = 16 * shape[1]
    raw = decompress(blob[head_bytes:], 4 * math.prod(shape))
    zigzag = np.frombuffer(raw, dtype="<u4")
    body = (zigzag >> 1).astype(np.int32) ^ -(zigzag & 1).astype(np.int32)
    return np.frombuffer(blob, "<c16", shape[1]).tolist(), body
