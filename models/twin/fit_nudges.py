"""Neighbours of a descent: what leaves a fit a little off, tried one by one.

Planes that touch, centres of ferrites, the load of the isolator, and how an echo is
shared between its two planes have minima that differ by some 1e-3 of a trace only.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product

import numpy as np

from instruments.simulation.physics.chain.hardware import LINE_NAMES
from models.twin.calibration_set import Reals
from models.twin.fit_hops import descended
from models.twin.fit_model import Columns, FitModel
from models.twin.fit_ranking import ranked
from models.twin.fit_solver import Stage
from models.twin.fit_space import FitSpace

_MOST_ROUNDS = 4
_GAIN_RATIO = 0.95
_NUDGE_COUNT = 16
_GLANCE_STEPS, _GLANCE_RATIO = 5, 3.0
_HOPELESS_RATIO = 4.0
_CENTRE_SHIFTS_HZ = 1e6 * np.asarray([-120.0, -80.0, -40.0, 40.0, 80.0, 120.0])
_Q_FACTORS = np.asarray([0.94, 1.0, 1.06])
_LOADS = (0.01, 0.03, 0.05, 0.07, 0.09)
_SHARES = np.asarray([0.4, 0.6, 1.6, 2.5, -0.4, -0.6, -1.0, -1.6, -2.5])
_BEYOND = 0.08

Move = tuple[Columns, Reals]
"""Constants, and values to try for them, shape (candidate, column)."""


def part_touching(
    model: FitModel, place: Reals, stages: Sequence[Stage]
) -> tuple[Reals, float]:
    """Return a place with the better signs of planes that touch, and its cost.

    Notes
    -----
    Of two planes with one sign only the sum is seen, and no slope leads from there to
    signs that differ. Such a pair is a piece of line that echoes less than it delays;
    a descent finds it from just beyond the sum, at either end.
    """
    space = model.space
    place, cost = descended(model, place, stages, np.inf)
    for _ in range(_MOST_ROUNDS):
        values = space.values(place)
        for columns, [row] in _edges(space, values):
            start = place.copy()
            start[columns] = (row - space.centre[columns]) / space.sigma[columns]
            trial, trial_cost = descended(model, start, stages, _GAIN_RATIO * cost)
            if trial_cost < cost:
                place, cost = trial, trial_cost
                break
        else:
            break
    return place, cost


def nudge(
    model: FitModel, place: Reals, stages: Sequence[Stage], good_cost_ratio: float
) -> tuple[Reals, bool]:
    """Return a better place for what leaves a fit a little off, and whether it is good.

    Parameters
    ----------
    good_cost_ratio
        Cost per used point at the last stage below which nothing is tried; nor far
        above it, where another description is needed and not a neighbour.
    """
    goal = good_cost_ratio * int(model.is_used.sum())
    brief = replace(stages[-1], step_count=_GLANCE_STEPS)
    place, cost = descended(model, place, stages, np.inf)
    for _ in range(_MOST_ROUNDS):
        if cost < goal or cost > _HOPELESS_RATIO * goal:
            break
        starts = [
            start
            for columns, grid in _nudges(model, place)
            for start in ranked(model, place, stages[-1], columns, grid)[:1]
        ]
        starts.sort(key=lambda start: start[0])
        for _, _, start in starts[:_NUDGE_COUNT]:
            # A few steps tell whether a start is worth its descent.
            glance, glanced = descended(model, start, [brief], _GLANCE_RATIO * cost)
            if not np.isfinite(glanced):
                continue
            trial, trial_cost = descended(model, glance, stages[-1:], cost)
            if trial_cost < _GAIN_RATIO * cost:
                place, cost = trial, trial_cost
                break
        else:
            break
    return place, cost < goal


def _nudges(model: FitModel, place: Reals) -> list[Move]:
    space, values = model.space, model.space.values(place)
    return [
        *_ferrite_nudges(space, values),
        *_edges(space, values),
        *_share_nudges(model, values),
    ]


def _ferrite_nudges(space: FitSpace, values: Reals) -> list[Move]:
    found = []
    for path, loads in (("circulator", ()), ("isolator.junction", _LOADS)):
        names = [f"{path}.{name}" for name in ("center_frequency_hz", "junction_q")]
        centre_hz, quality = values[_columns(space, names)]
        options = [centre_hz + _CENTRE_SHIFTS_HZ, quality * _Q_FACTORS]
        if loads:
            names.append("isolator.load_reflection_ratio")
            options.append(np.asarray(loads))
        found.append((_columns(space, names), np.asarray(list(product(*options)))))
    return found


def _edges(space: FitSpace, values: Reals) -> list[Move]:
    """Return signs that differ for planes that touch, just beyond their sum."""
    found = []
    for names in _touching(space):
        columns = _columns(space, names)
        held = values[columns]
        beyond = np.copysign(_BEYOND, held.sum())
        ends = np.asarray([held.sum() + beyond, -beyond])
        found += [
            (columns, row[None])
            for row in (ends, ends[::-1])
            if (np.sign(row) != np.sign(held)).any()
        ]
    return found


def _share_nudges(model: FitModel, values: Reals) -> list[Move]:
    """Return other shares of an echo between its two planes."""
    free, found = set(model.free.tolist()), []
    for line in LINE_NAMES:
        planes = [
            index
            for index, name in enumerate(model.space.names)
            if name.startswith(f"{line}.connectors.") and index in free
        ]
        for pair in pairwise(planes):
            columns = np.asarray(pair, dtype=np.intp)
            grid = values[columns] * np.stack([_SHARES, 1.0 / _SHARES], axis=1)
            found.append((columns, grid))
    return found


def _touching(space: FitSpace) -> list[tuple[str, str]]:
    """Return planes with nothing between them: an echo tells their sum only."""
    last = len(space.hardware.bypass_line.parts)
    named = (
        ("circulator.ports.0", f"bypass_line.connectors.{last}"),
        ("circulator.ports.2", "junction_line.connectors.0"),
        ("isolator.junction.ports.0", "junction_line.connectors.1"),
        ("isolator.junction.ports.1", "cold_output_line.connectors.0"),
    )
    return [
        (f"{first}.reactance_ratio", f"{second}.reactance_ratio")
        for first, second in named
    ]


def _columns(space: FitSpace, names: Sequence[str]) -> Columns:
    return np.asarray([space.names.index(name) for name in names], dtype=np.intp)
