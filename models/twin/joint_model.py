"""Sweeps of one thermal cycle with everything that is uncertain about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from instruments.simulation.physics.chain import (
    OperatingPoint,
    ReceiverHardware,
    read_constants,
    with_constants,
)
from models.twin.joint_prior import SharedPrior
from models.twin.limits_jacobian import directed_slopes
from models.twin.limits_rows import noise_rows, response_rows
from models.twin.limits_state import (
    COLDEST_K,
    FIELD_PRIOR_TESLA,
    LARGEST_FIELD_TESLA,
    TEMPERATURE_PRIOR_DEX,
    WARMEST_K,
    asked_slopes,
    points_at,
)
from models.twin.limits_sweep import SweepSetup
from models.twin.parameters import state_constants

Reals = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSweep:
    """One sweep of a joint fit.

    Attributes
    ----------
    setup
        Axis, traces and settings.
    temperature_k, magnetic_field_tesla
        Where its place counts from, in K and tesla.
    asked_prior_ratio
        How well log10 T and B are known beforehand, over the priors of a sweep of
        which nothing is known.
    known_state
        Values of the operating point that are told, such as the rod's position; the
        state drifts about them.
    """

    setup: SweepSetup
    temperature_k: float
    magnetic_field_tesla: float
    asked_prior_ratio: tuple[float, float] = (1.0, 1.0)
    known_state: Mapping[str, float] = field(default_factory=dict)


class JointModel:
    """Sweeps as a function of a place, for many places (trials) at once.

    A place is a vector of departures in units of the priors: the receiver's constants,
    then the state and (log10 T, B) of each sweep.

    Parameters
    ----------
    hardware
        The receiver as described.
    shared
        What is known of its uncertain constants.
    sweeps
        The sweeps; the last one is asked about.
    """

    def __init__(
        self,
        hardware: ReceiverHardware,
        shared: SharedPrior,
        sweeps: Sequence[JointSweep],
    ) -> None:
        self._hardware, self._shared, self.sweeps = hardware, shared, tuple(sweeps)
        state = state_constants(OperatingPoint())
        self._names = [known.name for known in state]
        self._spreads = np.asarray([known.prior_sigma for known in state])
        self._bounds = (
            np.asarray([known.low for known in state]),
            np.asarray([known.high for known in state]),
        )
        own = len(state) + 2
        self.size = shared.size + own * len(sweeps)
        self._slices = [
            slice(shared.size + own * index, shared.size + own * (index + 1))
            for index in range(len(sweeps))
        ]
        self.prior = np.ones(self.size)
        for one, where in zip(sweeps, self._slices, strict=True):
            self.prior[where.stop - 2 : where.stop] = one.asked_prior_ratio

    def with_asked_prior(self, ratio: tuple[float, float]) -> "JointModel":
        """Return the model with another prior of the last sweep's log10 T and B."""
        *others, last = self.sweeps
        last = replace(last, asked_prior_ratio=ratio)
        return JointModel(self._hardware, self._shared, [*others, last])

    def asked_slice(self, index: int) -> slice:
        """Return where log10 T and B of a sweep stand in a place."""
        stop = self._slices[index].stop
        return slice(stop - 2, stop)

    def state_index(self, index: int, name: str) -> int:
        """Return where a value of a sweep's state stands in a place."""
        return self._slices[index].start + self._names.index(name)

    def is_allowed(self, places: Reals) -> Mask:
        """Return which places are physical, shape (trial,)."""
        shared = self._shared
        values = shared.values(places[:, : shared.size])
        is_fine = ((values >= shared.low) & (values <= shared.high)).all(axis=1)
        for index in range(len(self.sweeps)):
            temperature_k, field_tesla = self.asked_at(places, index)
            is_fine &= (temperature_k >= COLDEST_K) & (temperature_k <= WARMEST_K)
            is_fine &= np.abs(field_tesla) <= LARGEST_FIELD_TESLA
            state = self._state_at(places, index, self._base_at(places, index))
            low, high = self._bounds
            is_fine &= ((state >= low) & (state <= high)).all(axis=1)
        return np.asarray(is_fine)

    def rows(self, places: Reals) -> list[Reals]:
        """Return each sweep without noise, shape (trial, row)."""
        return [self.rows_of(places, index) for index in range(len(self.sweeps))]

    def rows_of(self, places: Reals, index: int) -> Reals:
        """Return one sweep without noise, shape (trial, row)."""
        hardware, point = self.hardware_at(places), self.point_at(places, index)
        return np.atleast_2d(response_rows(self.sweeps[index].setup, hardware, point))

    def noise(self, places: Reals) -> list[Reals]:
        """Return the standard deviation of each row of each sweep, (trial, row)."""
        hardware = self.hardware_at(places)
        return [
            np.atleast_2d(noise_rows(one.setup, hardware, self.point_at(places, index)))
            for index, one in enumerate(self.sweeps)
        ]

    def slopes(self, places: Reals) -> list[Reals]:
        """Return d row / d number of each sweep, shape (trial, row, number)."""
        return [self.slopes_of(places, index) for index in range(len(self.sweeps))]

    def columns(self, index: int) -> npt.NDArray[np.intp]:
        """Return which numbers of a place move a sweep."""
        own = self._slices[index]
        return np.asarray(np.r_[0 : self._shared.size, own.start : own.stop])

    def information(self, slopes: Sequence[Reals]) -> Reals:
        """Return the information of slopes over noise and that of the priors.

        Shape (trial, number, number).
        """
        found = np.zeros((len(slopes[0]), self.size, self.size))
        for index, slope in enumerate(slopes):
            columns = self.columns(index)
            found[:, columns[:, None], columns] += slope.transpose(0, 2, 1) @ slope
        diagonal = np.arange(self.size)
        found[:, diagonal, diagonal] += self.prior**-2.0
        return found

    def hardware_at(self, places: Reals) -> ReceiverHardware:
        """Return the receivers at places, each constant of shape (trial,)."""
        values = self._shared.values(places[:, : self._shared.size])
        return with_constants(
            self._hardware, dict(zip(self._shared.names, values.T, strict=True))
        )

    def asked_at(self, places: Reals, index: int) -> tuple[Reals, Reals]:
        """Return temperatures in K and fields in tesla of a sweep, shape (trial,)."""
        one, (log_t, field) = self.sweeps[index], places[:, self.asked_slice(index)].T
        warmth = np.clip(TEMPERATURE_PRIOR_DEX * log_t, -8.0, 8.0)
        return (
            one.temperature_k * 10.0**warmth,
            one.magnetic_field_tesla + FIELD_PRIOR_TESLA * field,
        )

    def point_at(self, places: Reals, index: int) -> OperatingPoint:
        """Return the states of a sweep at places, each value of shape (trial,)."""
        base = self._base_at(places, index)
        state = self._state_at(places, index, base)
        return with_constants(base, dict(zip(self._names, state.T, strict=True)))

    def slopes_of(self, places: Reals, index: int) -> Reals:
        """Return d row / d number of one sweep, shape (trial, row, number).

        Numbers are the shared constants and the sweep's own, see ``columns``.
        """
        shared = self._shared
        raw = directed_slopes(
            self.sweeps[index].setup,
            self.hardware_at(places),
            shared.names,
            self.point_at(places, index),
            asked_slopes(self._base_at(places, index)),
            trial_count=len(places),
        )
        by_constant = np.moveaxis(raw[: shared.size], 0, 2) @ shared.factor
        by_state = np.moveaxis(raw[shared.size : -2], 0, 2) * self._spreads
        asked = np.moveaxis(raw[-2:], 0, 2)
        return np.concatenate([by_constant, by_state, asked], axis=2)

    def _base_at(self, places: Reals, index: int) -> OperatingPoint:
        one = self.sweeps[index]
        power_dbm = one.setup.source_power_dbm
        point = points_at(*self.asked_at(places, index), power_dbm)
        return with_constants(point, one.known_state)

    def _state_at(self, places: Reals, index: int, base: OperatingPoint) -> Reals:
        """Return the state in its units, shape (trial, constant)."""
        own = places[:, self._slices[index]][:, :-2] * self._spreads
        here = read_constants(base, self._names)
        return np.asarray(np.stack(np.broadcast_arrays(*here, own[:, 0])[:-1], 1) + own)
