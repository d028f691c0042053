"""How a scalar is learnt: who reads which sweeps, and how far each may be off."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.calibration.gain import is_sure_gain
from models.coordinates.signal import Flags, Reals
from models.networks.density import LEVELS
from models.receiver.evidence import PLACE, Evidence
from models.receiver.intervals import (
    CAUTION,
    CYCLE_PROBABILITY,
    FAULTY_GROUP,
    GROUP_COUNT,
    OPEN_GROUP,
    PARTIAL_PROBABILITY,
    allowance,
    fit_stretch,
    independent_count,
    whole_cycle_reach,
)
from models.receiver.judge import EXPERTS, ScalarReading
from models.receiver.ridge import RidgeReader, fit_ridge

LEAST_SWEEPS = 40
"""Fewer sweeps tell nothing of their own group."""

_CLEARLY_BETTER = 0.9
_TRIMMED_SHARE = 0.02

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class TaughtScalar:
    """Sweeps that teach a scalar; the first axis of each is the sweep.

    Attributes
    ----------
    truth
        In log10 K or T, NaN where unknown.
    healthy
        Which of them teach it.
    fold
        Group of cycles that a sweep is left out with.
    cycle
        Thermal cycle.
    scatter
        How re-made reflections scatter the coordinates, (coordinate, coordinate).
    loose
        Coordinates that every re-made connector moves, shape (coordinate,).
    """

    truth: Reals
    healthy: Flags
    fold: Indices
    cycle: npt.NDArray[np.str_]
    scatter: Reals
    loose: Flags


def learn_scalar(
    name: str,
    taught: TaughtScalar,
    evidence: Evidence,
    present: Flags,
    others: Mapping[str, Reals],
) -> tuple[ScalarReading, Reals]:
    """Learn how a scalar is read from one set of traces.

    Parameters
    ----------
    evidence
        Each sweep read by what the other cycles teach.
    present
        Coordinates of the set, shape (coordinate,).
    others
        Quantiles that others give left-out sweeps, by expert.

    Returns
    -------
    reading : ScalarReading
        Taught by all sweeps.
    quantiles : ndarray
        Calibrated, of the left-out sweeps, shape (sweep, level).
    """
    group, truth = evidence.group, taught.truth
    ridge, direct, spread = _direct(evidence.values, taught, present)
    is_place, is_whole = name == PLACE, bool(present.all())
    probability = CYCLE_PROBABILITY if is_whole else PARTIAL_PROBABILITY
    offsets = _offsets(direct, spread, taught, group, probability)
    readings = {
        "emulator": evidence.emulated(name),
        "ridge": direct[:, None] + spread[:, None] * offsets[group],
        **others,
    }
    expert = _experts(readings, taught, group)
    if is_place and evidence.open_below.any():
        # Who reads a temperature there reads the schedule of the fridge.
        expert[OPEN_GROUP] = EXPERTS.index("emulator")
    raw = readings["emulator"].copy()
    for number, who in enumerate(EXPERTS):
        chosen = expert[group] == number
        if who in readings:
            raw[chosen] = readings[who][chosen]
    known = np.isfinite(truth)
    stretch = fit_stretch(
        raw[known],
        truth[known],
        group[known],
        taught.cycle[known],
        is_place=is_place,
        probability=None if is_place and is_whole else probability,
    )
    # The ridge's own offsets keep their promise, but for sweeps that look faulty.
    is_direct = expert == EXPERTS.index("ridge")
    is_direct[FAULTY_GROUP] = False
    stretch.factors[is_direct] = 1.0
    reading = ScalarReading(
        ridge=ridge, offsets=offsets, expert=expert, stretch=stretch
    )
    return reading, evidence.bounded(name, stretch.applied(raw, group))


def _direct(
    values: Reals, taught: TaughtScalar, present: Flags
) -> tuple[RidgeReader, Reals, Reals]:
    """Fit the ridge; return it with its readings of left-out sweeps and spreads."""
    known = np.flatnonzero(taught.healthy)
    reader, left, wide = fit_ridge(
        values[known][:, present],
        taught.truth[known],
        taught.fold[known],
        taught.scatter[np.ix_(present, present)],
        taught.loose[present],
    )
    readings = reader.read(values[:, present])
    readings[known] = left
    spread = reader.spread(values[:, present])
    spread[known] = wide
    count = present.size
    centre, scale, weight = (np.full(count, np.nan) for _ in range(3))
    centre[present], scale[present] = reader.centre, reader.scale
    weight[present] = reader.weight
    precision = np.zeros((count, count))
    precision[np.ix_(present, present)] = reader.precision
    whole = replace(
        reader, centre=centre, scale=scale, weight=weight, precision=precision
    )
    return whole, readings, spread


def _offsets(
    direct: Reals,
    spread: Reals,
    taught: TaughtScalar,
    group: Indices,
    probability: float,
) -> Reals:
    """Return quantiles of errors over their spread, alike on both sides.

    A few cycles tell how large errors are, but not to which side those of the next
    one will lie; and the next one may be worse than all that were seen.
    """
    error = (taught.truth - direct) / spread
    levels = np.array(LEVELS)
    inside = np.abs(2 * levels - 1)
    inside = inside + CAUTION * (1 - inside)
    found = np.zeros((GROUP_COUNT, levels.size))
    for index in range(GROUP_COUNT):
        mine = taught.healthy & (group == index)
        if mine.sum() < LEAST_SWEEPS:
            mine = taught.healthy
        count = independent_count(error[mine], taught.cycle[mine])
        wider = [0.0 if at == 0.5 else allowance(at, count) for at in LEVELS]
        reach = np.array(wider) * np.quantile(np.abs(error[mine]), inside)
        least = whole_cycle_reach(np.abs(error[mine]), taught.cycle[mine], probability)
        reach[[0, -1]] = np.maximum(reach[[0, -1]], least)
        found[index] = np.sign(levels - 0.5) * reach
    return found


def _experts(
    readings: Mapping[str, Reals], taught: TaughtScalar, group: Indices
) -> Indices:
    """Choose who reads each group.

    Another than the emulator must be clearly better. The second opinion must be better
    than that one by more than the standard error that cycles give the difference: it
    looks at what cycles teach it alone, so that the next one is easily unlike all.
    """
    found = np.zeros(GROUP_COUNT, dtype=np.intp)
    middle = LEVELS.index(0.5)
    for index in range(GROUP_COUNT):
        mine = taught.healthy & (group == index)
        if mine.sum() < LEAST_SWEEPS:
            mine = taught.healthy
        errors = {
            who: each[mine, middle] - taught.truth[mine]
            for who, each in readings.items()
        }
        best, chosen = _CLEARLY_BETTER * _trimmed(errors["emulator"]), "emulator"
        for who in ("ridge", "network"):
            if who in errors and _trimmed(errors[who]) < best:
                best, chosen = _trimmed(errors[who]), who
        if "opinion" in errors:
            gain = errors[chosen] ** 2 - errors["opinion"] ** 2
            if is_sure_gain(gain, taught.cycle[mine]):
                chosen = "opinion"
        found[index] = EXPERTS.index(chosen)
    return found


def _trimmed(error: Reals) -> float:
    """Return the rms of all but the largest errors."""
    size = np.sort(np.abs(error))
    kept = size[: max(int((1 - _TRIMMED_SHARE) * size.size), 1)]
    return float(np.sqrt(np.mean(kept**2)))
