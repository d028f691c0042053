"""Candidates of a search, ranked by what they would cost at their linear optimum."""

import numpy as np
import scipy.linalg

from models.twin.calibration_set import Reals
from models.twin.fit_model import Columns, FitModel
from models.twin.fit_solver import Stage, linear_rows, residuals, split_parts

_LONGEST_STEP = 1.5
_BATCH = 32


def ranked(
    model: FitModel, place: Reals, stage: Stage, columns: Columns, grid: Reals
) -> list[tuple[float, int, Reals]]:
    """Return (cost, row of the grid, place) of candidates, the most promising first.

    Parameters
    ----------
    columns, grid
        Constants that are tried, and their values, shape (candidate, column).

    Notes
    -----
    Each is judged with every other free constant at its linear optimum:
    min |r + J d|^2 + |u + d|^2 = |r|^2 + |u|^2 - g^T N^-1 g, g = J^T r + u,
    N = 1 + J^T J.
    """
    space = model.space
    grid = np.clip(grid, space.low[columns], space.high[columns])
    seen = np.concatenate(
        [
            _residuals(model, place, stage, columns, grid[first : first + _BATCH])
            for first in range(0, len(grid), _BATCH)
        ]
    )
    rows, _ = linear_rows(model, place, stage)
    is_other = ~np.isin(model.free, columns)
    others = model.free[is_other]
    away = np.tile(place, (len(grid), 1))
    away[:, columns] = (grid - space.centre[columns]) / space.sigma[columns]
    gradient = seen @ rows[is_other].T + away[:, others]
    information = rows[is_other] @ rows[is_other].T + np.eye(others.size)
    steps = -scipy.linalg.solve(information, gradient.T, assume_a="pos").T
    cost = np.sum(seen**2, axis=1) + np.sum(away[:, model.free] ** 2, axis=1)
    cost += np.sum(gradient * steps, axis=1)
    away[:, others] += np.clip(steps, -_LONGEST_STEP, _LONGEST_STEP)
    return [
        (float(cost[row]), int(row), space.place_of(space.values(away[row])))
        for row in np.argsort(cost)
    ]


def _residuals(
    model: FitModel, place: Reals, stage: Stage, columns: Columns, grid: Reals
) -> Reals:
    """Return the residuals of candidates as real numbers, shape (candidate, row)."""
    values = model.space.values(place)
    blocks = {
        name: tuple(value[None] for value in held)
        for name, held in model.blocks(place).items()
    }
    places = np.asarray([model.block_of(int(column)) for column in columns])
    for block in set(places):
        own = places == block
        blocks[block] = model.block_grid(block, values, columns[own], grid[:, own])
    found = [
        residuals(model, samples, stage)[0].ravel() for samples in model.join(blocks)
    ]
    return split_parts(np.stack(found))
