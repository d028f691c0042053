"""Samples rounded to the floor of their noise, less what a sweep before foretells.

A step of one standard deviation of the noise adds 1/12 of its variance, so that the
noise rises by 4 % (W. R. Bennett, Bell Syst. Tech. J. 27, 446 (1948)). An array is
measured again and again in the same state: what is left of a sweep behind another one
is little more than the noise of both. One sweep leans on another that leans on none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import numpy as np
import numpy.typing as npt

from instruments.measurement import TraceArray
from service.storage.fitted_weights import FittedWeights, fit_weights
from service.storage.golomb_rice import decode_integers, encode_integers
from service.storage.noise_floor import NoiseFloor, knot_count, noise_floor
from service.storage.predicting import (
    Floats,
    Integers,
    assemble,
    differences,
    traces_of,
    turn_of,
    without_turns,
)

QUANTISED_ALONE = 7
"""Highest noise of each trace as float64; a byte a trace that tells whether it differs
along the axis, and the numbers of those where it does, a byte each; then as codec 6
from the turns on, for whole numbers of steps of the noise."""

QUANTISED_LEANING = 8
"""Id of another sweep, 16 bytes; then as codec 7, for what that sweep's samples, in
whole numbers of the same steps, leave."""

ID_BYTES = 16
"""Length of the id with which a blob of codec 8 begins."""

STEP_PER_SIGMA = 1.0
"""Step of the quantisation, in standard deviations of the noise per quadrature."""

Traces: TypeAlias = Mapping[str, TraceArray]
"""Samples by name, each shape (point,)."""

_MAX_STEPS = 2.0**28
_LEAST_GAIN_BITS = 0.5


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A sweep of the same kind, near in time: names and axis are the same.

    Attributes
    ----------
    traces
        Its samples by name; rounded ones where others may lean on it.
    sweep_id
        Its id where others may lean on it; None: it tells of the noise alone.
    """

    traces: Traces
    sweep_id: str | None = None


@dataclass(frozen=True, slots=True)
class Rounded:
    """What becomes of a sweep.

    Attributes
    ----------
    noise
        Trace name to its noise per quadrature, median along the axis, in units of the
        trace.
    """

    codec: int
    blob: bytes
    noise: Mapping[str, float]


def encode_quantised(
    traces: Traces, neighbour: Neighbour | None = None
) -> Rounded | None:
    """Round the traces of a sweep to steps of their noise and compress them.

    Returns
    -------
    Rounded or None
        None where a trace has no noise to round to.
    """
    names = sorted(traces)
    floors = [_floor(traces[name], name, neighbour) for name in names]
    parts = _parts(traces, names)
    if not all(floor.sigma > 0.0 for floor in floors):
        return None
    steps = _steps(floors, parts.shape[2])
    if not _are_few(parts, steps):
        return None
    numbers = _numbers(parts, steps)
    medians = np.median(steps, axis=1) / STEP_PER_SIGMA
    noise = dict(zip(names, medians.tolist(), strict=True))
    head = _write_floors(floors)
    if neighbour is not None and neighbour.sweep_id is not None:
        left = _left(numbers, _parts(neighbour.traces, names), steps)
        if left is not None:
            head = UUID(neighbour.sweep_id).bytes + head
            return Rounded(QUANTISED_LEANING, head + _write_numbers(left), noise)
    return Rounded(QUANTISED_ALONE, head + _write_numbers(numbers), noise)


def leans_on(blob: bytes) -> str:
    """Return the id of the sweep that is needed to read a blob of codec 8."""
    return str(UUID(bytes=blob[:ID_BYTES]))


def stand_alone(
    blob: bytes, names: Sequence[str], point_count: int, basis: Traces
) -> bytes:
    """Write a blob of codec 8 as one of codec 7 that restores the same bits.

    Raises
    ------
    ValueError
        If the blob does not hold that many samples.
    """
    body = blob[ID_BYTES:]
    steps, numbers, used = _read(body, len(names), point_count)
    numbers = numbers + _numbers(_parts(basis, names), steps)
    return body[:used] + _write_numbers(numbers)


def decode_alone(
    blob: bytes, names: Sequence[str], point_count: int
) -> dict[str, npt.NDArray[np.complex64]]:
    """Restore what codec 7 wrote, to half a step.

    Raises
    ------
    ValueError
        If the blob does not hold that many samples.
    """
    steps, numbers, _ = _read(blob, len(names), point_count)
    return traces_of(numbers * steps, names)


def decode_leaning(
    blob: bytes, names: Sequence[str], point_count: int, basis: Traces
) -> dict[str, npt.NDArray[np.complex64]]:
    """Restore what codec 8 wrote, to half a step.

    Parameters
    ----------
    basis
        Samples of the sweep that :func:`leans_on` names, as they were restored.

    Raises
    ------
    ValueError
        If the blob does not hold that many samples.
    """
    steps, numbers, _ = _read(blob[ID_BYTES:], len(names), point_count)
    numbers = numbers + _numbers(_parts(basis, names), steps)
    return traces_of(numbers * steps, names)


def read_floors(
    blob: bytes, count: int, point_count: int
) -> tuple[list[NoiseFloor], int]:
    """Read the floors of the traces from a blob of codec 7.

    Returns
    -------
    tuple
        The floors in name order, and how many bytes they took.

    Raises
    ------
    ValueError
        If the blob ends before.
    """
    sigmas = np.frombuffer(blob, "<f8", count)
    differ = np.frombuffer(blob, np.uint8, count, sigmas.nbytes)
    floors, at = [], sigmas.nbytes + count
    for sigma, size in zip(
        sigmas.tolist(), differ * knot_count(point_count), strict=True
    ):
        floors.append(NoiseFloor(sigma, np.frombuffer(blob, np.uint8, size, at)))
        at += int(size)
    return floors, at


class _Whole:
    """Whole numbers are their own values."""

    def numbers(self, values: Floats) -> Integers:
        return np.rint(values).astype(np.int32)

    def values(self, numbers: Integers) -> Floats:
        return numbers.astype(np.float64)


_WHOLE = _Whole()


def _floor(trace: TraceArray, name: str, neighbour: Neighbour | None) -> NoiseFloor:
    if neighbour is None:
        return noise_floor(trace, None, 1.0)
    is_rounded = neighbour.sweep_id is not None
    share = 2.0 + STEP_PER_SIGMA**2 / 12.0 * is_rounded
    return noise_floor(trace, neighbour.traces[name], share)


def _left(numbers: Integers, basis: Floats, steps: Floats) -> Integers | None:
    """Return what another sweep leaves of a sweep; None where that is hardly less."""
    if not _are_few(basis, steps):
        return None
    left = numbers - _numbers(basis, steps)
    is_less = _bits(left) < _bits(numbers) - _LEAST_GAIN_BITS
    return left if is_less else None


def _bits(numbers: Integers) -> float:
    """Return about how many bits a number takes where weights are not fitted."""
    left = differences(numbers, _turns(numbers), _WHOLE)
    return float(np.log2(1.0 + np.abs(left)).mean())


def _write_numbers(numbers: Integers) -> bytes:
    turns = _turns(numbers)
    flat = without_turns(_WHOLE.values(numbers), turns)
    weights = fit_weights(flat, np.ones(len(turns)))
    body = encode_integers(differences(numbers, turns, _WHOLE, weights))
    return np.array(turns, "<c16").tobytes() + weights.to_bytes(len(turns)) + body


def _read(blob: bytes, count: int, point_count: int) -> tuple[Floats, Integers, int]:
    """Return steps and numbers, and how many bytes the steps took."""
    floors, used = read_floors(blob, count, point_count)
    turns = np.frombuffer(blob, "<c16", count, used)
    at = used + turns.nbytes
    weights, more = FittedWeights.from_bytes(blob[at:], count)
    shape = (2, count, point_count)
    body = decode_integers(blob[at + more :], math.prod(shape))
    values = assemble(body, shape, turns.tolist(), _WHOLE, weights)
    return _steps(floors, point_count), _WHOLE.numbers(values), used


def _write_floors(floors: Sequence[NoiseFloor]) -> bytes:
    sigmas = np.array([floor.sigma for floor in floors], "<f8")
    differ = bytes(min(floor.codes.size, 1) for floor in floors)
    codes = b"".join(floor.codes.tobytes() for floor in floors)
    return sigmas.tobytes() + differ + codes


def _steps(floors: Sequence[NoiseFloor], point_count: int) -> Floats:
    """Return the steps, shape (trace, point)."""
    return STEP_PER_SIGMA * np.stack([floor.along(point_count) for floor in floors])


def _numbers(parts: Floats, steps: Floats) -> Integers:
    return _WHOLE.numbers(parts / steps)


def _are_few(parts: Floats, steps: Floats) -> bool:
    """Tell whether whole numbers of steps, and their differences, have 31 bits."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return bool(np.all(np.abs(parts) < _MAX_STEPS * steps))


def _parts(traces: Traces, names: Sequence[str]) -> Floats:
    """Return real and imaginary parts, shape (2, trace, point)."""
    table = np.stack([traces[name] for name in names])
    return np.stack([table.real, table.imag]).astype(np.float64)


def _turns(numbers: Integers) -> list[complex]:
    return [
        turn_of(real + 1j * imaginary) for real, imaginary in zip(*numbers, strict=True)
    ]
