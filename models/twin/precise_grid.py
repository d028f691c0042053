"""Where a precise fit starts: every temperature and field, after the reference.

What a reference tells of the receiver is a normal distribution of its constants. At
each node of a grid over log10 T and B the sweep is compared with what such a receiver
would show there; what the reference left open, the state's drift and the width of a
cell are marginalised, linearised at a coarser grid.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.linalg

from models.twin.joint_model import JointModel
from models.twin.limits_state import (
    FIELD_PRIOR_TESLA,
    LARGEST_FIELD_TESLA,
    TEMPERATURE_PRIOR_DEX,
    WARMEST_K,
)

Reals = npt.NDArray[np.float64]

_COARSE = 6
_MOST_STARTS = 4
_BLOCK = 64
# In units of what the plate's temperature drifts by from sweep to sweep.
_PLATE_SHIFTS = (-1.2, 0.0, 1.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSpan:
    """The nodes of a grid; fields always span all that can be asked for.

    Attributes
    ----------
    coldest_k, warmest_k
        First and last temperature in K, spaced evenly in its logarithm.
    temperature_count, field_count
        Nodes.
    """

    coldest_k: float
    warmest_k: float
    temperature_count: int
    field_count: int


WHOLE_SPAN = GridSpan(
    coldest_k=0.03, warmest_k=0.97 * WARMEST_K, temperature_count=36, field_count=21
)
"""Everything; colder than this no receiver changes any more."""

TRANSITION_SPAN = GridSpan(
    coldest_k=4.0, warmest_k=12.0, temperature_count=30, field_count=15
)
"""About the transition of NbTi, where a few tenths of a kelvin change a line whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """What a coarse node says of those around it."""

    slopes: Reals
    factor: tuple[Reals, bool]


class StateGrid:
    """The sweeps that a receiver would show over temperature and field.

    Parameters
    ----------
    model
        The reference, and the sweep that is asked about.
    place
        Where the reference puts the receiver, shape (number,).
    known
        Information on the shared constants after the reference, shape (constant,
        constant).
    span
        Which temperatures, and how many nodes.
    """

    def __init__(
        self,
        model: JointModel,
        place: Reals,
        known: Reals,
        span: GridSpan,
    ) -> None:
        self._model, self._known = model, known
        asked = model.sweeps[-1]
        log_t = np.linspace(
            np.log10(span.coldest_k), np.log10(span.warmest_k), span.temperature_count
        )
        field = 0.96 * np.linspace(
            -LARGEST_FIELD_TESLA, LARGEST_FIELD_TESLA, span.field_count
        )
        nodes = [
            (log_t - np.log10(asked.temperature_k)) / TEMPERATURE_PRIOR_DEX,
            (field - asked.magnetic_field_tesla) / FIELD_PRIOR_TESLA,
        ]
        shape = (span.temperature_count, span.field_count)
        self._steps = [axis[1] - axis[0] for axis in nodes]
        self.places = np.tile(place, (*shape, 1))
        self.places[..., -2], self.places[..., -1] = np.meshgrid(*nodes, indexing="ij")
        flat = self.places.reshape(-1, model.size)
        self._rows = np.concatenate(
            [
                model.rows_of(flat[start : start + _BLOCK], -1)
                for start in range(0, len(flat), _BLOCK)
            ]
        ).reshape(*shape, -1)
        self._coarse = self.places[_COARSE // 2 :: _COARSE, _COARSE // 2 :: _COARSE]
        self._slopes = model.slopes_of(self._coarse.reshape(-1, model.size), -1)

    def starts(self, seen: Reals, weights: Reals) -> Reals:
        """Return the places that explain a sweep best among their neighbours.

        Parameters
        ----------
        seen, weights
            Rows of the sweep and one over their noise, shape (row,).

        Returns
        -------
        ndarray
            Shape (start, number), the best one first.
        """
        costs = self._costs(seen, weights)
        padded = np.pad(costs, 1, constant_values=np.inf)
        shifted = [
            padded[1 + i : 1 + i + costs.shape[0], 1 + j : 1 + j + costs.shape[1]]
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            if (i, j) != (0, 0)
        ]
        is_lowest = (costs[None] <= np.stack(shifted)).all(axis=0)
        found = self.places[is_lowest][np.argsort(costs[is_lowest])]
        return np.asarray(found[:_MOST_STARTS])

    def _costs(self, seen: Reals, weights: Reals) -> Reals:
        residuals = (seen - self._rows) * weights
        costs = np.sum(residuals**2, axis=-1)
        columns = self._coarse.shape[1]
        for number, slopes in enumerate(self._slopes):
            cell = self._cell(slopes * weights[:, None])
            first, second = (
                slice(_COARSE * one, _COARSE * (one + 1) if one + 1 < count else None)
                for one, count in (
                    (number // columns, self._coarse.shape[0]),
                    (number % columns, columns),
                )
            )
            pull = residuals[first, second] @ cell.slopes
            shape = pull.shape
            flat = pull.reshape(-1, shape[-1]).T
            gain = np.sum(flat * scipy.linalg.cho_solve(cell.factor, flat), axis=0)
            costs[first, second] -= gain.reshape(shape[:-1])
        return np.asarray(costs)

    def _cell(self, slopes: Reals) -> _Cell:
        information = slopes.T @ slopes
        size = self._known.shape[0]
        information[:size, :size] += self._known
        own = np.arange(size, len(information))
        information[own, own] += 1.0
        # A node stands for its cell, and no more.
        for column, step in zip((-2, -1), self._steps, strict=True):
            information[column, column] += (0.5 * step) ** -2.0
        return _Cell(slopes=slopes, factor=scipy.linalg.cho_factor(information))


class SweepGrids:
    """The grids that sweeps of one kind start from, after a reference.

    Parameters
    ----------
    model
        The reference, and the sweep that is asked about.
    reference_place
        Where the reference alone puts the receiver and its own state, shape (number,).
    known
        Information on the shared constants after the reference, shape (constant,
        constant).
    """

    def __init__(self, model: JointModel, reference_place: Reals, known: Reals) -> None:
        self.model, self._known = model, known
        self._place = np.zeros(model.size)
        self._place[: reference_place.size] = reference_place
        self.whole = self._made(0.0, WHOLE_SPAN)

    @cached_property
    def closer(self) -> list[StateGrid]:
        """Finer grids, with the plate of the lines colder, usual and warmer."""
        return [self._made(shift, TRANSITION_SPAN) for shift in _PLATE_SHIFTS]

    def is_near_transition(self, place: Reals) -> bool:
        """Return whether a place lies where the finer grids do."""
        (temperature_k,), _ = self.model.asked_at(place[None], -1)
        span = TRANSITION_SPAN
        return bool(span.coldest_k <= temperature_k <= span.warmest_k)

    def _made(self, shift: float, span: GridSpan) -> StateGrid:
        place = self._place.copy()
        place[self.model.state_index(-1, "plates.four_kelvin_k")] = shift
        return StateGrid(self.model, place, self._known, span)
