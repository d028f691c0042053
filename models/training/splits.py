"""Splits by thermal cycle: the only honest ones."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

MEMBER_COUNT = 5
"""Members of an ensemble, and folds of a cross-validation."""

Texts = npt.NDArray[np.str_]


class SplitKind(StrEnum):
    """What held-out sweeps are held out by."""

    BY_CYCLE = "by_cycle"
    """Whole thermal cycles."""

    BY_TIME = "by_time"
    """Blocks of time inside of the one cycle that there is: interpolation."""

    RANDOM_LEAKY = "random_leaky"
    """Single sweeps at random: neighbours in time leak; shown for comparison only."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Which fold each sweep belongs to.

    Attributes
    ----------
    fold
        Shape (sweep,).
    fold_count
        Number of folds.
    seed
        That it was drawn with.
    """

    kind: SplitKind
    fold: npt.NDArray[np.intp]
    fold_count: int
    seed: int

    def held_out(self) -> npt.NDArray[np.bool_]:
        """Return which sweeps each fold's network must not see, (fold, sweep)."""
        return np.asarray(np.arange(self.fold_count)[:, None] == self.fold[None, :])


def split_by_cycle(
    thermal_cycle: Texts, measured_at: npt.NDArray[np.float64], seed: int
) -> Split:
    """Split by thermal cycle; by blocks of time where there is one cycle only.

    Parameters
    ----------
    thermal_cycle
        Name of the cycle, shape (sweep,).
    measured_at
        Seconds since 1970, shape (sweep,).
    """
    cycles, index = np.unique(thermal_cycle, return_inverse=True)
    if cycles.size == 1:
        order = np.argsort(np.argsort(measured_at, kind="stable"), kind="stable")
        count = min(MEMBER_COUNT, measured_at.size)
        return Split(SplitKind.BY_TIME, order * count // measured_at.size, count, seed)
    count = min(MEMBER_COUNT, int(cycles.size))
    shuffled = np.random.default_rng([seed, 11]).permutation(cycles.size)
    return Split(SplitKind.BY_CYCLE, shuffled[index] % count, count, seed)


def split_at_random(count: int, seed: int) -> Split:
    """Split single sweeps at random; a leaky comparison, never a result."""
    folds = min(MEMBER_COUNT, count)
    fold = np.random.default_rng([seed, 12]).permutation(count) % folds
    return Split(SplitKind.RANDOM_LEAKY, fold, folds, seed)
