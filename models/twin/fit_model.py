"""All calibration sweeps at a place of the fit space, and their derivatives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.simulation.physics.chain import (
    OperatingPoint,
    list_constants,
    read_constants,
    with_constants,
)
from instruments.simulation.physics.chain.band import make_band
from instruments.simulation.physics.chain.lifting import lifted
from models.twin.calibration_set import Reals, Samples, SweepData
from models.twin.fit_blocks import (
    AMPLIFIERS,
    BlockValues,
    JoinedBlocks,
    block_names,
    block_record,
    block_response,
    join_slopes,
    split_name,
)
from models.twin.fit_space import FitSpace

Columns = npt.NDArray[np.intp]

_STEP = 1e-4
_DRIFT = "gain_drift_db"


@dataclass(frozen=True, slots=True)
class Slope:
    """Traces of all sweeps, and their derivatives by the free parameters.

    Attributes
    ----------
    samples
        Shape (sweep, trace, point).
    jacobian
        By each free parameter in units of its prior spread, shape (free, sweep,
        trace, point).
    """

    samples: Samples
    jacobian: Samples


class FitModel:
    """Sweeps over one axis as a function of a place of the fit space.

    Parameters
    ----------
    space
        Where places are.
    data
        Sweeps with the same axis and traces.
    free
        Parameters that a descent may move; all by default.
    sweeps, traces
        Which sweeps and which traces to look at; all by default.
    """

    def __init__(
        self,
        space: FitSpace,
        data: Sequence[SweepData],
        free: Sequence[int] | None = None,
        *,
        sweeps: Sequence[int] | None = None,
        traces: Sequence[str] | None = None,
    ) -> None:
        self.space = space
        chosen = range(len(data)) if sweeps is None else sweeps
        looked = [data[index] for index in chosen]
        self.names = tuple(looked[0].names if traces is None else traces)
        rows = [looked[0].names.index(name) for name in self.names]
        self.axis_hz = looked[0].sweep.frequency_hz
        self.samples = np.stack([one.samples[rows] for one in looked])
        self.sigma = np.stack([one.sigma[rows] for one in looked])
        self.is_used = np.stack([one.is_used[rows] for one in looked])
        drifts = [space.drift_slice(index).start for index in chosen]
        self._drifts: Columns = np.asarray(drifts, dtype=np.intp)
        every = [*range(len(space.names)), *drifts]
        free = every if free is None else sorted(set(free).intersection(every))
        self.free: Columns = np.asarray(free, dtype=np.intp)
        self._band = make_band(self.axis_hz)
        self._points = _stacked([one.sweep.point for one in looked])
        self._tiled: dict[int, OperatingPoint] = {}
        self._held: dict[str, tuple[bytes, tuple[Samples, ...]]] = {}
        self._blocks = block_names(space.hardware)
        placed = [split_name(name) for name in space.names]
        self._own_name = [own for _, own in placed]
        self._columns = {
            block: np.asarray(
                [index for index, (name, _) in enumerate(placed) if name == block],
                dtype=np.intp,
            )
            for block in self._blocks
        }

    @property
    def sweep_count(self) -> int:
        """Number of sweeps."""
        return int(self.samples.shape[0])

    def block_of(self, column: int) -> str:
        """Return the block that a constant belongs to."""
        return split_name(self.space.names[column])[0]

    def predict(self, place: Reals) -> Samples:
        """Return the traces, shape (sweep, trace, point)."""
        return self.join(self.blocks(place))

    def join(self, blocks: BlockValues) -> Samples:
        """Return the traces of joined blocks, shape (..., sweep, trace, point)."""
        network = JoinedBlocks(blocks)
        traces = [network.trace(name) for name in self.names]
        return np.stack(np.broadcast_arrays(*traces), axis=-2)

    def blocks(self, place: Reals) -> dict[str, tuple[Samples, ...]]:
        """Return all blocks at a place, each value of shape (sweep, point)."""
        values = self.space.values(place)
        found = {}
        for block in self._blocks:
            own = values[self._columns[block]].tobytes()
            if block == AMPLIFIERS:
                own += values[self._drifts].tobytes()
            known = self._held.get(block)
            if known is None or known[0] != own:
                made = self.block_grid(block, values, np.empty(0, np.intp), None)
                known = (own, tuple(value[0] for value in made))
                self._held[block] = known
            found[block] = known[1]
        return found

    def block_grid(
        self,
        block: str,
        values: Reals,
        columns: Columns,
        tried: Reals | None,
        drift_db: float = 0.0,
    ) -> tuple[Samples, ...]:
        """Return a block for many values of some of its constants.

        Parameters
        ----------
        values
            All parameters in their units.
        columns, tried
            Constants to replace, and their values, shape (try, column).

        Returns
        -------
        tuple of ndarray
            Each of shape (try, sweep, point).
        """
        count = 1 if tried is None else len(tried)
        own: dict[str, Any] = {
            self._own_name[column]: float(values[column])
            for column in self._columns[block]
        }
        if tried is not None:
            for column, row in zip(columns, tried.T, strict=True):
                own[self._own_name[column]] = np.repeat(row, self.sweep_count)
        point = self._point(count)
        if block == AMPLIFIERS:
            drifts = values[self._drifts] + drift_db
            held: Any = point.gain_drift_db + np.tile(drifts, count)[:, None]
            point = replace(point, gain_drift_db=held)
        record = with_constants(block_record(self.space.hardware, block), own)
        made = block_response(block, record, self._band, point)
        rows = (count * self.sweep_count, self.axis_hz.size)
        shape = (count, self.sweep_count, self.axis_hz.size)
        return tuple(np.broadcast_to(value, rows).reshape(shape) for value in made)

    def differentiate(self, place: Reals) -> Slope:
        """Return the traces and their derivatives by the free parameters.

        Notes
        -----
        The join is differentiated by the blocks' values in one backward pass a trace
        (it is holomorphic), each block by its constants in central differences, all
        at once.
        """
        blocks = self.blocks(place)
        count = len(self.space.names)
        constants = self.free[self.free < count]
        drifts = np.flatnonzero(np.isin(self._drifts, self.free))
        free_of = {
            block: np.intersect1d(self._columns[block], constants)
            for block in self._blocks
        }
        moved = [
            block
            for block in self._blocks
            if free_of[block].size or (block == AMPLIFIERS and drifts.size)
        ]
        samples, by_block = join_slopes(blocks, moved, self.names)
        whole = np.zeros((self.space.size, *samples.shape), dtype=np.complex128)
        for block in moved:
            columns = free_of[block]
            if columns.size:
                slopes = self._block_slopes(block, place, columns)
                whole[columns] = _chained(by_block[block], slopes)
            if block == AMPLIFIERS and drifts.size:
                own = _chained(by_block[block], self._drift_slopes(place))[0]
                for drift in drifts:
                    whole[self._drifts[drift], drift] = own[drift]
        jacobian = whole[self.free] * self.space.sigma[self.free, None, None, None]
        return Slope(samples=samples, jacobian=np.asarray(jacobian, np.complex128))

    def _block_slopes(self, block: str, place: Reals, columns: Columns) -> Samples:
        """Return d value / d constant, shape (constant, value, sweep, point)."""
        space, values = self.space, self.space.values(place)
        step = _STEP * space.sigma[columns]
        above = np.minimum(values[columns] + step, space.high[columns])
        below = np.maximum(values[columns] - step, space.low[columns])
        count = columns.size
        grid = np.tile(values[columns], (2 * count, 1))
        grid[np.arange(count), np.arange(count)] = above
        grid[count + np.arange(count), np.arange(count)] = below
        made = np.stack(self.block_grid(block, values, columns, grid), axis=1)
        return np.asarray(
            (made[:count] - made[count:]) / (above - below)[:, None, None, None]
        )

    def _drift_slopes(self, place: Reals) -> Samples:
        values = self.space.values(place)
        nothing = np.empty(0, np.intp)
        above, below = (
            np.stack(self.block_grid(AMPLIFIERS, values, nothing, None, step), axis=1)
            for step in (_STEP, -_STEP)
        )
        return np.asarray((above - below) / (2.0 * _STEP))

    def _point(self, count: int) -> OperatingPoint:
        if count not in self._tiled:
            tiled = {name: np.tile(row, count) for name, row in self._points.items()}
            self._tiled[count] = lifted(
                with_constants(OperatingPoint(), tiled), self.axis_hz
            )
        return self._tiled[count]


def _stacked(points: Sequence[OperatingPoint]) -> dict[str, Reals]:
    names = [known.name for known in list_constants(points[0])]
    return {
        name: np.asarray([read_constants(point, [name])[0] for point in points])
        for name in names
    }


def _chained(by_value: Samples, by_constant: Samples) -> Samples:
    """Return d trace / d constant, shape (constant, sweep, trace, point)."""
    found = np.einsum("tvsp,kvsp->kstp", by_value, by_constant, optimize=True)
    return np.asarray(found, dtype=np.complex128)
