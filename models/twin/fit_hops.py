"""Search for half cycles that a descent cannot mend: hops between its minima.

An echo between two planes is known up to half a cycle of its delay, with the sign of
one plane. A descent ends in such a neighbour where several parts echo alike; hops move
two parts by half a cycle or a whole one against each other, or draw them anew, and
descend again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, permutations, product

import numpy as np

from models.twin.calibration_set import Reals
from models.twin.fit_layers import delay_column
from models.twin.fit_model import Columns, FitModel
from models.twin.fit_ranking import ranked
from models.twin.fit_solver import Stage, solve
from models.twin.fit_space import FitSpace

HALF_CYCLE_S = 42e-12
"""Half a cycle of an echo, one way, in the middle of 4 to 8 GHz."""

_SHIFTS_S = (HALF_CYCLE_S, 2.0 * HALF_CYCLE_S)
_MOST_ROUNDS = 4
_TRIED_COUNT = 10
_DRAWN_COUNT = 3
_GAIN_RATIO = 0.85
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
    place, cost = descended(model, place, plan.stages, np.inf)
    looked_from: Reals | None = None
    for _ in range(_MOST_ROUNDS):
        if cost < goal:
            break
        before = cost
        if place is not looked_from:
            looked_from = place
            place, cost = _hopped(model, place, cost, plan)
        if cost > _GAIN_RATIO * before:
            for _ in range(_DRAWN_COUNT):
                drawn = _drawn(model, start, plan, rng)
                trial, trial_cost = descended(model, drawn, plan.stages, cost)
                if trial_cost < cost:
                    place, cost = trial, trial_cost
    return place, cost < goal


def _hopped(
    model: FitModel, place: Reals, cost: float, plan: HopPlan
) -> tuple[Reals, float]:
    """Return where the first of the most promising hops leads that pays."""
    columns, grid = _hops(model, place, plan)
    starts = ranked(model, place, plan.stages[-2], columns, grid)
    for _, _, start in starts[:_TRIED_COUNT]:
        trial, trial_cost = descended(model, start, plan.stages[1:], cost)
        if trial_cost < _GAIN_RATIO * cost:
            return trial, trial_cost
    return place, cost


def descended(
    model: FitModel, place: Reals, stages: Sequence[Stage], cost_to_beat: float
) -> tuple[Reals, float]:
    """Return where a descent ends, and its cost; one that falls behind is broken off.

    Parameters
    ----------
    cost_to_beat
        Above it the cost is given as infinite.
    """
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
    from each other change their length, and one plane of each its sign. After a whole
    cycle signs agree again, or another pair of planes has them wrong.
    """
    space, values = model.space, model.space.values(place)
    delays = [delay_column(space, *part) for part in plan.parts]
    planes = [_planes(space, *part) for part in plan.parts]
    columns = np.unique([column for column, _ in delays] + list(chain(*planes)))
    rows = []
    for first, last in permutations(range(len(delays)), 2):
        shared = set(planes[first]) & set(planes[last])
        turned = [tuple(shared)] if shared else product(planes[first], planes[last])
        for flips, shift_s in product([(), *turned], _SHIFTS_S):
            row = values.copy()
            for sign, index in ((1.0, first), (-1.0, last)):
                column, scale = delays[index]
                row[column] += sign * shift_s / scale
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
