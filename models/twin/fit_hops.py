"""Search for half cycles that a descent cannot mend: hops between its minima.

An echo between two planes is known up to half a cycle of its delay, with the sign of
one plane. A descent ends in such a neighbour where several parts echo alike; hops move
two parts by half a cycle against each other, or draw them anew, and descend again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise, permutations, product

import numpy as np

from instruments.simulation.physics.chain.hardware import LINE_NAMES
from models.twin.calibration_set import Reals
from models.twin.fit_echoes import delay_column
from models.twin.fit_model import Columns, FitModel
from models.twin.fit_ranking import ranked
from models.twin.fit_solver import Stage, solve
from models.twin.fit_space import FitSpace

HALF_CYCLE_S = 42e-12
"""Half a cycle of an echo, one way, in the middle of 4 to 8 GHz."""

_MOST_ROUNDS = 4
_TRIED_COUNT = 10
_DRAWN_COUNT = 3
_GAIN_RATIO = 0.85
_NUDGE_COUNT = 16
_GLANCE_STEPS, _GLANCE_RATIO = 5, 3.0
_CENTRE_SHIFTS_HZ = 1e6 * np.asarray([-120.0, -80.0, -40.0, 40.0, 80.0, 120.0])
_Q_FACTORS = np.asarray([0.94, 1.0, 1.06])
_LOADS = (0.01, 0.03, 0.05, 0.07, 0.09)
_REACTANCES = np.asarray([-0.4, -0.3, -0.2, -0.1, -0.03, 0.03, 0.1, 0.2, 0.3, 0.4])
_SHARES = np.asarray([0.4, 0.6, 1.6, 2.5, -0.4, -0.6, -1.0, -1.6, -2.5])
_SMALLEST_SIZE, _LARGEST_SIZE = 0.3, 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class HopPlan:
    """What a search may change, and when it is content.

    Attributes
    ----------
    parts
        Parts whose delay may be off, (line, part); the connectors at their ends may
        have the wrong sign.
    stages
        Descent of the first start and of those drawn anew.
    good_cost_ratio
        Cost per used point at the last stage below which the search ends.
    """

    parts: tuple[tuple[str, int], ...]
    stages: tuple[Stage, ...]
    good_cost_ratio: float


def hop(
    model: FitModel, place: Reals, plan: HopPlan, rng: np.random.Generator
) -> tuple[Reals, bool]:
    """Return the best place found, and whether it is good.

    Parameters
    ----------
    rng
        Draws starts where no hop helps; the same draws give the same fit.
    """
    goal = plan.good_cost_ratio * int(model.is_used.sum())
    start = place
    place, cost = _descended(model, place, plan.stages, np.inf)
    for _ in range(_MOST_ROUNDS):
        if cost < goal:
            break
        before = cost
        place, cost = _hopped(model, place, cost, plan)
        if cost > _GAIN_RATIO * before:
            for _ in range(_DRAWN_COUNT):
                drawn = _drawn(model, start, plan, rng)
                trial, trial_cost = _descended(model, drawn, plan.stages, cost)
                if trial_cost < cost:
                    place, cost = trial, trial_cost
    return place, cost < goal


def nudge(
    model: FitModel, place: Reals, stages: Sequence[Stage], good_cost_ratio: float
) -> tuple[Reals, bool]:
    """Return a better place for what leaves a fit a little off, and whether it is good.

    Centres of ferrites, the load of the isolator, and how an echo is shared between
    its two planes have neighbouring minima too; they differ by some 1e-3 only.
    """
    goal = good_cost_ratio * int(model.is_used.sum())
    brief = replace(stages[-1], step_count=_GLANCE_STEPS)
    place, cost = _descended(model, place, stages, np.inf)
    for _ in range(_MOST_ROUNDS):
        if cost < goal:
            break
        starts = [
            start
            for columns, grid in _nudges(model, place)
            for start in ranked(model, place, stages[-1], columns, grid)[:1]
        ]
        starts.sort(key=lambda start: start[0])
        for _, _, start in starts[:_NUDGE_COUNT]:
            # A few steps tell whether a start is worth its descent.
            glance, glanced = _descended(model, start, [brief], _GLANCE_RATIO * cost)
            if not np.isfinite(glanced):
                continue
            trial, trial_cost = _descended(model, glance, stages[-1:], cost)
            if trial_cost < _GAIN_RATIO * cost:
                place, cost = trial, trial_cost
                break
        else:
            break
    return place, cost < goal


def _nudges(model: FitModel, place: Reals) -> list[tuple[Columns, Reals]]:
    space, values = model.space, model.space.values(place)
    return [
        *_ferrite_nudges(space, values),
        *_sign_nudges(model, values),
        *_share_nudges(model, values),
    ]


def _ferrite_nudges(space: FitSpace, values: Reals) -> list[tuple[Columns, Reals]]:
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


def _sign_nudges(model: FitModel, values: Reals) -> list[tuple[Columns, Reals]]:
    """Return other signs of planes that touch, their sum kept."""
    found = []
    for names in _touching(model):
        columns = _columns(model.space, names)
        first, second = values[columns]
        grid = np.stack([_REACTANCES, first + second - _REACTANCES], axis=1)
        signs = np.sign(grid) @ [2.0, 1.0]
        held = float(np.sign([first, second]) @ [2.0, 1.0])
        found += [
            (columns, grid[signs == other])
            for other in (-3.0, -1.0, 1.0, 3.0)
            if other != held and (signs == other).any()
        ]
    return found


def _share_nudges(model: FitModel, values: Reals) -> list[tuple[Columns, Reals]]:
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


def _touching(model: FitModel) -> list[tuple[str, str]]:
    """Return planes with nothing between them: an echo tells their sum only."""
    last = len(model.space.hardware.bypass_line.parts)
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


def _hopped(
    model: FitModel, place: Reals, cost: float, plan: HopPlan
) -> tuple[Reals, float]:
    """Return where the first of the most promising hops leads that pays."""
    columns, grid = _hops(model, place, plan)
    starts = ranked(model, place, plan.stages[-2], columns, grid)
    for _, _, start in starts[:_TRIED_COUNT]:
        trial, trial_cost = _descended(model, start, plan.stages[1:], cost)
        if trial_cost < _GAIN_RATIO * cost:
            return trial, trial_cost
    return place, cost


def _descended(
    model: FitModel, place: Reals, stages: Sequence[Stage], cost_to_beat: float
) -> tuple[Reals, float]:
    """Return where a descent ends; one that falls behind is broken off."""
    cost = np.inf
    for stage in stages:
        solution = solve(model, place, stage)
        place, cost = solution.place, solution.cost_sum
        # A closer look only adds to the cost.
        if cost > cost_to_beat:
            return place, np.inf
    return place, cost


def _hops(model: FitModel, place: Reals, plan: HopPlan) -> tuple[Columns, Reals]:
    """Return columns and values of all hops: two parts off against each other.

    A plane between two parts moves by half a cycle and turns its sign; parts apart
    from each other change their length, and one plane of each its sign.
    """
    space, values = model.space, model.space.values(place)
    delays = [delay_column(space, *part) for part in plan.parts]
    planes = [_planes(space, *part) for part in plan.parts]
    columns = np.unique([column for column, _ in delays] + list(chain(*planes)))
    rows = []
    for first, last in permutations(range(len(delays)), 2):
        shared = set(planes[first]) & set(planes[last])
        turned = [tuple(shared)] if shared else product(planes[first], planes[last])
        for flips in [(), *turned]:
            row = values.copy()
            for sign, index in ((1.0, first), (-1.0, last)):
                column, scale = delays[index]
                row[column] += sign * HALF_CYCLE_S / scale
            row[list(flips)] *= -1.0
            rows.append(row[columns])
    return columns.astype(np.intp), np.stack(rows)


def _planes(space: FitSpace, line: str, index: int) -> list[int]:
    return [
        space.names.index(f"{line}.connectors.{plane}.reactance_ratio")
        for plane in (index, index + 1)
    ]


def _drawn(
    model: FitModel, place: Reals, plan: HopPlan, rng: np.random.Generator
) -> Reals:
    """Return a place with the parts in question drawn from what is known of them."""
    place = place.copy()
    for line, index in plan.parts:
        column, _ = delay_column(model.space, line, index)
        place[column] = np.clip(rng.normal(), -2.0, 2.0)
        for plane in _planes(model.space, line, index):
            size = rng.uniform(_SMALLEST_SIZE, _LARGEST_SIZE)
            place[plane] = rng.choice((-1.0, 1.0)) * size
    return place
