"""How a receiver's judge is learnt: each sweep read by what the other cycles teach."""

import warnings
from collections.abc import Iterator
from itertools import product

import numpy as np

from models.calibration import CycledSweeps, NoveltyCalibration, calibrate_novelty
from models.calibration.scaling import softmax
from models.coordinates import CoordinateForm
from models.coordinates.signal import Flags, Reals
from models.emulation import (
    HealthySweeps,
    folds_of,
)
from models.emulation.selection import choose, fit_chosen
from models.receiver.conditions import NamedSweeps, learn_condition
from models.receiver.evidence import Evidence, sorted_by
from models.receiver.features import orders_of
from models.receiver.intervals import usual_departure
from models.receiver.judge import (
    DEPARTURE,
    Readings,
    ReceiverJudge,
    SetJudge,
    readings_of,
)
from models.receiver.left_out import emulators_without, read_by_fold
from models.receiver.lesson import Indices, LeftOut, ReceiverLesson, Texts
from models.receiver.scalars import LEAST_SWEEPS, TaughtScalar, learn_scalar
from models.receiver.several import SetOfSweeps, features_of, learn_several
from models.receiver.traces import TraceSet, coordinates_of

MOST_TRACES_IN_SETS = 4
"""Up to so many traces every set of them is learnt; beyond, all and all but one."""

LEAST_CYCLES = 3
"""Cycles that are needed to tell how far a healthy one may be from the others."""

_MOST_IN_PART = 1500
_MOST_RIDGE_FOLDS = 30


def learn_receiver(
    form: CoordinateForm,
    lesson: ReceiverLesson,
    targets: tuple[str, ...],
    others: Readings | None = None,
) -> tuple[ReceiverJudge, LeftOut] | None:
    """Learn a judge, or None where too few sweeps have references and labels.

    Parameters
    ----------
    targets
        Scalars that are read: ``temperature_k``, ``magnetic_field_tesla``.
    others
        What others read of left-out sweeps, as far as there are any.

    Returns
    -------
    judge : ReceiverJudge
        Taught by all sweeps.
    left_out : LeftOut
        Of the full set of traces: every sweep by what the other cycles teach.
    """
    sweeps, rows = _healthy_sweeps(lesson, targets)
    if rows.size < LEAST_SWEEPS:
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
    emulators = emulators_without(sweeps, lesson.fold[rows], lesson, choice, order_of)
    sets: dict[TraceSet, SetJudge] = {}
    whole: LeftOut | None = None
    for traces in trace_sets(len(form.traces)):
        chosen = _rows_with(lesson, form, traces)
        if not all(traces):
            chosen = chosen[:: max(chosen.size // _MOST_IN_PART, 1)]
        # Faulty sweeps alone teach neither scalars nor what health is.
        if np.isin(chosen, rows).sum() < LEAST_SWEEPS:
            continue
        posterior = read_by_fold(
            lesson.coordinates.values[chosen],
            lesson.fold[chosen],
            coordinates_of(traces, form),
            emulators,
        )
        asked = others if others is not None and all(traces) else {}
        sets[traces], left = _learn_set(
            bare,
            lesson,
            SetOfSweeps(traces, chosen, posterior, targets, asked, emulators),
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


def _rows_with(
    lesson: ReceiverLesson, form: CoordinateForm, traces: TraceSet
) -> Indices:
    """Return usable sweeps that have all traces of a set, and perhaps others."""
    wanted = coordinates_of(traces, form)
    there = np.isfinite(lesson.coordinates.values[:, wanted]).all(axis=1)
    return np.flatnonzero(there & lesson.usable)


def _learn_set(
    bare: ReceiverJudge, lesson: ReceiverLesson, seen: SetOfSweeps
) -> tuple[SetJudge, LeftOut]:
    rows = seen.rows
    features = features_of(
        bare, seen.traces, seen.posterior, lesson.coordinates.texture[rows]
    )
    head, temperature, logits = learn_condition(
        NamedSweeps(
            features, lesson.condition[rows], lesson.fold[rows], len(lesson.labels)
        )
    )
    shares = softmax(logits, 1.0) if head is not None else np.zeros((rows.size, 0))
    faulty = bare.looks_faulty(shares)
    usual = usual_departure(
        seen.posterior.chi_square,
        sorted_by(seen.posterior, faulty)[0],
        lesson.healthy[rows],
    )
    evidence = Evidence.of(
        seen.posterior, lesson.coordinates.values[rows], faulty, usual
    )
    present = coordinates_of(seen.traces, bare.form)
    scalars, quantiles = {}, {}
    for name in seen.targets:
        scalars[name], quantiles[name] = learn_scalar(
            name,
            _taught(name, lesson, rows, bare.form),
            evidence,
            present,
            readings_of(name, seen.others, rows),
        )
    judge = SetJudge(
        condition=head,
        softmax_temperature=temperature,
        usual=usual,
        scalars=scalars,
        failures=learn_several(bare, lesson, seen, features),
        departure=_departure(
            seen.posterior.chi_square,
            lesson.cycle[rows],
            lesson.healthy[rows] & ~faulty,
        ),
    )
    return judge, LeftOut(rows=rows, quantiles=quantiles, logits=logits)


def _departure(
    chi_square: Reals, cycle: Texts, healthy: Flags
) -> NoveltyCalibration | None:
    """Learn how far healthy sweeps depart that look healthy, and whole cycles do."""
    mine = cycle[healthy]
    if mine.size < LEAST_SWEEPS or np.unique(mine).size < LEAST_CYCLES:
        return None
    return calibrate_novelty(
        chi_square[healthy][:, None], (DEPARTURE,), CycledSweeps.healthy(mine)
    )


def _taught(
    name: str, lesson: ReceiverLesson, rows: Indices, form: CoordinateForm
) -> TaughtScalar:
    truth = (lesson.place if name == "temperature_k" else lesson.field_tesla)[rows]
    cycle = lesson.cycle[rows]
    return TaughtScalar(
        truth,
        np.asarray(np.isfinite(truth) & lesson.healthy[rows]),
        folds_of(cycle, _MOST_RIDGE_FOLDS),
        cycle,
        form.scatter,
        form.loose,
    )
