"""Reading the posterior of sweeps from the emulator of the healthy receiver.

A multivariate Student t with as many degrees of freedom as there were cycles, over
a temperature axis that is refined where the density peaks; the field is a polynomial
inside of the exponent and is integrated out by Laplace's method.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.coordinates.signal import Flags, Reals
from models.emulation.field import FieldSearch, derived, evaluate
from models.emulation.healthy import HealthyEmulator
from models.emulation.posterior import Posterior

COARSE_COUNT = 160
"""Places of the temperature axis that are tried first."""

_FINE_COUNT = 41
_CHUNK = 64


class PosteriorReader:
    """An emulator made ready for sweeps that have the same traces.

    Parameters
    ----------
    emulator
        Of the healthy receiver.
    present
        Coordinates that the sweeps have, shape (coordinate,).
    """

    def __init__(self, emulator: HealthyEmulator, present: Flags) -> None:
        self._emulator = emulator
        self._present = present
        self._judged = present & emulator.used
        self._inverse, self._means = _whitened(emulator, self._judged)
        self._all_inverse, _ = _whitened(emulator, present)
        plain = emulator.coefficients[:, present]
        self._all_means = np.broadcast_to(plain, (self._inverse.shape[0], *plain.shape))
        # All bands in one product.
        whole = self._inverse.transpose(2, 0, 1)
        self._turning = np.ascontiguousarray(whole.reshape(whole.shape[0], -1))
        diagonals = np.diagonal(self._inverse, axis1=1, axis2=2)
        self._log_volume = -np.log(diagonals).sum(axis=1)
        low, high = emulator.place_range
        margin = 0.01 * (high - low)
        self._coarse = np.linspace(low - margin, high + margin, COARSE_COUNT)
        step = float(self._coarse[1] - self._coarse[0])
        self._around = [
            np.linspace(-reach, reach, _FINE_COUNT)
            for reach in (3.0 * step, 0.3 * step)
        ]
        self._coarse_curve = self._curve_at(self._coarse[None])
        self._search = _search_of(emulator)

    def read(self, values: Reals) -> Posterior:
        """Return the posterior of sweeps, from coordinates (sweep, coordinate)."""
        parts = [
            self._read(values[start : start + _CHUNK])
            for start in range(0, values.shape[0], _CHUNK)
        ]
        if len(parts) == 1:
            return parts[0]
        return Posterior(
            **{
                name: np.concatenate([getattr(part, name) for part in parts])
                for name in Posterior.__slots__
            }
        )

    def _read(self, values: Reals) -> Posterior:
        emulator = self._emulator
        scaled = emulator.scaled(values)[:, self._judged]
        count = scaled.shape[0]
        bands, width = self._inverse.shape[:2]
        whitened = (scaled @ self._turning).reshape(count, bands, width)
        if emulator.design.fine.size == 0:
            places = np.full((count, 1), emulator.place_range[0])
            only = self._logs(whitened, self._curve_at(places))
            pair = [np.repeat(each, 2, axis=1) for each in only]
            spread = places + np.array([-0.5, 0.5])
            return self._finished(values, spread, *pair)
        places = np.tile(self._coarse, (count, 1))
        found = [(places, *self._logs(whitened, self._coarse_curve))]
        rows = np.arange(count)[:, None]
        for around in self._around:
            best = np.stack([_peak(places, logs) for places, logs, *_ in found], axis=1)
            near = best[rows[:, 0], best[..., 1].argmax(axis=1), :1] + around
            found.append((near, *self._logs(whitened, self._curve_at(near))))
        together = [np.concatenate(each, axis=1) for each in zip(*found, strict=True)]
        order = np.argsort(together[0], axis=1, kind="stable")
        places, logs, field, sigma = (each[rows, order] for each in together)
        return self._finished(values, places, logs, field, sigma)

    def _finished(
        self, values: Reals, places: Reals, logs: Reals, field: Reals, sigma: Reals
    ) -> Posterior:
        best = np.arange(logs.shape[0])[:, None], logs.argmax(axis=1)[:, None]
        best_place, best_field = places[best], field[best]
        residuals, departures = np.zeros(values.shape), np.zeros(values.shape)
        left = self._left(values, best_place, best_field)
        departures[:, self._present] = left * self._emulator.scale[self._present]
        turned = self._all_inverse[self._bands(best_place[:, 0])]
        residuals[:, self._present] = np.matmul(turned, left[:, :, None])[:, :, 0]
        found = Posterior(
            places=places,
            density=np.exp(logs - logs[best]),
            field_tesla=field,
            field_sigma_tesla=sigma,
            residuals=residuals,
            departures=departures,
            chi_square=(residuals**2).sum(axis=1) / max(int(self._present.sum()), 1),
            best_place=best_place[:, 0],
            best_field_tesla=best_field[:, 0],
            frozen_below=np.full(values.shape[0], -np.inf),
        )
        below = self._emulator.frozen_below
        return found if below == -np.inf else found.frozen(below)

    def _bands(self, places: Reals) -> npt.NDArray[np.intp]:
        known = self._emulator.band_places
        return np.asarray(np.searchsorted(0.5 * (known[1:] + known[:-1]), places))

    def _means_at(self, places: Reals, all_means: Reals) -> Reals:
        """Return the mean at places by coefficients, (..., power, coordinate)."""
        design = self._emulator.design
        flat = places.reshape(-1)
        fine, coarse = design.blocks(flat)
        curve, fields = design.slices()
        band = self._bands(flat)
        found = np.empty((design.powers, flat.size, all_means.shape[2]))
        first, last = int(band.min()), int(band.max())
        for index in range(first, last + 1):
            # Most sweeps are sought in one band.
            chosen = slice(None) if first == last else np.flatnonzero(band == index)
            means = all_means[index]
            found[0, chosen] = fine[chosen] @ means[curve]
            for power, part in enumerate(fields, start=1):
                found[power, chosen] = coarse[chosen] @ means[part]
        return found.transpose(1, 0, 2).reshape(*places.shape, *found.shape[::2])

    def _curve_at(self, places: Reals) -> "_Curve":
        means = self._means_at(places, self._means)
        powers = means[..., 1:, :]
        return _Curve(
            band=self._bands(places),
            means=means[..., 0, :],
            powers=powers,
            among=np.matmul(powers, np.swapaxes(powers, -1, -2)),
        )

    def _logs(self, whitened: Reals, curve: "_Curve") -> tuple[Reals, Reals, Reals]:
        """Return log density, field and its sigma at places, each (sweep, place)."""
        rows = np.arange(whitened.shape[0])[:, None]
        polynomial = curve.square_of(whitened[rows, curve.band] - curve.means)
        freedom, tempering = self._emulator.freedom, self._emulator.tempering
        count = whitened.shape[2]
        if self._search is None:
            relative = np.zeros(polynomial.shape[1:])
        else:
            relative = self._search.least(polynomial)
        least = np.maximum(evaluate(polynomial, relative), 0.0)
        logs = -0.5 * (freedom + count) * np.log1p(least / freedom)
        logs = tempering * (logs - self._log_volume[curve.band])
        if self._search is None:
            return logs, np.zeros_like(logs), np.zeros_like(logs)
        bend = 0.5 * evaluate(derived(derived(polynomial)), relative)
        bend *= tempering * (freedom + count) / (freedom + least)
        scale = self._emulator.design.field_scale
        low, high = self._emulator.field_range_tesla
        widest = 0.3 * (high - low) / scale
        sigma = np.minimum(1.0 / np.sqrt(np.maximum(bend, 1e-12)), widest)
        return logs + np.log(sigma), relative * scale, sigma * scale

    def _left(self, values: Reals, place: Reals, field: Reals) -> Reals:
        """Return what the mean leaves of scaled coordinates, (sweep, coordinate)."""
        means = self._means_at(place, self._all_means)[:, 0]
        left = self._emulator.scaled(values)[:, self._present] - means[:, 0]
        scale = self._emulator.design.field_scale
        for power in range(1, means.shape[1]):
            left = left - (field / scale) ** power * means[:, power]
        return np.asarray(left)


def _peak(places: Reals, logs: Reals) -> Reals:
    """Return the likeliest place and its log density, shape (sweep, 2)."""
    rows = np.arange(places.shape[0])
    at = logs.argmax(axis=1)
    return np.stack([places[rows, at], logs[rows, at]], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Curve:
    """The whitened mean at places, which may be those of all sweeps.

    Attributes
    ----------
    band
        Band of temperature, shape (sweep or 1, place).
    means
        Without a field, shape (sweep or 1, place, coordinate).
    powers
        What the powers of the field add, shape (sweep or 1, place, power, coordinate).
    among
        Products of these, shape (sweep or 1, place, power, power).
    """

    band: npt.NDArray[np.intp]
    means: Reals
    powers: Reals
    among: Reals

    def square_of(self, base: Reals) -> Reals:
        """Return the squared length of a departure as a polynomial of the field.

        Parameters
        ----------
        base
            Departure without a field, shape (sweep, place, coordinate).

        Returns
        -------
        ndarray
            Shape (coefficient, sweep, place).
        """
        count = self.powers.shape[-2]
        polynomial = np.zeros((2 * count + 1, *base.shape[:2]))
        polynomial[0] = np.einsum("npd,npd->np", base, base)
        if count:
            mixed = np.matmul(self.powers, base[..., None])[..., 0]
            polynomial[1 : count + 1] -= 2.0 * mixed.transpose(2, 0, 1)
        for one in range(count):
            for two in range(count):
                polynomial[one + two + 2] += self.among[..., one, two]
        return polynomial


def _search_of(emulator: HealthyEmulator) -> FieldSearch | None:
    """Return what looks for the field; None where it was not trained."""
    scale = emulator.design.field_scale
    if scale == 0.0:
        return None
    order = 2 * (emulator.design.powers - 1)
    return FieldSearch.over(emulator.field_range_tesla, scale, order)


def _whitened(emulator: HealthyEmulator, chosen: Flags) -> tuple[Reals, Reals]:
    """Return whitening matrices and whitened coefficients, (band, ...) each."""
    covariances = emulator.covariances[:, chosen][:, :, chosen]
    inverse = np.stack(
        [np.linalg.inv(np.linalg.cholesky(each)) for each in covariances]
    )
    coefficients = emulator.coefficients[:, chosen]
    return inverse, np.einsum("tc,bdc->btd", coefficients, inverse, optimize=True)
