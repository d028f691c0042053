r"""Limits of the charts from a block bootstrap of healthy scores. Pure.

A textbook limit holds for independent scores; autocorrelation makes it call ten times
too often (AR(1) with 0.6: 86 sweeps instead of 1009). So blocks of measured healthy
scores are strung together (Kunsch 1989), the charts run over them with many limits at
once, restarting after each call, and the limits are those with the wanted run length.
Beyond what the strings can show, the logarithm of the run length is carried on: linear
in the limit of the CUSUM, linear in the square of that of the EWMA.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.monitoring.charts import CUSUM_ALLOWANCE, EWMA_WEIGHT, Limits

Reals = npt.NDArray[np.float64]

CHAIN_COUNT = 512
CHAIN_LENGTH = 2048
"""Strings of blocks, and scores in each: a million healthy sweeps."""

SHORTEST_BLOCK, LONGEST_BLOCK = 5, 200
"""Fewest and most scores in a block."""

BLOCK_MEMORIES = 10.0
"""Length of a block over the autocorrelation time of the scores: short ones forget the
memory that makes runs, long ones only repeat the few runs that were measured."""

_GRID_SIZE = 24
_LARGEST_CUSUM = 40.0
_LARGEST_EWMA = 3.0
_LEAST_CALLS = 40
_FITTED_POINTS = 6
_EVIDENCE_SHARE = 0.25


def draw_limits(series: Sequence[Reals], *, run_length: float, seed: int = 0) -> Limits:
    """Return limits at which the two charts together call once in ``run_length``.

    Parameters
    ----------
    series
        Standard scores of healthy sweeps in their order, one array a cavity.
    run_length
        Wanted mean number of healthy sweeps between two calls, over both charts.

    Raises
    ------
    ValueError
        If there are fewer than two scores in all.
    """
    strings = _strings(series, np.random.default_rng(seed))
    cusums = np.linspace(0.5, _LARGEST_CUSUM, 4 * _GRID_SIZE)
    ewmas = np.linspace(0.05, _LARGEST_EWMA, 4 * _GRID_SIZE)
    never = np.full(cusums.size, np.inf)
    # A run longer than all that was measured is no evidence, however often it recurs.
    longest = _EVIDENCE_SHARE * sum(each.size for each in series)
    single_cusum = _believed(_run_lengths(strings, cusums, never), longest)
    single_ewma = _believed(_run_lengths(strings, never, ewmas), longest)
    # Each alone calls half as often at least as both together may.
    wanted = np.geomspace(max(0.5 * run_length, 2.0), 4.0 * run_length, _GRID_SIZE)
    pairs = (
        np.array([_limit_at(cusums, single_cusum, each) for each in wanted]),
        np.array([_limit_at(ewmas, single_ewma, each, power=2.0) for each in wanted]),
    )
    joint = _believed(_run_lengths(strings, *pairs), longest)
    place = _limit_at(np.log(wanted), joint, run_length)
    single = float(np.exp(min(max(place, np.log(run_length)), np.log(2 * run_length))))
    return Limits(
        cusum=_limit_at(cusums, single_cusum, single),
        ewma=_limit_at(ewmas, single_ewma, single, power=2.0),
    )


def _believed(run_lengths: Reals, longest: float) -> Reals:
    return np.where(run_lengths <= longest, run_lengths, np.inf)


def count_alarms(scores: Reals, limits: Limits) -> int:
    """Count how often the charts call on scores in order, restarting each time."""
    ewma = cusum = 0.0
    count = 0
    for score in scores:
        cusum = max(0.0, cusum + float(score) - CUSUM_ALLOWANCE)
        ewma = (1.0 - EWMA_WEIGHT) * ewma + EWMA_WEIGHT * float(score)
        if cusum > limits.cusum or ewma > limits.ewma:
            count += 1
            ewma = cusum = 0.0
    return count


def _strings(series: Sequence[Reals], rng: np.random.Generator) -> Reals:
    """Return blocks of the series strung together, shape (chain, step)."""
    known = [np.asarray(each, dtype=np.float64) for each in series if each.size > 1]
    if not known:
        raise ValueError("limits need healthy scores of at least one cavity")
    sizes = np.array([each.size for each in known])
    length = _block_length(known)
    blocks = -(-CHAIN_LENGTH // length)
    chosen = rng.choice(sizes.size, (CHAIN_COUNT, blocks), p=sizes / sizes.sum())
    starts = (rng.random((CHAIN_COUNT, blocks)) * sizes[chosen]).astype(np.int64)
    # A series is a ring: every score stands in equally many blocks.
    offsets = (starts[..., None] + np.arange(length)) % sizes[chosen][..., None]
    firsts = np.concatenate([[0], np.cumsum(sizes)[:-1]])[chosen]
    flat = np.concatenate(known)[offsets + firsts[..., None]]
    return np.asarray(flat.reshape(CHAIN_COUNT, -1)[:, :CHAIN_LENGTH])


def _block_length(series: Sequence[Reals]) -> int:
    """Return how many scores a block needs to hold the memory of the scores."""
    longest = max(each.size for each in series)
    most = min(LONGEST_BLOCK, max(longest // 4, 1))
    wanted = BLOCK_MEMORIES * autocorrelation_time(series)
    return int(min(max(wanted, SHORTEST_BLOCK), most))


def autocorrelation_time(series: Sequence[Reals]) -> float:
    """Return 1 plus twice the summed autocorrelation, up to its first small lag.

    1 for independent scores, (1 + rho) / (1 - rho) for an AR(1) process.
    """
    centred = [each - each.mean() for each in series]
    count = sum(each.size for each in centred)
    power = sum(float(each @ each) for each in centred)
    total = 1.0
    least = 2.0 / np.sqrt(count)
    for lag in range(1, LONGEST_BLOCK):
        products = (
            float(each[:-lag] @ each[lag:]) for each in centred if each.size > lag
        )
        share = sum(products) / power if power else 0.0
        if share < least:
            break
        total += 2.0 * share
    return total


def _run_lengths(strings: Reals, cusum_limits: Reals, ewma_limits: Reals) -> Reals:
    """Return the mean run length at each pair of limits, inf where none was seen."""
    shape = (strings.shape[0], cusum_limits.size)
    cusum, ewma = np.zeros(shape), np.zeros(shape)
    calls = np.zeros(cusum_limits.size)
    has_cusum, has_ewma = (
        np.isfinite(cusum_limits).any(),
        np.isfinite(ewma_limits).any(),
    )
    for scores in strings.T:
        out = np.zeros(shape, dtype=np.bool_)
        if has_cusum:
            cusum += (scores - CUSUM_ALLOWANCE)[:, None]
            np.maximum(cusum, 0.0, out=cusum)
            out |= cusum > cusum_limits
        if has_ewma:
            ewma *= 1.0 - EWMA_WEIGHT
            ewma += (EWMA_WEIGHT * scores)[:, None]
            out |= ewma > ewma_limits
        if out.any():
            calls += out.sum(axis=0)
            cusum[out] = 0.0
            ewma[out] = 0.0
    # Fewer calls than these say too little to be counted.
    with np.errstate(divide="ignore"):
        return np.where(calls >= _LEAST_CALLS, strings.size / calls, np.inf)


def _limit_at(
    limits: Reals, run_lengths: Reals, wanted: float, *, power: float = 1.0
) -> float:
    """Return the limit with a run length, carried on beyond the last that was seen."""
    seen = np.isfinite(run_lengths)
    if not seen.any():
        return float(limits[-1])
    grid, length = limits[seen] ** power, np.log(run_lengths[seen])
    length = np.maximum.accumulate(length)
    target = float(np.log(wanted))
    if target <= length[-1] or grid.size < 2:
        return float(np.interp(target, length, grid) ** (1.0 / power))
    slope = np.polyfit(grid[-_FITTED_POINTS:], length[-_FITTED_POINTS:], 1)[0]
    reach = (target - length[-1]) / max(float(slope), 1e-6)
    return float((grid[-1] + reach) ** (1.0 / power))
