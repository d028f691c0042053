"""The constants of a family of resonators, learnt from labelled sweeps."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from models.thermometry.observation import Table
from models.thermometry.physics import (
    Reals,
    quasiparticles,
    two_level_loss,
    two_level_shift,
)

_CRITICAL_COUNT = 100
_MOST_SATURATED = 1e-4
_LEAST_SATURATED = 1.0 - 1e-3
_ROBUST_SCALE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Constants of a resonator.

    Attributes
    ----------
    two_level_ratio
        F tan delta / pi.
    kinetic_fraction
        Kinetic inductance fraction.
    critical_k
        Critical temperature of the metal in K.
    dephasing_exponent
        Power with which the drive that saturates the two-level systems grows with T.
    saturation_exponent
        Exponent of the saturation, 1/2 for systems that do not interact.
    energy_exponent
        Exponent of the energy in the resonator in the saturation.
    resistive_ratio
        Loss by quasiparticles over that expected from their inductance.
    floor_loss
        1/Q that is left at any temperature.
    """

    two_level_ratio: float
    kinetic_fraction: float
    critical_k: float
    dephasing_exponent: float = 1.3
    saturation_exponent: float = 0.9
    energy_exponent: float = 0.5
    resistive_ratio: float = 1.0
    floor_loss: float = 1e-7

    def shift(self, temperature_k: Reals, reference_k: Reals, table: Table) -> Reals:
        """Return the fractional shift against the reference's temperature."""
        f0 = table["reference_hz"]
        pull = two_level_shift(temperature_k, f0) - two_level_shift(reference_k, f0)
        swept, _ = quasiparticles(temperature_k, f0, self.critical_k)
        known, _ = quasiparticles(reference_k, f0, self.critical_k)
        return self.two_level_ratio * pull + self.kinetic_fraction * (swept - known)

    def log_loss(self, temperature_k: Reals, reference_k: Reals, table: Table) -> Reals:
        """Return the logarithm of 1/Q; how far it saturates is read from the reference.

        At the reference the two-level systems absorb what the loss leaves over; the
        saturation moves from there with temperature and stored energy.
        """
        f0 = table["reference_hz"]
        bare = self.two_level_ratio * two_level_loss(temperature_k, f0)
        saturated = self.saturated(reference_k, table)
        drive = saturated ** (-1.0 / self.saturation_exponent) - 1.0
        drive = drive * np.exp(self.energy_exponent * table["log_energy_ratio"])
        drive = drive * (temperature_k / reference_k) ** -self.dephasing_exponent
        _, absorbed = quasiparticles(temperature_k, f0, self.critical_k)
        loss = bare / (1.0 + drive) ** self.saturation_exponent
        loss = loss + self.resistive_ratio * self.kinetic_fraction * absorbed
        loss = loss + self.floor_loss
        return np.log(np.maximum(loss, 1e-12))

    def saturated(self, reference_k: Reals, table: Table) -> Reals:
        """Return the reference's loss over that of unsaturated two-level systems."""
        bare = self.two_level_ratio * two_level_loss(reference_k, table["reference_hz"])
        left = np.exp(table["reference_log_loss"]) - self.floor_loss
        return np.asarray(
            np.clip(left / np.maximum(bare, 1e-12), _MOST_SATURATED, _LEAST_SATURATED)
        )


def fit_device(
    table: Table,
    temperature_k: Reals,
    reference_k: Reals,
    cavity: npt.NDArray[np.str_],
) -> tuple[Device, Reals]:
    """Fit the constants that cavities share, and the two factors of each.

    Returns
    -------
    tuple
        The mean device, and ``two_level_ratio`` and ``kinetic_fraction`` of each
        cavity, shape (cavity, 2).
    """
    highest = max(float(temperature_k.max()), float(reference_k.max()))
    best: tuple[float, float, Reals] | None = None
    for critical_k in np.geomspace(2.0 * highest, 40.0 * highest, _CRITICAL_COUNT):
        trial = fit_factors(
            table, temperature_k, reference_k, cavity, float(critical_k)
        )
        if best is None or trial[0] < best[0]:
            best = (trial[0], float(critical_k), trial[1])
    assert best is not None
    two_level_ratio, kinetic_fraction = (float(value) for value in best[2].mean(axis=0))
    device = Device(
        two_level_ratio=two_level_ratio,
        kinetic_fraction=kinetic_fraction,
        critical_k=best[1],
    )
    return _with_loss(device, table, temperature_k, reference_k), best[2]


def fit_factors(
    table: Table,
    temperature_k: Reals,
    reference_k: Reals,
    cavity: npt.NDArray[np.str_],
    critical_k: float,
) -> tuple[float, Reals]:
    """Fit ``two_level_ratio`` and ``kinetic_fraction`` of each cavity.

    Returns
    -------
    tuple
        Sum of absolute misfits of the shift, and factors of shape (cavity, 2), the
        cavities in the order of their names.
    """
    unit = Device(two_level_ratio=1.0, kinetic_fraction=0.0, critical_k=critical_k)
    basis = np.stack(
        [
            replace(unit, two_level_ratio=one, kinetic_fraction=other).shift(
                temperature_k, reference_k, table
            )
            for one, other in ((1.0, 0.0), (0.0, 1.0))
        ],
        axis=1,
    )
    found, misfit = [], 0.0
    for name in np.unique(cavity):
        rows = cavity == name
        factors, *_ = np.linalg.lstsq(basis[rows], table["shift"][rows], rcond=None)
        factors = np.clip(factors, 0.0, [np.inf, 1.0])
        misfit += float(np.abs(table["shift"][rows] - basis[rows] @ factors).sum())
        found.append(factors)
    return misfit, np.array(found)


def _with_loss(
    device: Device, table: Table, temperature_k: Reals, reference_k: Reals
) -> Device:
    names = (
        "dephasing_exponent",
        "saturation_exponent",
        "energy_exponent",
        "resistive_ratio",
        "floor_loss",
    )
    start = np.log([getattr(device, name) for name in names])
    low = np.log([0.05, 0.2, 0.05, 0.2, 1e-9])
    high = np.log([4.0, 2.0, 2.0, 5.0, 1e-2])

    def misfit(place: Reals) -> Reals:
        constants = dict(zip(names, np.exp(place).tolist(), strict=True))
        expected = replace(device, **constants)
        return expected.log_loss(temperature_k, reference_k, table) - table["log_loss"]

    found = least_squares(
        misfit, start, bounds=(low, high), loss="soft_l1", f_scale=_ROBUST_SCALE
    )
    return replace(device, **dict(zip(names, np.exp(found.x).tolist(), strict=True)))
