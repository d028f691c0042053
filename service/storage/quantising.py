"""Samples rounded to the floor of their noise: an eighth of the original bytes.

A step of one standard deviation of the noise adds 1/12 of its variance, so that the
noise rises by 4 % (W. R. Bennett, Bell Syst. Tech. J. 27, 446 (1948)).
"""

import math
from collections.abc import Mapping, Sequence
from struct import Struct
from typing import Any

import blosc2
import numpy as np
import numpy.typing as npt

from instruments.measurement import TraceArray

QUANTISED_DELTA_ZSTD = 3
"""Traces in name order; real, then imaginary parts in steps, differenced along the
axis, bit-shuffled, Zstandard by blosc2."""

STEP_PER_SIGMA = 1.0
"""Step of the quantisation, in standard deviations of the noise per quadrature."""

_ORDERS = range(2, 8)
_DIFFERENCES = range(5)
_MEDIAN_TO_SIGMA = 1.4826
_MAX_STEPS = 2.0**30
_HEAD = Struct("<BB")


def noise_sigma(trace: TraceArray) -> float:
    """Estimate the noise of a trace, per quadrature.

    Differences along the axis take away what is smooth and leave the noise, times the
    root of the sum of their squared coefficients; higher orders take away more. The
    least of the estimates has the least of the trace itself in it.

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
    estimates = []
    for order in _ORDERS:
        differences = np.diff(trace.astype(np.complex128), order)
        parts = np.concatenate([differences.real, differences.imag])
        gain = math.sqrt(math.comb(2 * order, order))
        estimates.append(_MEDIAN_TO_SIGMA * float(np.median(np.abs(parts))) / gain)
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
    columns: list[npt.NDArray[np.int64]] = []
    for name in names:
        step = STEP_PER_SIGMA * noise[name]
        peak = float(np.max(np.abs(traces[name])))
        if step <= 0.0 or not math.isfinite(peak) or peak / step > _MAX_STEPS:
            return None
        columns += [_steps(traces[name].real, step), _steps(traces[name].imag, step)]
    blobs = [_pack(columns, order) for order in _DIFFERENCES]
    head = np.array([STEP_PER_SIGMA * noise[name] for name in names], "<f8").tobytes()
    order, width, body = min(blobs, key=lambda one: len(one[2]))
    return _HEAD.pack(order, width) + head + body, noise


def decode_quantised(
    blob: bytes, names: Sequence[str], point_count: int
) -> dict[str, npt.NDArray[np.complex64]]:
    """Restore what :func:`encode_quantised` wrote, to half a step.

    Raises
    ------
    ValueError
        If the blob does not hold that many samples.
    """
    order, width = _HEAD.unpack_from(blob)
    body = blob[_HEAD.size + 8 * len(names) :]
    declared, _, _ = blosc2.get_cbuffer_sizes(body)
    due = 2 * len(names) * point_count * width
    if declared != due:
        raise ValueError(f"a stored blob holds {declared} bytes where {due} are due")
    steps = np.frombuffer(blob, "<f8", len(names), _HEAD.size)
    table = np.frombuffer(blosc2.decompress(body), f"<i{width}")
    table = table.reshape(2 * len(names), point_count).astype(np.int64)
    for _ in range(order):
        table = np.cumsum(table, axis=1)
    values = table * np.repeat(steps, 2)[:, np.newaxis]
    return {
        name: (values[2 * at] + 1j * values[2 * at + 1]).astype(np.complex64)
        for at, name in enumerate(names)
    }


def _steps(part: npt.NDArray[np.floating[Any]], step: float) -> npt.NDArray[np.int64]:
    return np.round(part.astype(np.float64) / step).astype(np.int64)


def _pack(
    columns: Sequence[npt.NDArray[np.int64]], order: int
) -> tuple[int, int, bytes]:
    steps = np.stack(columns)
    for _ in range(order):
        steps = np.diff(steps, axis=1, prepend=0)
    width = next(
        width
        for width in (1, 2, 4, 8)
        if int(np.max(np.abs(steps))) < 2 ** (8 * width - 1)
    )
    body = blosc2.compress(
        steps.astype(f"<i{width}").tobytes(),
        typesize=width,
        clevel=5,
        filter=blosc2.Filter.BITSHUFFLE,
        codec=blosc2.Codec.ZSTD,
    )
    return order, width, bytes(body)
