"""Statistics of sweeps under many weightings at once.

A bootstrap draw of whole cycles, one cycle, one band and everything are all weights on
groups of sweeps; a score that takes weights is written once, and thousands of draws
cost little, as sweeps are summed up by group first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

DRAWS = 2000
"""Resamplings of whole cycles."""

_CHUNK_CELLS = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Weighting:
    """How often each group of sweeps counts, in each of several draws.

    Every statistic below returns one value a draw, NaN where no sweep is left.

    Attributes
    ----------
    group
        Group of each sweep, shape (sweep,).
    counts
        Shape (draw, group).
    """

    group: Places
    counts: Reals

    @classmethod
    def of_sweeps(cls, weights: Reals) -> Self:
        """Weigh single sweeps, shape (draw, sweep)."""
        return cls(np.arange(weights.shape[1]), weights)

    @classmethod
    def whole(cls, kept: Flags) -> Self:
        """Count the kept sweeps once, one draw; shape (sweep,)."""
        return cls((~kept).astype(np.intp), np.array([[1.0, 0.0]]))

    @classmethod
    def one_by_one(cls, groups: npt.NDArray[np.generic]) -> tuple[list[str], Self]:
        """Count one group a draw; the names come with it."""
        names, index = np.unique(groups, return_inverse=True)
        return [str(name) for name in names], cls(index, np.eye(names.size))

    @classmethod
    def resampled(
        cls,
        groups: npt.NDArray[np.generic],
        kept: Flags,
        draws: int = DRAWS,
        seed: int = 20260131,
    ) -> Iterator[Self]:
        """Yield bootstrap draws of whole groups among the kept sweeps, in chunks."""
        names, own = np.unique(groups[kept], return_inverse=True)
        index = np.full(groups.size, names.size)
        index[kept] = own
        rng = np.random.default_rng(seed)
        step = max(_CHUNK_CELLS // max(index.size, 1), 1)
        for start in range(0, draws, step):
            size = min(step, draws - start)
            share = np.full(names.size, 1 / names.size)
            counts = np.zeros((size, names.size + 1))
            counts[:, :-1] = rng.multinomial(names.size, share, size)
            yield cls(index, counts)

    def sums(self, values: Reals) -> Reals:
        """Sum values over the groups, (sweep, ...) to (draw, ...)."""
        by_group = np.zeros((self.counts.shape[1], *values.shape[1:]))
        np.add.at(by_group, self.group, values)
        return np.asarray(np.tensordot(self.counts, by_group, axes=1))

    def up_to(self, order: Places) -> Reals:
        """Count sweeps up to each place of an order, shape (draw, sweep)."""
        groups = np.arange(self.counts.shape[1])
        there = self.group[order] == groups[:, None]
        return np.asarray(self.counts @ np.cumsum(there, axis=1, dtype=np.float64))


def mean_of(values: Reals, weighting: Weighting) -> Reals:
    """Return weighted means, (sweep, ...) to (draw, ...)."""
    total = weighting.sums(np.ones(values.shape[0]))
    total = total.reshape(-1, *[1] * (values.ndim - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(weighting.sums(values) / total)


def median_of(values: Reals, weighting: Weighting) -> Reals:
    """Return weighted medians: the mean of the lower and the upper one."""
    order = np.argsort(values, kind="stable")
    total = weighting.up_to(order)
    half = 0.5 * total[:, -1:]
    slack = 1e-9 * half
    lower = (total < half - slack).sum(axis=1).clip(max=values.size - 1)
    upper = (total <= half + slack).sum(axis=1).clip(max=values.size - 1)
    ranked = values[order]
    found = 0.5 * (ranked[lower] + ranked[upper])
    return np.asarray(np.where(half[:, 0] > 0, found, np.nan))


def uniformity_of(pit: Reals, weighting: Weighting) -> Reals:
    """Return the Kolmogorov-Smirnov distance of PIT values from uniform."""
    order = np.argsort(pit, kind="stable")
    total = weighting.up_to(order)
    with np.errstate(invalid="ignore", divide="ignore"):
        after = total / total[:, -1:]
    before = np.concatenate([np.zeros((after.shape[0], 1)), after[:, :-1]], axis=1)
    ranked = pit[order]
    return np.asarray(np.maximum(after - ranked, ranked - before).max(axis=1))


def flatness_of(pit: Reals, weighting: Weighting, bins: int = 10) -> Reals:
    """Return Pearson's chi-square of PIT values against equal bins."""
    place = np.minimum((pit * bins).astype(np.intp), bins - 1)
    counts = weighting.sums(np.eye(bins)[place])
    expected = counts.sum(axis=1, keepdims=True) / bins
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(((counts - expected) ** 2 / expected).sum(axis=1))


def auroc_of(scores: Reals, positive: Flags, weighting: Weighting) -> Reals:
    """Return the area under the receiver operating curve; ties count half.

    Parameters
    ----------
    scores
        Higher speaks for positive, shape (sweep,).
    positive
        Shape (sweep,).
    """
    groups = np.arange(weighting.counts.shape[1])
    there = (weighting.group == groups[:, None]).astype(np.float64)
    _, rank = np.unique(scores, return_inverse=True)
    minus = np.zeros((rank.max(initial=0) + 1, groups.size))
    np.add.at(minus, rank[~positive], there.T[~positive])
    below = np.cumsum(minus, axis=0) - 0.5 * minus
    # Concordant pairs of a positive sweep of one group and a negative one of another.
    pairs = (there * positive) @ below[rank]
    counts = weighting.counts
    won = ((counts @ pairs) * counts).sum(axis=1)
    of_all = (counts @ (there @ positive)) * (counts @ (there @ ~positive))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(won / of_all)


def confusion_of(
    truth: Places, said: Places, count: int, weighting: Weighting
) -> Reals:
    """Return confusion matrices, shape (draw, true class, said class)."""
    cells = np.zeros((weighting.counts.shape[1], count, count))
    np.add.at(cells, (weighting.group, truth, said), 1.0)
    return np.asarray(np.tensordot(weighting.counts, cells, axes=1))


def wilson_interval(
    hits: float, count: float, sigmas: float = 1.959964
) -> tuple[float, float]:
    """Return Wilson's score interval of a share; of 95 % unless told otherwise.

    Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
    """
    if count <= 0:
        return 0.0, 1.0
    share, square = hits / count, sigmas**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    spread = sigmas * np.sqrt(share * (1 - share) / count + square / (4 * count**2))
    half = float(spread) / (1 + square / count)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def false_positive_rate_at(known: Reals, unknown: Reals, recall: float = 0.95) -> float:
    """Return the share of unknown sweeps passed where 95 % of the known ones pass.

    Parameters
    ----------
    known, unknown
        Scores, higher for what looks known, shape (sweep,) each.
    """
    limit = np.quantile(known, 1.0 - recall, method="lower")
    return float(np.mean(unknown >= limit))
