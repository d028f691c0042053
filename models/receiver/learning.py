"""How a receiver's judge is learnt: each sweep read by what the other cycles teach."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from models.calibration.scaling import fit_temperature, softmax
from models.coordinates import CoordinateForm, Coordinates
from models.coordinates.signal import Flags, Reals
from models.emulation import (
    HealthyEmulator,
    HealthySweeps,
    Posterior,
    PosteriorReader,
    folds_of,
)
from models.emulation.selection import Choice, choose, fit_chosen
from models.networks.density import LEVELS
from models.receiver.features import condition_features
from models.receiver.intervals import CAUTION, FAULTY_GROUP, GROUP_COUNT, fit_stretch
from models.receiver.judge import (
    EXPERTS,
    Evidence,
    ReceiverJudge,
    ScalarReading,
    SetJudge,
    TraceSet,
    coordinates_of,
    empty_groups,
)
from models.receiver.ridge import RidgeReader, fit_ridge
from models.receiver.softmax import SoftmaxHead, fit_softmax

MOST_TRACES_IN_SETS = 4
"""Up to so many traces every set of them is learnt; beyond, all and all but one."""

PENALTIES = (1e-4, 1e-3, 1e-2)
"""Penalties of the condition head that are tried."""

_LEAST_SWEEPS = 40
_MOST_IN_PART = 1500
_MOST_RIDGE_FOLDS = 30
_CLEARLY_BETTER = 0.9
_TRIMMED_SHARE = 0.02

Texts = npt.NDArray[np.str_]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReceiverLesson:
    """Sweeps with their labels; the first axis of each is the sweep.

    Attributes
    ----------
    place
        log10 of the temperature in K, NaN where unknown.
    field_tesla
        NaN where unknown.
    condition
        Number of the condition among ``labels``, -1 where unknown.
    labels
        Conditions that have a head; empty where there is none.
    healthy
        Sweeps that may be taken for healthy.
    usable
        Sweeps against a reference that is not themselves.
    cycle
        Thermal cycle.
    fold
        Group of cycles that a sweep is left out with.
    """

    coordinates: Coordinates
    place: Reals
    field_tesla: Reals
    condition: Indices
    labels: tuple[str, ...]
    healthy_label: int
    healthy: Flags
    usable: Flags
    cycle: Texts
    fold: Indices


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeftOut:
    """What left-out sweeps of one set of traces were read as.

    Attributes
    ----------
    rows
        Of the lesson.
    quantiles
        Scalar target to calibrated quantiles, shape (row, level).
    logits
        Of the conditions over their softmax temperature, shape (row, class).
    features
        Inputs of the condition head, shape (row, feature).
    """

    rows: Indices
    quantiles: dict[str, Reals]
    logits: Reals
    features: Reals


def learn_receiver(
    form: CoordinateForm,
    lesson: ReceiverLesson,
    targets: tuple[str, ...],
    network: dict[str, Reals] | None = None,
) -> tuple[ReceiverJudge, LeftOut] | None:
    """Learn a judge, or None where too few sweeps have references and labels.

    Parameters
    ----------
    targets
        Scalars that are read: ``temperature_k``, ``magnetic_field_tesla``.
    network
        Quantiles that a network gives left-out sweeps, shape (sweep, level) each.

    Returns
    -------
    judge : ReceiverJudge
        Taught by all sweeps.
    left_out : LeftOut
        Of the full set of traces: every sweep by what the other cycles teach.
    """
    sweeps, rows = _healthy_sweeps(lesson, targets)
    if rows.size < _LEAST_SWEEPS:
        return None
    order_of = orders_of(form)
    choice = choose(sweeps, order_of)
    emulator = fit_chosen(sweeps, choice, order_of)
    centre, scale = _texture_scale(lesson.coordinates.texture[rows])
    bare = ReceiverJudge(
        form=form,
        emulator=emulator,
        labels=lesson.labels,
        healthy=lesson.healthy_label,
        texture_centre=centre,
        texture_scale=scale,
        sets={},
    )
    others = _emulators_without(sweeps, lesson.fold[rows], lesson, choice, order_of)
    sets: dict[TraceSet, SetJudge] = {}
    whole: LeftOut | None = None
    for traces in trace_sets(len(form.traces)):
        chosen = _rows_with(lesson, form, traces)
        if not all(traces):
            chosen = chosen[:: max(chosen.size // _MOST_IN_PART, 1)]
        # Faulty sweeps alone teach neither scalars nor what health is.
        if np.isin(chosen, rows).sum() < _LEAST_SWEEPS:
            continue
        posterior = _read_left_out(lesson, form, traces, chosen, others)
        opinion = network if all(traces) else None
        sets[traces], left = _learn_set(
            bare, lesson, _SetOfSweeps(traces, chosen, posterior, targets, opinion)
        )
        if all(traces):
            whole = left
    if whole is None:
        return None
    judge = ReceiverJudge(
        form=form,
        emulator=emulator,
        labels=lesson.labels,
        healthy=lesson.healthy_label,
        texture_centre=centre,
        texture_scale=scale,
        sets=sets,
    )
    return judge, whole


def orders_of(form: CoordinateForm) -> Indices:
    """Return the Legendre order of each coordinate, 0 for what is none."""
    found = []
    for name in form.names:
        kind, _, order = name.split(" ")[-1].rpartition("_")
        found.append(
            int(order) if kind in {"level", "phase"} and order.isdigit() else 0
        )
    return np.array(found, dtype=np.intp)


def trace_sets(count: int) -> Iterator[TraceSet]:
    """Yield the sets of traces that are learnt, the full one first."""
    if count <= MOST_TRACES_IN_SETS:
        yield from (
            flags for flags in product((True, False), repeat=count) if any(flags)
        )
        return
    yield (True,) * count
    for missing in range(count):
        yield tuple(index != missing for index in range(count))


def _healthy_sweeps(
    lesson: ReceiverLesson, targets: tuple[str, ...]
) -> tuple[HealthySweeps, Indices]:
    chosen = lesson.usable & lesson.healthy
    with_place = "temperature_k" in targets
    with_field = "magnetic_field_tesla" in targets
    if with_place:
        chosen = chosen & np.isfinite(lesson.place)
    if with_field:
        chosen = chosen & np.isfinite(lesson.field_tesla)
    rows = np.flatnonzero(chosen)
    nothing = np.zeros(rows.size)
    return HealthySweeps(
        values=lesson.coordinates.values[rows],
        place=lesson.place[rows] if with_place else nothing,
        field_tesla=lesson.field_tesla[rows] if with_field else nothing,
        cycle=lesson.cycle[rows],
    ), rows


def _texture_scale(texture: Reals) -> tuple[Reals, Reals]:
    with warnings.catch_warnings():
        # A trace that no healthy sweep has is all gaps.
        warnings.simplefilter("ignore", RuntimeWarning)
        centre = np.nanmedian(texture, axis=0)
        spread = 1.4826 * np.nanmedian(np.abs(texture - centre), axis=0)
    return np.nan_to_num(centre), np.nan_to_num(spread) + 1e-3


def _emulators_without(
    sweeps: HealthySweeps,
    fold: Indices,
    lesson: ReceiverLesson,
    choice: Choice,
    order_of: Indices,
) -> dict[int, HealthyEmulator]:
    """Return, for each fold, what the other cycles teach."""
    found = {}
    for index in np.unique(lesson.fold):
        known = fold != index
        if not known.any():
            known = np.ones(fold.size, dtype=np.bool_)
        found[int(index)] = fit_chosen(sweeps.taken(known), choice, order_of)
    return found


def _rows_with(
    lesson: ReceiverLesson, form: CoordinateForm, traces: TraceSet
) -> Indices:
    """Return usable sweeps that have all traces of a set, and perhaps others."""
    wanted = coordinates_of(traces, form)
    there = np.isfinite(lesson.coordinates.values[:, wanted]).all(axis=1)
    return np.flatnonzero(there & lesson.usable)


def _read_left_out(
    lesson: ReceiverLesson,
    form: CoordinateForm,
    traces: TraceSet,
    rows: Indices,
    others: dict[int, HealthyEmulator],
) -> Posterior:
    present = coordinates_of(traces, form)
    parts: list[tuple[Indices, Posterior]] = []
    for index, emulator in others.items():
        mine = np.flatnonzero(lesson.fold[rows] == index)
        if mine.size:
            values = lesson.coordinates.values[rows[mine]]
            parts.append((mine, PosteriorReader(emulator, present).read(values)))
    order = np.argsort(np.concatenate([mine for mine, _ in parts]))
    return Posterior(
        **{
            name: np.concatenate([getattr(part, name) for _, part in parts])[order]
            for name in Posterior.__slots__
        }
    )


@dataclass(frozen=True, slots=True, eq=False)
class _SetOfSweeps:
    """Sweeps that have a set of traces, read by what the other cycles teach."""

    traces: TraceSet
    rows: Indices
    posterior: Posterior
    targets: tuple[str, ...]
    network: dict[str, Reals] | None


def _learn_set(
    bare: ReceiverJudge, lesson: ReceiverLesson, seen: _SetOfSweeps
) -> tuple[SetJudge, LeftOut]:
    rows = seen.rows
    texture = bare.even_texture(lesson.coordinates.texture[rows])
    texture[:, ~np.array(seen.traces)[bare.form.trace_of_texture]] = 0.0
    features = condition_features(seen.posterior, texture)
    head, temperature, logits = _learn_condition(lesson, rows, features)
    shares = softmax(logits, 1.0) if head is not None else np.zeros((rows.size, 0))
    evidence = Evidence.of(
        seen.posterior, lesson.coordinates.values[rows], bare.looks_faulty(shares)
    )
    present = coordinates_of(seen.traces, bare.form)
    scalars, quantiles = {}, {}
    for name in seen.targets:
        opinion = None if seen.network is None else seen.network[name][rows]
        taught = _Taught.of(name, lesson, rows)
        scalars[name], quantiles[name] = _learn_scalar(
            name, taught, evidence, present, opinion
        )
    judge = SetJudge(condition=head, softmax_temperature=temperature, scalars=scalars)
    return judge, LeftOut(
        rows=rows, quantiles=quantiles, logits=logits, features=features
    )


def _learn_condition(
    lesson: ReceiverLesson, rows: Indices, features: Reals
) -> tuple[SoftmaxHead | None, float, Reals]:
    """Return the head, its temperature, and the logits of left-out sweeps over it."""
    classes = len(lesson.labels)
    truth = lesson.condition[rows]
    labelled = truth >= 0
    if classes < 2 or np.unique(truth[labelled]).size < 2:
        return None, 1.0, np.zeros((rows.size, classes))
    best: tuple[float, float, Reals, float] | None = None
    for penalty in PENALTIES:
        logits = _left_out_logits(lesson, rows, features, penalty)
        target = np.eye(classes)[truth[labelled]]
        temperature = fit_temperature(logits[labelled], target)
        shares = softmax(logits[labelled], temperature)
        loss = _balanced_loss(shares, truth[labelled])
        if best is None or loss < best[0]:
            best = (loss, penalty, logits, temperature)
    assert best is not None
    head = fit_softmax(features[labelled], truth[labelled], classes, best[1])
    return head, best[3], best[2] / best[3]


def _left_out_logits(
    lesson: ReceiverLesson, rows: Indices, features: Reals, penalty: float
) -> Reals:
    classes = len(lesson.labels)
    truth, fold = lesson.condition[rows], lesson.fold[rows]
    logits = np.zeros((rows.size, classes))
    for index in np.unique(fold):
        out = fold == index
        known = (truth >= 0) & (~out if not out.all() else out)
        head = fit_softmax(features[known], truth[known], classes, penalty)
        logits[out] = head.logits(features[out])
    return logits


def _balanced_loss(shares: Reals, truth: Indices) -> float:
    of_truth = np.log(np.maximum(shares[np.arange(truth.size), truth], 1e-9))
    return -float(
        np.mean([of_truth[truth == each].mean() for each in np.unique(truth)])
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Taught:
    """Truth of a scalar; which sweeps teach it, in which fold and cycle."""

    truth: Reals
    healthy: Flags
    fold: Indices
    cycle: Texts

    @classmethod
    def of(cls, name: str, lesson: ReceiverLesson, rows: Indices) -> "_Taught":
        truth = lesson.place if name == "temperature_k" else lesson.field_tesla
        return cls(
            truth[rows],
            np.asarray(np.isfinite(truth[rows]) & lesson.healthy[rows]),
            folds_of(lesson.cycle[rows], _MOST_RIDGE_FOLDS),
            lesson.cycle[rows],
        )


def _learn_scalar(
    name: str,
    taught: _Taught,
    evidence: Evidence,
    present: Flags,
    network: Reals | None,
) -> tuple[ScalarReading, Reals]:
    group, truth = evidence.group, taught.truth
    ridge, direct, spread = _direct(evidence.values, taught, present)
    offsets = _offsets(direct, spread, taught, group)
    readings = {
        "emulator": evidence.emulated(name),
        "ridge": direct[:, None] + spread[:, None] * offsets[group],
    }
    if network is not None:
        readings["network"] = network
    expert = _experts(readings, taught, group)
    raw = readings["emulator"].copy()
    for number, who in enumerate(EXPERTS):
        chosen = expert[group] == number
        if who in readings:
            raw[chosen] = readings[who][chosen]
    known = np.isfinite(truth)
    stretch = fit_stretch(raw[known], truth[known], group[known], taught.cycle[known])
    # The ridge's own offsets keep their promise, but for sweeps that look faulty.
    direct_groups = np.flatnonzero(expert[:FAULTY_GROUP] == EXPERTS.index("ridge"))
    stretch.factors[direct_groups] = 1.0
    reading = ScalarReading(
        ridge=ridge, offsets=offsets, expert=expert, stretch=stretch
    )
    return reading, stretch.applied(raw, group)


def _direct(
    values: Reals, taught: _Taught, present: Flags
) -> tuple[RidgeReader, Reals, Reals]:
    """Fit the ridge; return it with its readings of left-out sweeps and spreads."""
    known = np.flatnonzero(taught.healthy)
    reader, left, wide = fit_ridge(
        values[known][:, present], taught.truth[known], taught.fold[known]
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


def _offsets(direct: Reals, spread: Reals, taught: _Taught, group: Indices) -> Reals:
    """Return quantiles of errors over their spread, alike on both sides.

    A few cycles tell how large errors are, but not to which side those of the next
    one will lie; and the next one may be worse than all that were seen.
    """
    error = np.abs(taught.truth - direct) / spread
    levels = np.array(LEVELS)
    inside = np.abs(2 * levels - 1)
    inside = inside + CAUTION * (1 - inside)
    found = np.zeros((GROUP_COUNT, levels.size))
    for index in range(GROUP_COUNT):
        mine = taught.healthy & (group == index)
        if mine.sum() < _LEAST_SWEEPS:
            mine = taught.healthy
        found[index] = np.sign(levels - 0.5) * np.quantile(error[mine], inside)
    return found


def _experts(readings: dict[str, Reals], taught: _Taught, group: Indices) -> Indices:
    """Choose who reads each group: another than the emulator must be clearly better."""
    found = empty_groups()
    middle = LEVELS.index(0.5)
    for index in range(GROUP_COUNT):
        mine = taught.healthy & (group == index)
        if mine.sum() < _LEAST_SWEEPS:
            mine = taught.healthy
        best = _CLEARLY_BETTER * _trimmed(
            readings["emulator"][mine, middle] - taught.truth[mine]
        )
        for number, who in enumerate(EXPERTS):
            if who in readings and number > 0:
                error = _trimmed(readings[who][mine, middle] - taught.truth[mine])
                if error < best:
                    found[index], best = number, error
    return found


def _trimmed(error: Reals) -> float:
    """Return the rms of all but the largest errors."""
    size = np.sort(np.abs(error))
    kept = size[: max(int((1 - _TRIMMED_SHARE) * size.size), 1)]
    return float(np.sqrt(np.mean(kept**2)))


__all__ = [
    "LeftOut",
    "ReceiverLesson",
    "learn_receiver",
    "orders_of",
    "trace_sets",
]
