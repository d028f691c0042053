"""What a line would look like at any temperature, and how surely."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.thermometry.device import Device, fit_device
from models.thermometry.observation import Table
from models.thermometry.physics import Reals

GRID_SIZE = 240
"""Temperatures of an emulator."""

SATURATION_SIZE = 12
"""Saturations of the reference for which departures are kept."""

_MARGIN = 0.03
_USUAL_SPREAD = np.array([0.043, 0.0215])
_USUAL_FREEDOM = 2.0
_LEAST_REFERENCE_SPREAD = 0.05
_STEP = 0.02
_KERNEL_LN_K = 0.08
_KERNEL_SATURATION = 0.4
_PRIOR_WEIGHT = 0.2
_LEAST_LOSS_SIGMA = 0.02
_LEAST_SHIFT_SIGMA = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Emulator:
    """The lines of a family of resonators.

    Attributes
    ----------
    device
        The mean device of the family.
    spread
        Standard deviations of ``two_level_ratio`` and ``kinetic_fraction`` between
        devices, as fractions; shape (2,).
    reference_ln_k
        Mean and standard deviation of ln T of the references; shape (2,).
    grid_k
        Temperatures in K, even in their logarithm; shape (temperature,).
    saturation
        ln of the reference's saturation, rising; shape (saturation,).
    loss_departure, loss_sigma
        Mean and spread of the logarithm of 1/Q against the device,
        shape (saturation, temperature).
    shift_departure, shift_sigma
        The same of the shift, shape (temperature,).
    """

    device: Device
    spread: Reals
    reference_ln_k: Reals
    grid_k: Reals
    saturation: Reals
    loss_departure: Reals
    loss_sigma: Reals
    shift_departure: Reals
    shift_sigma: Reals

    @classmethod
    def fit(
        cls,
        table: Table,
        temperature_k: Reals,
        reference_k: Reals,
        cavity: npt.NDArray[np.str_],
        *,
        grid_k: Reals | None = None,
        spread: Reals | None = None,
    ) -> "Emulator":
        """Learn from observations whose temperatures, and references', are known.

        Parameters
        ----------
        grid_k, spread
            Taken as given, where not None: a fold of a cross-validation looks at the
            grid and the spread of the whole.
        """
        device, factors = fit_device(table, temperature_k, reference_k, cavity)
        if spread is None:
            spread = _spread_of(factors)
        if grid_k is None:
            grid_k = _grid_over(np.concatenate([temperature_k, reference_k]))
        own = np.unique(cavity, return_inverse=True)[1]
        loss, shift = np.empty(len(table)), np.empty(len(table))
        for number, (two_level, kinetic) in enumerate(factors):
            rows = own == number
            known = replace(
                device,
                two_level_ratio=float(two_level),
                kinetic_fraction=float(kinetic),
            )
            state = (temperature_k[rows], reference_k[rows], table.take(rows))
            loss[rows] = table["log_loss"][rows] - known.log_loss(*state)
            shift[rows] = table["shift"][rows] - known.shift(*state)
        place = np.log(device.saturated(reference_k, table))
        saturation = np.linspace(place.min(), place.max() + 1e-3, SATURATION_SIZE)
        near_k = _kernel(np.log(grid_k), np.log(temperature_k), _KERNEL_LN_K)
        near_s = _kernel(saturation, place, _KERNEL_SATURATION)
        loss_departure, loss_sigma = _smooth(near_s[:, None] * near_k[None], loss)
        shift_departure, shift_sigma = _smooth(near_k, shift)
        ln_reference = np.log(reference_k)
        return cls(
            device=device,
            spread=spread,
            reference_ln_k=np.array(
                [ln_reference.mean(), max(ln_reference.std(), _LEAST_REFERENCE_SPREAD)]
            ),
            grid_k=grid_k,
            saturation=saturation,
            loss_departure=loss_departure,
            loss_sigma=np.maximum(loss_sigma, _LEAST_LOSS_SIGMA),
            shift_departure=shift_departure,
            shift_sigma=np.maximum(shift_sigma, _LEAST_SHIFT_SIGMA),
        )

    def of_one(self, two_level_ratio: float, kinetic_fraction: float) -> "Emulator":
        """Return what is expected of one device whose two factors are known."""
        known = replace(
            self.device,
            two_level_ratio=two_level_ratio,
            kinetic_fraction=kinetic_fraction,
        )
        return replace(self, device=known, spread=np.zeros(2))

    def distance(self, row: Table, widening: float = 1.0) -> tuple[Reals, Reals]:
        """Hold one observation against every temperature of the grid.

        Parameters
        ----------
        widening
            Factor on all standard deviations but those between devices and between
            references.

        Returns
        -------
        tuple
            Mahalanobis distance squared, and logarithm of the determinant of the
            covariance; each of shape (temperature,).
        """
        reference_k = np.exp(self.reference_ln_k[0])
        mean, place = self._expected(self.device, reference_k, row)
        loss_sigma = _between(self.saturation, self.loss_sigma, place)
        noise = widening**2 * np.stack(
            [
                self.shift_sigma**2 + row["shift_sigma"] ** 2,
                loss_sigma**2
                + row["log_loss_sigma"] ** 2
                + row["reference_log_loss_sigma"] ** 2,
            ]
        )
        slopes = self._slopes(mean, row)
        cross = (slopes[:, 0] * slopes[:, 1]).sum(axis=0)
        first, second = noise + (slopes**2).sum(axis=0)
        away = np.stack([row["shift"] - mean[0], row["log_loss"] - mean[1]])
        determinant = first * second - cross**2
        squared = second * away[0] ** 2 + first * away[1] ** 2
        squared = squared - 2.0 * cross * away[0] * away[1]
        return squared / determinant, np.log(determinant)

    def _expected(
        self, device: Device, reference_k: float, row: Table
    ) -> tuple[Reals, float]:
        known = np.array([reference_k])
        place = float(np.log(device.saturated(known, row))[0])
        shift = device.shift(self.grid_k, known, row) + self.shift_departure
        loss = device.log_loss(self.grid_k, known, row)
        loss = loss + _between(self.saturation, self.loss_departure, place)
        return np.stack([shift, loss]), place

    def _slopes(self, mean: Reals, row: Table) -> Reals:
        """Return the change by one standard deviation of each unknown.

        Shape (unknown, observable, temperature): two-level systems, kinetic
        inductance, temperature of the reference.
        """
        device, reference_k = self.device, float(np.exp(self.reference_ln_k[0]))
        two_level, kinetic = device.two_level_ratio, device.kinetic_fraction
        moved = (
            (replace(device, two_level_ratio=two_level * (1.0 + _STEP)), reference_k),
            (replace(device, kinetic_fraction=kinetic * (1.0 + _STEP)), reference_k),
            (device, reference_k * float(np.exp(_STEP))),
        )
        sizes = (*self.spread, self.reference_ln_k[1])
        return np.stack(
            [
                (self._expected(*state, row)[0] - mean) * size / _STEP
                for state, size in zip(moved, sizes, strict=True)
            ]
        )


def _spread_of(factors: Reals) -> Reals:
    """Return the spread between devices as fraction, wider the fewer there are.

    The spread that resonators of one kind usually have counts as much as
    :data:`_USUAL_FREEDOM` devices (scaled inverse chi-square): two that happen to be
    alike do not promise a third.
    """
    count = len(factors)
    relative = factors / np.maximum(factors.mean(axis=0), 1e-12) - 1.0
    squares = (relative**2).sum(axis=0) + _USUAL_FREEDOM * _USUAL_SPREAD**2
    variance = squares / (_USUAL_FREEDOM + count - 1.0)
    # A new device scatters around a mean that is itself of these few.
    return np.asarray(np.minimum(np.sqrt(variance * (1.0 + 1.0 / count)), 0.5))


def _grid_over(temperature_k: Reals) -> Reals:
    low, high = np.log(temperature_k.min()), np.log(temperature_k.max())
    margin = _MARGIN * (high - low) + 1e-3
    return np.exp(np.linspace(low - margin, high + margin, GRID_SIZE))


def _kernel(places: Reals, samples: Reals, width: float) -> Reals:
    return np.exp(-0.5 * ((places[:, None] - samples[None]) / width) ** 2)


def _smooth(weight: Reals, values: Reals) -> tuple[Reals, Reals]:
    """Return local mean and spread, drawn to zero and the usual where few are near."""
    usual = float(np.mean(values**2))
    total = weight.sum(axis=-1) + _PRIOR_WEIGHT
    mean = weight @ values / total
    square = (weight @ values**2 + _PRIOR_WEIGHT * usual) / total
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))


def _between(places: Reals, rows: Reals, place: float) -> Reals:
    """Interpolate rows linearly, constant beyond the ends."""
    at = np.interp(place, places, np.arange(places.size))
    low = min(int(at), places.size - 2)
    return np.asarray(rows[low] + (at - low) * (rows[low + 1] - rows[low]))
