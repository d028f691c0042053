"""How soon a fault is noticed, and how often a healthy receiver is blamed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.evaluation.predictions import ClassPredictions
from models.serving.trained import HEALTHY
from models.training.corpus import Corpus

Flags = npt.NDArray[np.bool_]

VOTES = {"first": (1, 1), "2_of_3": (2, 3)}
"""Alarm rules: how many of the last sweeps have to look ill."""

_DAY_S = 86_400.0


def score_detection(predictions: ClassPredictions, corpus: Corpus) -> dict[str, Any]:
    """Score a condition head as an alarm, sweep after sweep.

    An episode is a run of sweeps with a fault, of one cavity in one cycle. It is
    detected at the first alarm inside of it. False alarms are alarms that begin on
    healthy sweeps; they are counted per day of healthy watch, the time between
    neighbouring healthy sweeps.

    Returns
    -------
    dict
        By alarm rule: ``episodes``, ``detected``, ``median_delay_s``, ``p90_delay_s``
        and ``median_sweeps_to_alarm`` of those detected, ``healthy_days``,
        ``false_alarms``, ``false_alarms_per_day`` (null where no time passes between
        sweeps). Empty without healthy sweeps.
    """
    if HEALTHY not in predictions.labels:
        return {}
    healthy = predictions.labels.index(HEALTHY)
    faulty = predictions.truth != healthy
    blamed = predictions.probabilities.argmax(axis=1) != healthy
    times_s = corpus.measured_at[predictions.rows]
    courses = [
        _Course(faulty[own], blamed[own], times_s[own])
        for own in _courses(predictions, corpus)
    ]
    return {rule: _by_rule(courses, *votes) for rule, votes in VOTES.items()}


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """Sweeps of one cavity in one cycle, in the order of time."""

    is_ill: Flags
    is_blamed: Flags
    at_s: npt.NDArray[np.float64]


def _courses(
    predictions: ClassPredictions, corpus: Corpus
) -> list[npt.NDArray[np.intp]]:
    rows = predictions.rows
    keys = np.char.add(
        np.char.add(corpus.cavity[rows], "\0"), corpus.thermal_cycle[rows]
    )
    found = []
    for key in np.unique(keys):
        own = np.flatnonzero(keys == key)
        found.append(own[np.argsort(corpus.measured_at[rows[own]], kind="stable")])
    return found


def _by_rule(courses: list[_Course], needed: int, window: int) -> dict[str, Any]:
    delays_s: list[float] = []
    sweeps: list[int] = []
    episodes = false_alarms = 0
    healthy_s = 0.0
    for course in courses:
        alarm = _alarm(course.is_blamed, needed, window)
        ill, at_s = course.is_ill, course.at_s
        for start, stop in _runs(ill):
            episodes += 1
            raised = np.flatnonzero(alarm[start:stop])
            if raised.size:
                sweeps.append(int(raised[0]) + 1)
                delays_s.append(float(at_s[start + raised[0]] - at_s[start]))
        false_alarms += sum(not ill[start] for start, _ in _runs(alarm))
        watched = ~ill[1:] & ~ill[:-1]
        healthy_s += float(np.diff(at_s)[watched].sum())
    days = healthy_s / _DAY_S
    return {
        "episodes": episodes,
        "detected": len(delays_s),
        "median_delay_s": float(np.median(delays_s)) if delays_s else None,
        "p90_delay_s": float(np.quantile(delays_s, 0.9)) if delays_s else None,
        "median_sweeps_to_alarm": float(np.median(sweeps)) if sweeps else None,
        "healthy_days": days,
        "false_alarms": int(false_alarms),
        "false_alarms_per_day": false_alarms / days if days > 0 else None,
    }


def _alarm(blamed: Flags, needed: int, window: int) -> Flags:
    padded = np.concatenate([np.zeros(window - 1), blamed.astype(float)])
    votes = np.convolve(padded, np.ones(window), mode="valid")
    return np.asarray(votes >= needed)


def _runs(flags: Flags) -> list[tuple[int, int]]:
    """Return start and stop of each run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
