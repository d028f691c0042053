"""Sweeps with two failures, put together from measured sweeps with one each.

Coordinates are logarithms against a reference, so to first order a second failure adds
what it does to a sweep at its own temperature and field: its departure from health.
Power in bands of delay adds as power. Both sweeps are of one fold, so nothing of a
cycle that is left out gets into what is learnt.
"""

from dataclasses import dataclass

import numpy as np

from models.calibration.presence import JOINT
from models.coordinates.signal import Reals
from models.emulation import HealthyEmulator, Posterior
from models.receiver.lesson import Indices, ReceiverLesson

MOST_SWEEPS = 600
"""Sweeps that are put together at most, for a set of traces."""

_SHARE = 0.3
_NEAR_DEX = 0.3
_LEAST_CHANCE = 1e-6
_SEED = 33


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JoinedSweeps:
    """Sweeps that were put together; the first axis of each is such a sweep.

    Attributes
    ----------
    values, texture
        Coordinates, and ln of power in bands of delay.
    one, two
        Sweeps that it was made of, by their number among those given.
    fold
        Group of cycles that both were taken from.
    """

    values: Reals
    texture: Reals
    one: Indices
    two: Indices
    fold: Indices


def join_sweeps(
    lesson: ReceiverLesson,
    rows: Indices,
    posterior: Posterior,
    others: dict[int, HealthyEmulator],
    quiet: Reals,
) -> JoinedSweeps | None:
    """Put sweeps with one failure together, those of like temperature rather.

    Parameters
    ----------
    rows
        Sweeps that may be taken.
    posterior
        Theirs; tells where they are that have no label of temperature or field.
    others
        Fold to what the other folds teach of health.
    quiet
        ln of power in bands of delay of healthy sweeps, shape (texture,).

    Returns
    -------
    JoinedSweeps or None
        None where no fold has two failures.
    """
    condition, fold = lesson.condition[rows], lesson.fold[rows]
    place = _known(lesson.place[rows], posterior.best_place)
    one, two = _drawn(_single(lesson, condition), condition, fold, place)
    if one.size == 0:
        return None
    field = _known(lesson.field_tesla[rows], posterior.best_field_tesla)
    values, texture = (
        each[rows] for each in (lesson.coordinates.values, lesson.coordinates.texture)
    )
    joined = values[one]
    for index in np.unique(fold[one]):
        own = fold[one] == index
        second = two[own]
        healthy = others[int(index)].mean(place[second], field[second])
        joined[own] += values[second] - healthy
    added = np.maximum(np.exp(texture[two]) - np.exp(quiet), 0.0)
    return JoinedSweeps(
        values=joined,
        texture=np.log(np.exp(texture[one]) + added),
        one=one,
        two=two,
        fold=fold[one],
    )


def _known(labels: Reals, read: Reals) -> Reals:
    return np.where(np.isfinite(labels), labels, read)


def _single(lesson: ReceiverLesson, condition: Indices) -> Indices:
    """Return sweeps with one failure, and no more."""
    alone = [
        number
        for number, label in enumerate(lesson.labels)
        if number != lesson.healthy_label and JOINT not in label
    ]
    return np.flatnonzero(np.isin(condition, alone))


def _drawn(
    ill: Indices, condition: Indices, fold: Indices, place: Reals
) -> tuple[Indices, Indices]:
    draw = np.random.default_rng(_SEED)
    count = min(int(_SHARE * condition.size), MOST_SWEEPS)
    one, two = [], []
    for first in draw.choice(ill, count) if ill.size else ():
        partners = ill[
            (fold[ill] == fold[first]) & (condition[ill] != condition[first])
        ]
        if partners.size == 0:
            continue
        away = (place[partners] - place[first]) / _NEAR_DEX
        chance = np.exp(-0.5 * away**2) + _LEAST_CHANCE
        one.append(first)
        two.append(draw.choice(partners, p=chance / chance.sum()))
    return np.array(one, dtype=np.intp), np.array(two, dtype=np.intp)
