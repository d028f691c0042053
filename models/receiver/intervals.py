"""Intervals around a reading that keep their promise on cycles that were left out."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import stats

from models.calibration import CycledSweeps, NextCycle
from models.coordinates.signal import Flags, Reals
from models.networks.density import LEVELS
from models.receiver.resolution import NO_SPANS, drawn_out, learn_spans

GROUP_COUNT = 5
"""Three bands of the temperature axis, and two for sweeps of no band."""

FAULTY_GROUP = 3
"""Index of the group of sweeps that look faulty."""

OPEN_GROUP = 4
"""Index of the group of sweeps that may be as cold as any: nothing moves below."""

TEMPERATURE_EDGES = (float(np.log10(4.0)), float(np.log10(40.0)))
"""Edges of the bands in log10 K: frozen, cold, warm."""

CAUTION = 0.3
"""Share of what may lie outside that is kept back, for the next cycle is another."""

CYCLE_SHARE = 0.77
"""Share of the sweeps of one cycle that intervals hold for ..."""

CYCLE_PROBABILITY = 0.94
"""... with this probability ..."""

PARTIAL_PROBABILITY = 0.99
"""... and with this one where a trace is missing.

What a missing trace would have told of the connectors is then told by the known cycles
alone: ripple of which they had little makes a later one err by twice their errors, and
neither its residuals nor its leverage show it.
"""

_LEAST_ERROR = 1e-3
_LEAST_GROUP = 30
_USUAL_SHARE = 0.8
_MEDIAN = LEVELS.index(0.5)
_FEWEST_FREEDOM = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """By what the distance of each quantile to the median is stretched.

    Attributes
    ----------
    factors
        Shape (group, level); the median's are not used.
    spans
        In which no quantile but the median ends, shape (span, 2); those of the open
        group may, for they are bounds.
    """

    factors: Reals
    spans: Reals = field(default_factory=NO_SPANS.copy)

    def applied(self, raw: Reals, group: npt.NDArray[np.intp]) -> Reals:
        """Return quantiles that keep their promise, shape (sweep, level)."""
        median = raw[:, _MEDIAN : _MEDIAN + 1]
        stretched = median + (raw - median) * self.factors[group]
        stretched = np.sort(stretched, axis=1)
        closed = group[:, None] != OPEN_GROUP
        return np.where(closed, drawn_out(stretched, self.spans), stretched)


def groups_of(
    place: Reals, faulty: Flags, open_below: Flags | None = None
) -> npt.NDArray[np.intp]:
    """Return the group of each sweep by its read temperature, shape (sweep,)."""
    band = np.searchsorted(TEMPERATURE_EDGES, place)
    if open_below is not None:
        band = np.where(open_below, OPEN_GROUP, band)
    return np.where(faulty, FAULTY_GROUP, band)


def usual_departure(
    chi_square: Reals, group: npt.NDArray[np.intp], healthy: npt.NDArray[np.bool_]
) -> Reals:
    """Return the squared departure that most sweeps of a group stay below, (group,).

    Of healthy sweeps, and in the last group of all that look faulty.

    Parameters
    ----------
    chi_square
        Of left-out sweeps, shape (sweep,).
    """
    found = np.empty(GROUP_COUNT)
    for index in range(GROUP_COUNT):
        mine = (group == index) & (healthy | (index == FAULTY_GROUP))
        if mine.sum() < _LEAST_GROUP:
            mine = healthy if healthy.any() else np.ones_like(healthy)
        found[index] = max(float(np.quantile(chi_square[mine], _USUAL_SHARE)), 1e-9)
    return found


def fit_stretch(
    raw: Reals,
    truth: Reals,
    group: npt.NDArray[np.intp],
    cycle: npt.NDArray[np.str_],
    *,
    is_place: bool = False,
    probability: float | None = CYCLE_PROBABILITY,
) -> Stretch:
    """Find the stretch that covers left-out sweeps as often as promised.

    A cycle counts by the root of its sweeps: cycles are exchangeable, sweeps are not,
    yet a cycle of many sweeps tells more.

    Parameters
    ----------
    raw
        Quantiles at :data:`models.networks.density.LEVELS`, shape (sweep, level).
    truth
        Shape (sweep,).
    is_place
        Whether it is the temperature, of which sweeps of the open group have an upper
        bound only: what may lie outside of their intervals lies above; and of which
        some look alike (:func:`learn_spans`).
    probability
        With which most of a whole cycle is inside (:func:`whole_cycle_reach`), but for
        such upper bounds; None where that is not asked.
    """
    weight = _even_cycles(cycle)
    everything = np.ones(truth.size, dtype=np.bool_)
    factors = np.ones((GROUP_COUNT, len(LEVELS)))
    for index in range(GROUP_COUNT):
        member = group == index
        if member.sum() < _LEAST_GROUP or np.unique(cycle[member]).size < 3:
            member = everything if index == FAULTY_GROUP else group != FAULTY_GROUP
        if not member.any():
            member = everything
        share = np.array(LEVELS)
        if is_place and index == OPEN_GROUP:
            share = np.where(share > 0.5, 2 * share - 1, share)
        error = truth[member] - raw[member, _MEDIAN]
        factors[index] = _factors(
            raw[member],
            truth[member],
            weight[member],
            share,
            independent_count(error, cycle[member]),
        )
        if probability is not None and not (is_place and index == OPEN_GROUP):
            outer = raw[member][:, [0, -1]] - raw[member, _MEDIAN : _MEDIAN + 1]
            reach = np.abs(np.where(error > 0, outer[:, 1], outer[:, 0]))
            least = whole_cycle_reach(
                np.abs(error) / np.maximum(reach, 1e-9), cycle[member], probability
            )
            factors[index, [0, -1]] = np.maximum(factors[index, [0, -1]], least)
    spans, sound = NO_SPANS, group != FAULTY_GROUP
    if is_place and sound.any():
        spans = learn_spans(raw[sound, _MEDIAN], truth[sound], cycle[sound])
    return Stretch(factors=factors, spans=spans)


def whole_cycle_reach(
    size: Reals,
    cycle: npt.NDArray[np.str_],
    probability: float = CYCLE_PROBABILITY,
) -> float:
    """Return what most errors of most cycles stay below, one more counted in.

    An interval may hold often enough for sweeps of all cycles, and yet for hardly one
    of a cycle that errs as a whole.

    Parameters
    ----------
    size
        Of the errors, shape (sweep,).
    probability
        With which a share :data:`CYCLE_SHARE` of the next cycle stays below.
    """
    least = max(_LEAST_ERROR * float(np.median(size)), 1e-300)
    following = NextCycle.of(
        np.log(np.maximum(size, least)), CycledSweeps.healthy(cycle)
    )
    if following is None:
        return 0.0
    return float(np.exp(following.bound(CYCLE_SHARE, probability)))


def allowance(level: float, count: float) -> float:
    """Return by how much the next cycle may be further off than so many tell.

    The ratio of a prediction interval for one more Gaussian cycle, when mean and
    spread are those of the cycles seen, to the interval if both were known.

    Parameters
    ----------
    count
        Cycles, or as many independent readings as sweeps are worth.
    """
    outer = max(level, 1.0 - level)
    freedom = max(count - 1, _FEWEST_FREEDOM)
    ratio = stats.t.ppf(outer, freedom) / stats.norm.ppf(outer)
    return float(ratio * np.sqrt(1.0 + 1.0 / (freedom + 1)))


def independent_count(error: Reals, cycle: npt.NDArray[np.str_]) -> float:
    """Return how many independent readings the errors of sweeps are worth.

    Sweeps over their design effect (Kish 1965): where a cycle errs as one, cycles
    count; where every sweep errs by itself, sweeps do. What is shared within a cycle
    is the larger intraclass correlation of the ranks of errors and of their sizes.

    Parameters
    ----------
    error
        With its sign, shape (sweep,).
    """
    _, index, counts = np.unique(cycle, return_inverse=True, return_counts=True)
    if counts.size < 2 or counts.size == error.size:
        return float(counts.size)
    usual = (error.size - float((counts**2).sum()) / error.size) / (counts.size - 1)
    shared = max(
        _intraclass(stats.rankdata(each), index, counts, usual)
        for each in (error, np.abs(error))
    )
    found = error.size / (1.0 + (usual - 1.0) * shared)
    return float(np.clip(found, counts.size, error.size))


def _intraclass(
    ranks: Reals,
    index: npt.NDArray[np.intp],
    counts: npt.NDArray[np.intp],
    usual: float,
) -> float:
    """Return the share of the variance that is between cycles (one-way analysis)."""
    means = np.bincount(index, ranks) / counts
    between = float((counts * (means - ranks.mean()) ** 2).sum()) / (counts.size - 1)
    within = float(((ranks - means[index]) ** 2).sum()) / (ranks.size - counts.size)
    total = between + (usual - 1.0) * within
    return max((between - within) / total, 0.0) if total > 0 else 0.0


def _factors(
    raw: Reals, truth: Reals, weight: Reals, levels: Reals, count: float
) -> Reals:
    """Return factors by which each column holds its level, shape (level,)."""
    found = np.ones(levels.size)
    median = raw[:, _MEDIAN]
    for column, level in enumerate(levels.tolist()):
        if column == _MEDIAN:
            continue
        reach = np.maximum(np.abs(raw[:, column] - median), 1e-9)
        away = (median - truth if column < _MEDIAN else truth - median) / reach
        outer = max(level, 1.0 - level)
        share = outer + CAUTION * (1.0 - outer)
        reached = _quantile(away, weight, share)
        found[column] = max(allowance(level, count) * reached, 0.02)
    return found


def _quantile(values: Reals, weight: Reals, share: float) -> float:
    """Return a weighted quantile, the next sweep counted against it."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weight[order]) / (weight.sum() + weight.max())
    at = min(int(np.searchsorted(total, share)), values.size - 1)
    return float(values[order[at]])


def _even_cycles(cycle: npt.NDArray[np.str_]) -> Reals:
    _, index, counts = np.unique(cycle, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / np.sqrt(counts[index]))
