"""Samples rounded to the floor of their noise: an eighth of the original bytes.

A step of one standard deviation of the noise adds 1/12 of its variance, so that the
noise rises by 4 % (W. R. Bennett, Bell Syst. Tech. J. 27, 446 (1948)).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import Struct

import numpy as np
import numpy.typing as npt

from instruments.measurement import TraceArray
from service.storage.codec import decompress
from service.storage.fitted_weights import FittedWeights, fit_weights
from service.storage.golomb_rice import decode_integers, encode_integers
from service.storage.predicting import (
    Floats,
    Integers,
    assemble,
    differences,
    restore,
    turn_of,
    without_turn,
    without_turns,
)

QUANTISED_DELTA_ZSTD = 3
"""Read, no longer written: traces in name order; real, then imaginary parts in steps,
differenced along the axis, bit-shuffled, Zstandard by blosc2."""

QUANTISED_INTERPOLATED_ZSTD = 5
"""Read, no longer written: step of each trace as float64, then as codec 4 from the
turns on, for whole numbers of steps."""

QUANTISED_FITTED_RICE = 6
"""Step of each trace as float64, its turn as two; a byte a trace that tells which
levels have weights, and these; what is not foretold of the whole numbers of steps,
coarse levels first, real before imaginary parts, traces in name order, as Golomb-Rice
code."""

STEP_PER_SIGMA = 1.0
"""Step of the quantisation, in standard deviations of the noise per quadrature."""

_ORDERS = range(2, 8)
_MEDIAN_TO_SIGMA = 1.4826
_MAX_STEPS = 2.0**30
_HEAD = Struct("<BB")


def noise_sigma(trace: TraceArray) -> float:
    """Estimate the noise of a trace, per quadrature.

    Differences along the axis take away what is smooth and leave the noise, times the
    root of the sum of their squared coefficients; higher orders take away more. So does
    the mean turn from point to point, which long lines make and which is taken out
    before. The least of the estimates has the least of the trace itself in it.

    Parameters
    ----------
    trace
        Samples, shape (point,).

    Returns
    -------
    float
        Standard deviation in units of the trace; 0 where there is none, or too few
        points to tell.
    """
    if trace.size <= 2 * _ORDERS.stop:
        return 0.0
    plain = np.stack([trace.real, trace.imag]).astype(np.float64)
    estimates = []
    for parts in (plain, without_turn(trace)):
        for order in _ORDERS:
            differences = np.abs(np.diff(parts, order))
            gain = math.sqrt(math.comb(2 * order, order))
            estimates.append(_MEDIAN_TO_SIGMA * float(np.median(differences)) / gain)
    return min(estimates)


def encode_quantised(
    traces: Mapping[str, TraceArray],
) -> tuple[bytes, dict[str, float]] | None:
    """Round the traces of a sweep to steps of their noise and compress them.

    Returns
    -------
    tuple or None
        The blob, and the noise of each trace per quadrature; None where a trace has
        no noise to round to.
    """
    names = sorted(traces)
    noise = {name: noise_sigma(traces[name]) for name in names}
    for name in names:
        step = STEP_PER_SIGMA * noise[name]
        peak = float(np.max(np.abs(traces[name])))
        if step <= 0.0 or not math.isfinite(peak) or peak / step > _MAX_STEPS:
            return None
    table = np.stack([traces[name] for name in names])
    steps = np.array([STEP_PER_SIGMA * noise[name] for name in names], "<f8")
    grid = _Steps(steps)
    numbers = grid.numbers(np.stack([table.real, table.imag]).astype(np.float64))
    turns = [turn_of(trace) for trace in table]
    weights = fit_weights(without_turns(grid.values(numbers), turns), steps)
    head = steps.tobytes() + np.array(turns, "<c16").tobytes()
    body = encode_integers(differences(numbers, turns, grid, weights))
    return head + weights.to_bytes(len(names)) + body, noise


@dataclass(frozen=True, slots=True)
class _Steps:
    """Multiples of each trace's step; steps of shape (trace,)."""

    steps: Floats

    def numbers(self, values: Floats) -> Integers:
        return np.rint(values / self.steps[:, np.newaxis]).astype(np.int32)

    def values(self, numbers: Integers) -> Floats:
        return np.asarray(numbers * self.steps[:, np.newaxis])


def decode_quantised(
    blob: bytes, names: Sequence[str], point_count: int
) -> dict[str, npt.NDArray[np.complex64]]:
    """Restore what :func:`encode_quantised` wrote, to half a step.

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
    return _traces(assemble(body, shape, turns, _Steps(steps), weights), names)


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
    return _traces(restore(body, len(names), point_count, _Steps(steps)), names)


def _traces(
    parts: Floats, names: Sequence[str]
) -> dict[str, npt.NDArray[np.complex64]]:
    table = (parts[0] + 1j * parts[1]).astype(np.complex64)
    return {name: table[row] for row, name in enumerate(names)}


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
