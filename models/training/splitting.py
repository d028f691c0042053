"""One split for all models: by thermal cycle, and what stands beside it.

A split is made once, stored with its hash, and shared; so no two models are ever
compared on different test sweeps.
"""

import numpy as np
import numpy.typing as npt

from models.errors import TrainingRefusedError
from models.training.split import Folds, Split, SplitKind, Texts

MEMBER_COUNT = 5
"""Members of an ensemble, and folds of a cross-validation."""

Reals = npt.NDArray[np.float64]


def sweep_ids(cavity: Texts, thermal_cycle: Texts, measured_at: Reals) -> Texts:
    """Name sweeps by cavity, cycle and time, so that a split outlives an archive.

    Sweeps that agree in all three are numbered.
    """
    names, seen = [], dict[str, int]()
    for who, cycle, at_s in zip(cavity, thermal_cycle, measured_at, strict=True):
        name = f"{who}|{cycle}|{at_s:.3f}"
        seen[name] = number = seen.get(name, -1) + 1
        names.append(f"{name}#{number}" if number else name)
    return np.array(names, dtype=np.str_)


def split_by_cycle(
    thermal_cycle: Texts, measured_at: Reals, seed: int, ids: Texts | None = None
) -> Split:
    """Split by thermal cycle; by blocks of time where there is one cycle only.

    Parameters
    ----------
    thermal_cycle
        Name of the cycle, shape (sweep,).
    measured_at
        Seconds since 1970, shape (sweep,).
    ids
        Names of the sweeps, as :func:`sweep_ids` makes them.
    """
    cycles, index = np.unique(thermal_cycle, return_inverse=True)
    if cycles.size == 1:
        order = np.argsort(np.argsort(measured_at, kind="stable"), kind="stable")
        count = min(MEMBER_COUNT, measured_at.size)
        fold = order * count // measured_at.size
        return _split(SplitKind.BY_TIME, fold, count, seed, ids)
    count = min(MEMBER_COUNT, int(cycles.size))
    shuffled = np.random.default_rng([seed, 11]).permutation(cycles.size)
    return _split(SplitKind.BY_CYCLE, shuffled[index] % count, count, seed, ids)


def split_by_cavity(cavity: Texts, seed: int, ids: Texts | None = None) -> Split:
    """Leave cavities out, one a fold up to ten, groups of them beyond.

    Raises
    ------
    TrainingRefusedError
        If there is one cavity only.
    """
    cavities, index = np.unique(cavity, return_inverse=True)
    if cavities.size == 1:
        raise TrainingRefusedError(
            f"all sweeps are of cavity {cavities[0]!r}: leaving a cavity out needs two"
        )
    count = min(2 * MEMBER_COUNT, int(cavities.size))
    shuffled = np.random.default_rng([seed, 13]).permutation(cavities.size)
    return _split(SplitKind.BY_CAVITY, shuffled[index] % count, count, seed, ids)


def split_in_time(
    thermal_cycle: Texts,
    measured_at: Reals,
    ids: Texts | None = None,
    *,
    backward: bool = False,
) -> Split:
    """Learn from cycles before a date and test on those after it, five dates in turn.

    Cycles that overlap in time, as those of cavities in one fridge do, stay together.
    The first sixth is never tested.

    Parameters
    ----------
    backward
        Learn from what comes after, test on what came before.

    Raises
    ------
    TrainingRefusedError
        If all cycles overlap in time.
    """
    unit = _periods(thermal_cycle, measured_at)
    periods = int(unit.max()) + 1
    if periods < 2:
        raise TrainingRefusedError(
            "all thermal cycles overlap in time: a split forward in time needs one "
            "that ends before another begins"
        )
    if backward:
        unit = periods - 1 - unit
    count = min(MEMBER_COUNT, periods - 1)
    fold = unit * (count + 1) // periods - 1
    kind = SplitKind.BACKWARD_IN_TIME if backward else SplitKind.FORWARD_IN_TIME
    return _split(kind, fold, count, 0, ids)


def split_new_archive(
    is_test: npt.NDArray[np.bool_],
    thermal_cycle: Texts,
    measured_at: Reals,
    seed: int,
    ids: Texts | None = None,
) -> Split:
    """Learn from some archives and test on others, which make the last fold.

    Parameters
    ----------
    is_test
        Shape (sweep,).
    """
    inner = split_by_cycle(thermal_cycle[~is_test], measured_at[~is_test], seed)
    fold = np.full(is_test.size, inner.fold_count, dtype=np.intp)
    fold[~is_test] = inner.fold
    return _split(SplitKind.NEW_ARCHIVE, fold, inner.fold_count + 1, seed, ids)


def split_at_random(count: int, seed: int, ids: Texts | None = None) -> Split:
    """Split single sweeps at random; a leaky comparison, never a result."""
    folds = min(MEMBER_COUNT, count)
    fold = np.random.default_rng([seed, 12]).permutation(count) % folds
    return _split(SplitKind.RANDOM_LEAKY, fold, folds, seed, ids)


def _periods(thermal_cycle: Texts, measured_at: Reals) -> Folds:
    """Return the span of time of each sweep; no cycle crosses two, shape (sweep,)."""
    cycles, index = np.unique(thermal_cycle, return_inverse=True)
    first = np.array([measured_at[index == row].min() for row in range(cycles.size)])
    last = np.array([measured_at[index == row].max() for row in range(cycles.size)])
    period, number, latest = np.zeros(cycles.size, np.intp), -1, -np.inf
    for row in np.argsort(first, kind="stable"):
        if first[row] > latest:
            number += 1
        period[row], latest = number, max(latest, last[row])
    return np.asarray(period[index])


def _split(
    kind: SplitKind,
    fold: npt.NDArray[np.integer],
    count: int,
    seed: int,
    ids: Texts | None,
) -> Split:
    names = np.array([], dtype=np.str_) if ids is None else ids
    return Split(kind, fold.astype(np.intp), count, seed, names)
