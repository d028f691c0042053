"""What neighbours foretell, with weights that were fitted to each trace.

Standing waves of a few delays repeat along the axis: a weighted sum of neighbours
foretells them where a polynomial does not. The best weights of a stationary signal
are complex, those of the two sides conjugate to each other; so four neighbours on
each side take eight real numbers a level. They are fitted where they save more than
they take, and stored, so that whoever reads only adds and multiplies: in double
precision by single sums and products, which every machine rounds alike.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from service.storage.predicting import Floats, between, levels

SIDE = 4
"""Neighbours on each side."""

_ROUNDS = 3
_WIDTH = 15
_WEIGHT_BITS = 32
_MOST_STEPS = 2.0**30
_STEPS = [step for step, _ in levels()]

Weights = Mapping[tuple[int, int], npt.NDArray[np.float32]]
"""Trace and half the distance of the known points to the weights of their sums, then of
their differences, shape (2 * SIDE,)."""


class FittedWeights:
    """Foretells by weights where there are some, by a polynomial elsewhere."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def __call__(self, step: int, known: Floats, shape: tuple[int, ...]) -> Floats:
        """Foretell what stands behind each known point, shape (2, trace, point)."""
        found = between(known, shape)
        for trace in range(shape[1]):
            weights = self._weights.get((trace, step))
            if weights is not None:
                inner = _inner(known.shape[2])
                found[:, trace, inner] = _weighted(known[:, trace], weights)
        return found

    def to_bytes(self, trace_count: int) -> bytes:
        """Write for each trace which levels have weights, as bits, and all weights."""
        masks = bytes(
            sum(
                1 << at
                for at, step in enumerate(_STEPS)
                if (trace, step) in self._weights
            )
            for trace in range(trace_count)
        )
        return masks + b"".join(
            self._weights[trace, step].astype("<f4").tobytes()
            for trace in range(trace_count)
            for step in _STEPS
            if (trace, step) in self._weights
        )

    @classmethod
    def from_bytes(cls, blob: bytes, trace_count: int) -> tuple["FittedWeights", int]:
        """Read what :meth:`to_bytes` wrote; returns how many bytes it took, too.

        Raises
        ------
        ValueError
            If the blob ends before.
        """
        masks, at = blob[:trace_count], trace_count
        keys = [
            (trace, step)
            for trace, mask in enumerate(masks)
            for bit, step in enumerate(_STEPS)
            if mask >> bit & 1
        ]
        table = np.frombuffer(blob, "<f4", 2 * SIDE * len(keys), at)
        rows = table.reshape(len(keys), 2 * SIDE)
        return cls(dict(zip(keys, rows, strict=True))), at + table.nbytes


def fit_weights(flat: Floats, steps: Floats) -> FittedWeights:
    """Fit weights to traces, level by level, where these save more than they take.

    Parameters
    ----------
    flat
        Real and imaginary parts without their turn, shape (2, trace, point).
    steps
        Step of the quantisation of each trace, shape (trace,).
    """
    weights: dict[tuple[int, int], npt.NDArray[np.float32]] = {}
    for trace, step_size in enumerate(steps):
        parts = flat[:, trace] / step_size
        for step, at in levels():
            found = _fit_level(parts[:, :: 2 * step], parts[at])
            if found is not None:
                weights[trace, step] = found
    return FittedWeights(weights)


def _fit_level(known: Floats, wanted: Floats) -> npt.NDArray[np.float32] | None:
    inner = _inner(known.shape[1])
    if inner.stop - inner.start < 8 * SIDE:
        return None
    table, target = _equations(known), wanted[:, inner].ravel()
    spread = np.ones(target.size // 2)
    found = np.zeros(2 * SIDE)
    for _ in range(1 + _ROUNDS):
        # What counts is the logarithm of what is left, not its square.
        scaled = table / np.tile(spread, 2)
        found = _solve(scaled, target / np.tile(spread, 2))
        left = (target - found @ table).reshape(2, -1)
        spread = np.sqrt(_smooth(left[0] ** 2 + left[1] ** 2) + 1.0)
    weights = found.astype(np.float32)
    reach = 4.0 * float(np.abs(known).max() * np.abs(weights).sum())
    if not reach < _MOST_STEPS:
        return None
    before = np.hypot(
        *(wanted - between(known[:, np.newaxis], (2, 1, wanted.shape[1]))[:, 0])[
            :, inner
        ]
    )
    after = np.hypot(*(wanted[:, inner] - _weighted(known, weights)))
    saved_bits = 2.0 * float(np.log2((before + 0.5) / (after + 0.5)).sum())
    return weights if saved_bits > _WEIGHT_BITS * weights.size else None


def _solve(table: Floats, target: Floats) -> Floats:
    matrix = table @ table.T
    matrix += (1e-12 * np.trace(matrix) + 1e-30) * np.eye(len(matrix))
    return np.asarray(np.linalg.solve(matrix, table @ target))


def _equations(known: Floats) -> Floats:
    """Return what each weight multiplies, shape (2 * SIDE, 2 * point)."""
    rows: list[Sequence[Floats]] = []
    for sums, _ in _pairs(known):
        rows.append((sums[0], sums[1]))
    for _, differences in _pairs(known):
        rows.append((-differences[1], differences[0]))
    return np.array([np.concatenate(row) for row in rows])


def _weighted(known: Floats, weights: npt.NDArray[np.float32]) -> Floats:
    """Return the weighted sums, shape (2, point), by single sums and products."""
    plain, turned = weights[:SIDE].astype(float), weights[SIDE:].astype(float)
    inner = _inner(known.shape[1])
    found = np.zeros((2, inner.stop - inner.start))
    for at, (sums, differences) in enumerate(_pairs(known)):
        found = found + sums * plain[at]
        found[0] = found[0] - differences[1] * turned[at]
        found[1] = found[1] + differences[0] * turned[at]
    return found


def _pairs(known: Floats) -> list[tuple[Floats, Floats]]:
    """Return sums and differences of the neighbours at each distance, nearest first."""
    inner, found = _inner(known.shape[1]), []
    for far in range(SIDE):
        after = known[:, inner.start + 1 + far : inner.stop + 1 + far]
        before = known[:, inner.start - far : inner.stop - far]
        found.append((after + before, after - before))
    return found


def _inner(known_count: int) -> slice:
    """Return the points between that have all their neighbours."""
    return slice(SIDE - 1, max(known_count - SIDE, SIDE - 1))


def _smooth(values: Floats) -> Floats:
    return np.convolve(values, np.full(_WIDTH, 1.0 / _WIDTH), "same")
