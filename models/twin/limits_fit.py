"""The maximum a posteriori fit of described sweeps: if anything, it reaches the limit.

It knows the model exactly and serves to check the bound; the fit of a real cavity is
another matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.linalg

from instruments.simulation.physics.chain import (
    Constant,
    OperatingPoint,
    ParameterOutOfRangeError,
    ReceiverHardware,
    with_constants,
)
from models.twin.limits_jacobian import (
    noise_rows,
    response_rows,
    sweep_slopes,
)
from models.twin.limits_state import (
    FIELD_PRIOR_TESLA,
    TEMPERATURE_PRIOR_DEX,
    point_at,
)
from models.twin.limits_sweep import SweepSetup
from models.twin.parameters import state_constants

Reals = npt.NDArray[np.float64]

_STEP_COUNT = 25
_LARGEST_DAMPING = 1e8
_SMALLEST_GAIN = 0.3
_WORST_CHI_SQUARE_RATIO = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedSweep:
    """One sweep of a fit.

    Attributes
    ----------
    setup
        Axis, traces and settings.
    temperature_k, magnetic_field_tesla
        The truth about it, in K and tesla.
    asked_prior_ratio
        How well log10 T and B are known beforehand, over the priors of a sweep of
        which nothing is known.
    """

    setup: SweepSetup
    temperature_k: float
    magnetic_field_tesla: float
    asked_prior_ratio: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOutcome:
    """Where a fit ended.

    Attributes
    ----------
    error
        Departure from the truth of log10 T and B of the last sweep, in units of their
        priors, shape (2,).
    chi_square_ratio
        Chi-square over its expectation, the number of rows.
    is_converged
        Whether the fit stopped by itself, and explains the data.
    """

    error: Reals
    chi_square_ratio: float
    is_converged: bool


class TwinFit:
    """Sweeps of one thermal cycle with everything that is uncertain about them.

    A place is a vector of departures from the truth in units of the priors: the
    receiver's constants, then the state and (log10 T, B) of each sweep.

    Parameters
    ----------
    hardware
        The receiver as it is.
    shared
        Its uncertain constants.
    sweeps
        The sweeps; the last one is asked about.
    """

    def __init__(
        self,
        hardware: ReceiverHardware,
        shared: Sequence[Constant],
        sweeps: Sequence[DescribedSweep],
    ) -> None:
        self._hardware, self._shared, self._sweeps = hardware, shared, sweeps
        points = [self._truth(one) for one in sweeps]
        self._state = [state_constants(point) for point in points]
        self._noise = [
            noise_rows(one.setup, hardware, point)
            for one, point in zip(sweeps, points, strict=True)
        ]
        own = len(self._state[0]) + 2
        self.size = len(shared) + own * len(sweeps)
        self._slices = [
            slice(len(shared) + own * index, len(shared) + own * (index + 1))
            for index in range(len(sweeps))
        ]
        self.prior = np.ones(self.size)
        for one, where in zip(sweeps, self._slices, strict=True):
            self.prior[where.stop - 2 : where.stop] = one.asked_prior_ratio
        self._at_truth = self.differentiate(np.zeros(self.size))

    def predict(self, place: Reals) -> Reals:
        """Return all sweeps over their noise, shape (row,)."""
        hardware = self._hardware_at(place)
        return np.concatenate(
            [
                response_rows(one.setup, hardware, self._point_at(place, index))
                / self._noise[index]
                for index, one in enumerate(self._sweeps)
            ]
        )

    def differentiate(self, place: Reals) -> Reals:
        """Return the derivatives of ``predict``, shape (row, number)."""
        hardware = self._hardware_at(place)
        blocks = []
        for index, one in enumerate(self._sweeps):
            point = self._point_at(place, index)
            slopes = sweep_slopes(one.setup, hardware, self._shared, point)
            fresh = noise_rows(one.setup, hardware, point) / self._noise[index]
            block = np.zeros((fresh.size, self.size))
            block[:, : len(self._shared)] = slopes.shared
            block[:, self._slices[index]] = np.hstack([slopes.state, slopes.asked])
            blocks.append(block * fresh[:, None])
        return np.concatenate(blocks)

    def covariance(self) -> Reals:
        """Return the bound on the last log10 T and B at the truth, shape (2, 2)."""
        slopes = self._at_truth
        information = slopes.T @ slopes + np.diag(self.prior**-2.0)
        factor = scipy.linalg.cho_factor(information)
        whole = scipy.linalg.cho_solve(factor, np.eye(self.size)[:, -2:])
        return np.asarray(whole[-2:])

    def run(self, rng: np.random.Generator, start_ratio: float = 0.03) -> FitOutcome:
        """Draw noise and prior knowledge about the truth, and fit.

        Parameters
        ----------
        start_ratio
            How far from the truth log10 T and B start, in units of their priors;
            everything else starts where prior knowledge puts it.
        """
        known = self.prior * rng.standard_normal(self.size)
        seen = self.predict(np.zeros(self.size))
        seen = seen + rng.standard_normal(seen.size)
        start = known.copy()
        for where, one in zip(self._slices, self._sweeps, strict=True):
            near = start_ratio * np.minimum(1.0, one.asked_prior_ratio)
            start[where.stop - 2 : where.stop] = near * rng.standard_normal(2)
        return self._descend(seen, known, start)

    def _descend(self, seen: Reals, known: Reals, place: Reals) -> FitOutcome:
        # Derivatives at the truth are near enough until the last steps.
        cost, place = self._steps(seen, known, place, self._at_truth)
        is_still = False
        for _ in range(_STEP_COUNT):
            before = cost
            slopes = self.differentiate(place)
            cost, place = self._steps(seen, known, place, slopes, most=1)
            is_still = before - cost < _SMALLEST_GAIN
            if is_still:
                break
        # The expectation holds for data and prior knowledge together.
        ratio = cost / seen.size
        return FitOutcome(
            error=place[-2:],
            chi_square_ratio=ratio,
            is_converged=is_still and ratio < _WORST_CHI_SQUARE_RATIO,
        )

    def _steps(
        self,
        seen: Reals,
        known: Reals,
        place: Reals,
        slopes: Reals,
        most: int = _STEP_COUNT,
    ) -> tuple[float, Reals]:
        """Descend with given derivatives; return the cost and the place."""
        information = slopes.T @ slopes + np.diag(self.prior**-2.0)
        cost, damping = self._cost(seen, known, place), 1e-6
        for _ in range(most):
            gradient = slopes.T @ (seen - self.predict(place))
            gradient -= (place - known) / self.prior**2
            before = cost
            while damping < _LARGEST_DAMPING:
                matrix = information + damping * np.eye(self.size)
                trial = place + scipy.linalg.solve(matrix, gradient, assume_a="pos")
                trial_cost = self._cost(seen, known, trial)
                if trial_cost <= cost:
                    place, cost, damping = trial, trial_cost, damping / 30.0
                    break
                damping = max(30.0 * damping, 1e-3)
            if before - cost < 0.1:
                break
        return cost, place

    def _cost(self, seen: Reals, known: Reals, place: Reals) -> float:
        try:
            misfit = seen - self.predict(place)
        except ParameterOutOfRangeError:
            return np.inf
        return float(misfit @ misfit + np.sum(((place - known) / self.prior) ** 2))

    def _hardware_at(self, place: Reals) -> ReceiverHardware:
        values = {
            known.name: known.value + known.prior_sigma * float(step)
            for known, step in zip(self._shared, place, strict=False)
        }
        return with_constants(self._hardware, values)

    def _truth(self, one: DescribedSweep) -> OperatingPoint:
        return point_at(
            one.temperature_k, one.magnetic_field_tesla, one.setup.source_power_dbm
        )

    def _point_at(self, place: Reals, index: int) -> OperatingPoint:
        one, own = self._sweeps[index], place[self._slices[index]]
        moved = self._moved(one, float(own[-2]), float(own[-1]))
        here = {known.name: known.value for known in state_constants(moved)}
        departures = {
            known.name: here[known.name] + known.prior_sigma * float(step)
            for known, step in zip(self._state[index], own[:-2], strict=True)
        }
        return with_constants(moved, departures)

    def _moved(
        self, one: DescribedSweep, by_temperature: float, by_field: float
    ) -> OperatingPoint:
        try:
            return point_at(
                one.temperature_k * 10.0 ** (TEMPERATURE_PRIOR_DEX * by_temperature),
                one.magnetic_field_tesla + FIELD_PRIOR_TESLA * by_field,
                one.setup.source_power_dbm,
            )
        except (ValueError, OverflowError) as error:
            raise ParameterOutOfRangeError(str(error)) from None
