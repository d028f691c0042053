"""The precise fit: temperature and field of a sweep, fitted with its reference.

Stages: what the reference tells of the receiver; a grid over log10 T and B; descents
from its best nodes over T, B and everything else that is uncertain, sweep and reference
together; Laplace's covariance; chi-square, which decides whether it is believed.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from instruments.simulation.physics.chain import ReceiverHardware
from models.progress import Listener, Progress
from models.twin.joint_descent import Descent, JointData, descend
from models.twin.joint_model import JointModel, JointSweep
from models.twin.joint_prior import SharedPrior
from models.twin.limits_information import schur_complement
from models.twin.limits_map import REFERENCE_PRIOR_RATIOS
from models.twin.limits_state import COLDEST_K, WARMEST_K
from models.twin.precise_estimate import EstimateState, PreciseEstimate, refused
from models.twin.precise_gate import Explained, explained
from models.twin.precise_grid import StateGrid, SweepGrids
from models.twin.precise_modes import conclude
from models.twin.precise_sweep import (
    CHAIN_ELEMENTS,
    MeasuredSweep,
    ReferenceSweep,
    UnusableSweepError,
    check_reference,
    common_setup,
    is_measured,
    noise_weights,
    seen_rows,
)

Reals = npt.NDArray[np.float64]
Trials = npt.NDArray[np.intp]

_REFERENCE_STEPS = 30
_FIRST = 3
_MOST_KEPT = 2
_SWEEP_STEPS = 12
_LAST_STEPS = 10
_BLOCK_SWEEPS = 16


class PreciseStage(StrEnum):
    """What a precise fit is at."""

    REFERENCE = "the reference"
    GRID = "the grid"
    STARTS = "the first steps"
    DESCENT = "the descent"
    CLOSER = "a closer look"


_REFERENCE_SHARES: Mapping[StrEnum, float] = {PreciseStage.REFERENCE: 1.0}
_SHARES: Mapping[StrEnum, float] = {
    PreciseStage.GRID: 0.35,
    PreciseStage.STARTS: 0.2,
    PreciseStage.DESCENT: 0.3,
    PreciseStage.CLOSER: 0.15,
}


class PreciseFit:
    """Fits of the sweeps of one cavity and thermal cycle against one reference.

    Parameters
    ----------
    hardware
        The receiver as described or fitted.
    shared
        What is known of its uncertain constants.
    reference
        A sweep of the same thermal cycle whose temperature and field are known.
    tell
        Is called with how far the fit of the reference is.

    Raises
    ------
    UnusableSweepError
        If the reference's state cannot be asked for, or no point lies off the modes.
    """

    def __init__(
        self,
        hardware: ReceiverHardware,
        shared: SharedPrior,
        reference: ReferenceSweep,
        tell: Listener | None = None,
    ) -> None:
        self._hardware, self._shared, self._reference = hardware, shared, reference
        check_reference(reference)
        self._names = tuple(
            name for name in CHAIN_ELEMENTS if is_measured(reference.sweep, name)
        )
        if not self._names:
            raise UnusableSweepError("the reference holds none of the chain's traces")
        try:
            setup = common_setup(reference.sweep, self._names, hardware)
        except ValueError as error:
            raise UnusableSweepError(f"the reference: {error}") from None
        self._known = JointSweep(
            setup=setup,
            temperature_k=reference.temperature_k,
            magnetic_field_tesla=reference.magnetic_field_tesla,
            asked_prior_ratio=REFERENCE_PRIOR_RATIOS,
            known_state=reference.sweep.known_state,
        )
        self._rows = seen_rows(reference.sweep, setup)[None]
        self._alone = JointModel(hardware, shared, [self._known])
        self._descent, self.reference_quality = self._fit_reference(
            Progress(tell, _REFERENCE_SHARES)
        )
        self._grids: tuple[object, SweepGrids] | None = None

    def estimate(
        self, sweeps: Sequence[MeasuredSweep], tell: Listener | None = None
    ) -> list[PreciseEstimate]:
        """Return an estimate, or why there is none, of each sweep.

        Sweeps whose axis, traces and known state are the same are fitted together.

        Parameters
        ----------
        tell
            Is called with the stage, and with the share of those fitted together.

        Raises
        ------
        UnusableSweepError
            If a sweep holds no trace of the reference, or no point off the modes.
        """
        if not self.reference_quality.is_explained:
            reason = f"the reference: {self.reference_quality.reason}"
            return [refused(reason, self.reference_quality) for _ in sweeps]
        found: dict[int, PreciseEstimate] = {}
        for alike in self._alike(sweeps):
            for start in range(0, len(alike), _BLOCK_SWEEPS):
                block = alike[start : start + _BLOCK_SWEEPS]
                own = self._estimate(
                    [sweeps[index] for index in block], Progress(tell, _SHARES)
                )
                found.update(zip(block, own, strict=True))
        return [found[index] for index in range(len(sweeps))]

    def _alike(self, sweeps: Sequence[MeasuredSweep]) -> list[list[int]]:
        groups: dict[object, list[int]] = {}
        for index, sweep in enumerate(sweeps):
            groups.setdefault(self._kind_of(sweep), []).append(index)
        return list(groups.values())

    def _kept_names(self, sweep: MeasuredSweep) -> tuple[str, ...]:
        return tuple(name for name in self._names if is_measured(sweep, name))

    def _kind_of(self, sweep: MeasuredSweep) -> tuple[object, ...]:
        names = self._kept_names(sweep)
        if not names:
            raise UnusableSweepError(
                f"a sweep holds none of the reference's {', '.join(self._names)}"
            )
        return (
            names,
            sweep.frequency_hz.tobytes(),
            sweep.settings,
            sweep.source_power_dbm,
            tuple(sorted(sweep.known_state.items())),
        )

    def _fit_reference(self, say: Progress) -> tuple[Descent, Explained]:
        model, place = self._alone, np.zeros((1, self._alone.size))
        tell = say.within(PreciseStage.REFERENCE)
        for number in range(2):
            rows, weights = noise_weights(model, self._rows, place, 0)
            data = JointData(
                seen=[rows], weights=[weights], centre=np.zeros_like(place)
            )
            found = descend(model, data, place, _REFERENCE_STEPS, _half(tell, number))
            place = found.places
        (quality,) = explained(model, data, found, 0)
        return found, quality

    def _estimate(
        self, sweeps: Sequence[MeasuredSweep], say: Progress
    ) -> list[PreciseEstimate]:
        """Estimate sweeps whose known state is the same, many at once."""
        say.within(PreciseStage.GRID)(0.0)
        grids = self._grids_of(sweeps[0])
        say.done(PreciseStage.GRID)
        model = grids.model
        seen = np.stack([seen_rows(sweep, model.sweeps[-1].setup) for sweep in sweeps])
        found, starts = self._descended(model, [grids.whole], seen, say)
        again = [
            index
            for index, (one, start) in enumerate(zip(found, starts, strict=True))
            if one.state is EstimateState.MISFIT and grids.is_near_transition(start)
        ]
        if again:
            say.within(PreciseStage.CLOSER)(0.0)
            closer, _ = self._descended(model, grids.closer, seen[again])
            for index, one in zip(again, closer, strict=True):
                if one.state is not EstimateState.MISFIT:
                    found[index] = one
        return found

    def _descended(
        self,
        model: JointModel,
        grids: Sequence[StateGrid],
        seen: Reals,
        say: Progress | None = None,
    ) -> tuple[list[PreciseEstimate], list[Reals]]:
        """Return estimates from the best nodes of grids, and the best node of each."""
        say = say or Progress(None, _SHARES)
        centre = np.repeat(grids[0].places[:1, 0], len(seen), axis=0)
        rows, weights = noise_weights(model, seen, centre, -1)
        starts = [
            np.concatenate([grid.starts(*one) for grid in grids])
            for one in zip(rows, weights, strict=True)
        ]
        owner = np.repeat(np.arange(len(seen)), [len(one) for one in starts])
        places = np.concatenate(starts)
        tell = say.within(PreciseStage.STARTS)
        data = self._data(model, seen[owner], places)
        found = descend(model, data, places, _FIRST, tell)
        kept = _lowest(owner, found.costs)
        owner, places = owner[kept], found.places[kept]
        tell = say.within(PreciseStage.DESCENT)
        for number, step_count in enumerate((_SWEEP_STEPS, _LAST_STEPS)):
            data = self._data(model, seen[owner], places)
            found = descend(model, data, places, step_count, _half(tell, number))
            places = found.places
        qualities = explained(model, data, found, 1)
        estimates = [
            conclude(model, data, found, qualities, np.flatnonzero(owner == index))
            for index in range(len(seen))
        ]
        return estimates, [one[0] for one in starts]

    def _data(self, model: JointModel, seen: Reals, places: Reals) -> JointData:
        both = [np.repeat(self._rows, len(places), axis=0), seen]
        read = [
            noise_weights(model, one, places, index) for index, one in enumerate(both)
        ]
        return JointData(
            seen=[rows for rows, _ in read],
            weights=[weights for _, weights in read],
            centre=np.zeros((len(places), model.size)),
        )

    def _grids_of(self, sweep: MeasuredSweep) -> SweepGrids:
        kind = self._kind_of(sweep)
        if self._grids is None or self._grids[0] != kind:
            try:
                setup = common_setup(sweep, self._kept_names(sweep), self._hardware)
            except ValueError as error:
                raise UnusableSweepError(f"a sweep: {error}") from None
            asked = JointSweep(
                setup=setup,
                temperature_k=math.sqrt(COLDEST_K * WARMEST_K),
                magnetic_field_tesla=0.0,
                known_state=sweep.known_state,
            )
            model = JointModel(self._hardware, self._shared, [self._known, asked])
            known = schur_complement(self._descent.information[0], self._shared.size)
            self._grids = (kind, SweepGrids(model, self._descent.places[0], known))
        return self._grids[1]


def _lowest(owner: Trials, costs: Reals) -> Trials:
    """Return which trials go on: the few lowest of each sweep."""
    order = np.lexsort((costs, owner))
    rank = np.arange(order.size) - np.searchsorted(owner[order], owner[order])
    return np.asarray(np.sort(order[rank < _MOST_KEPT]))


def _half(tell: Callable[[float], None], number: int) -> Callable[[float], None]:
    """Return what takes the share of the first or the second of two descents."""
    return lambda share: tell(0.5 * (number + share))
