"""Labels of simulated sweeps, as a laboratory's instruments would give them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.simulation.life import HEALTHY, LifeSample

FIRST_CYCLE_AT = datetime(2026, 1, 5, tzinfo=UTC)
"""Start of the first cool-down; a run is a story with dates of its own."""

THERMOMETER_NOISE = 0.002
"""Relative standard deviation of the temperature labels."""

GAUSSMETER_NOISE_TESLA = 2.0e-5
"""Standard deviation of the field label in tesla."""

_UNITS = {
    "severity": "1",
    "four_kelvin_k": "K",
    "cavity_temperature_k": "K",
    "magnet_field_tesla": "T",
    "rod_position_ratio": "1",
    "source_power_dbm": "dBm",
}


@dataclass(slots=True)
class LabelColumns:
    """Labels of the sweeps that were written so far."""

    parts: dict[str, list[npt.NDArray[Any]]] = field(default_factory=dict)

    def add(self, values: dict[str, npt.NDArray[Any]]) -> None:
        """Add the labels of the next sweeps, each of shape (sweep,)."""
        for name, value in values.items():
            self.parts.setdefault(name, []).append(value)

    def whole(self) -> dict[str, npt.NDArray[Any]]:
        """Return the labels of all sweeps, and their units."""
        units = {f"unit:{name}": np.array(unit) for name, unit in _UNITS.items()}
        columns = {name: np.concatenate(parts) for name, parts in self.parts.items()}
        return columns | units


def sample_labels(
    sample: LifeSample,
    started_at: datetime,
    seen: set[str],
    rng: np.random.Generator,
) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of an archive for a cavity at some times.

    Parameters
    ----------
    started_at
        When the sample's time was 0 s.
    seen
        Thermal cycles that have a reference; those that get one are added.
    rng
        Of the noise of thermometers and gaussmeter.
    """
    count, point = sample.sweep_count, sample.point
    warm = 1.0 + THERMOMETER_NOISE * rng.standard_normal((3, count))
    gauss = GAUSSMETER_NOISE_TESLA * rng.standard_normal(count)
    further = {
        "severity": sample.severity,
        "four_kelvin_k": point.plates.four_kelvin_k * warm[1],
        "cavity_temperature_k": point.cavity_temperature_k * warm[2],
        "magnet_field_tesla": point.magnet_field_tesla,
        "rod_position_ratio": point.rod_position_ratio,
        "source_power_dbm": point.source_power_dbm,
    }
    return {
        "cavity": np.full(count, sample.cavity),
        "thermal_cycle": sample.thermal_cycle,
        "measured_at": started_at.replace(tzinfo=UTC).timestamp() + sample.time_s,
        "is_reference": _references(sample, seen),
        "temperature_k": point.plates.mixing_chamber_k * warm[0],
        "magnetic_field_tesla": sample.magnetic_field_tesla + gauss,
        "condition": sample.condition,
        "component": sample.component,
        **{f"label:{name}": np.asarray(value) for name, value in further.items()},
    }


def _references(sample: LifeSample, seen: set[str]) -> npt.NDArray[np.bool_]:
    """Mark the first cold and healthy sweep of each thermal cycle."""
    found = np.zeros(sample.sweep_count, dtype=np.bool_)
    good = np.flatnonzero((sample.condition == HEALTHY) & sample.is_cold)
    for row in good[np.argsort(sample.time_s[good])]:
        cycle = str(sample.thermal_cycle[row])
        if cycle not in seen:
            seen.add(cycle)
            found[row] = True
    return found
