"""The story of one thermal cycle of a calibration: labels before any physics."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from instruments.simulation.conditions import (
    FULL_STRAY_FIELD_TESLA,
    STRAY_FIELD_LIMIT_TESLA,
    Condition,
)

COLDEST_K, WARMEST_K = 3.0, 300.0
"""Range of receiver temperatures in K."""

COLD_SHARE = 0.35
"""Share of sweeps taken near the nominal temperature."""

QUIET_SHARE = 0.6
"""Share of sweeps, without a stray-field fault, in next to no field."""

CONDITION_SHARES = {
    Condition.HEALTHY: 0.40,
    Condition.CIRCULATOR_STRAY_FIELD: 0.26,
    Condition.LOOSE_CONNECTOR: 0.18,
    Condition.AMPLIFIER_FAULT: 0.16,
}
"""Share of episodes of each condition."""

LEAST_SEVERITY = 0.05
"""Smallest severity that counts as a fault."""

EPISODE_SWEEPS = (3, 9)
"""Shortest and longest episode in sweeps."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happens to one receiver, sweep by sweep; every field has shape (sweep,).

    Attributes
    ----------
    condition
        Name of the condition.
    severity
        Severity of the fault, 0 to 1.
    connector
        Number of the loose connector.
    magnetic_field_tesla
        Field at the circulator in tesla.
    """

    condition: npt.NDArray[np.str_]
    severity: Floats
    connector: npt.NDArray[np.int64]
    magnetic_field_tesla: Floats

    def severity_of(self, condition: Condition) -> Floats:
        """Return the severity of one condition, 0 where another one holds."""
        return np.where(self.condition == condition, self.severity, 0.0)


def draw_temperatures(
    rng: np.random.Generator, count: int, nominal_temperature_k: float
) -> Floats:
    """Draw the fridge's temperatures in K, shape (sweep,).

    The first is the nominal one; of the others a share lies near it and the rest is
    log-uniform.
    """
    spread = np.exp(rng.uniform(np.log(COLDEST_K), np.log(WARMEST_K), count))
    near = nominal_temperature_k * np.exp(0.06 * rng.standard_normal(count))
    temperature_k = np.where(rng.random(count) < COLD_SHARE, near, spread)
    temperature_k[0] = nominal_temperature_k
    return temperature_k


def draw_story(
    rng: np.random.Generator, count: int, connector_count: int, quiet_tesla: float
) -> Story:
    """Draw the episodes of one receiver; the first sweep is healthy and in no field.

    Parameters
    ----------
    count
        Sweeps.
    connector_count
        Connectors that can come loose.
    quiet_tesla
        Field in tesla while nothing is wrong.
    """
    condition = np.full(count, Condition.HEALTHY, dtype="<U32")
    severity = np.zeros(count)
    connector = np.zeros(count, dtype=np.int64)
    field_tesla = _quiet_fields(rng, count, quiet_tesla)
    for block in _blocks(rng, count):
        kind = rng.choice(list(CONDITION_SHARES), p=list(CONDITION_SHARES.values()))
        length = block.stop - block.start
        ends = np.exp(rng.uniform(np.log(LEAST_SEVERITY), 0.0, 2))
        if kind == Condition.HEALTHY:
            continue
        if kind == Condition.CIRCULATOR_STRAY_FIELD:
            ends = np.maximum(ends, STRAY_FIELD_LIMIT_TESLA / FULL_STRAY_FIELD_TESLA)
        condition[block] = kind
        severity[block] = np.linspace(ends[0], ends[1], length)
        connector[block] = rng.integers(connector_count)
        if kind == Condition.CIRCULATOR_STRAY_FIELD:
            field_tesla[block] = severity[block] * FULL_STRAY_FIELD_TESLA
    return Story(
        condition=condition,
        severity=severity,
        connector=connector,
        magnetic_field_tesla=field_tesla,
    )


def _quiet_fields(rng: np.random.Generator, count: int, quiet_tesla: float) -> Floats:
    quiet = quiet_tesla + np.abs(rng.normal(0.0, 5e-5, count))
    tolerable = np.exp(rng.uniform(np.log(2e-4), np.log(4.5e-3), count))
    field_tesla = np.where(rng.random(count) < QUIET_SHARE, quiet, tolerable)
    field_tesla[0] = quiet_tesla
    return np.minimum(field_tesla, 0.9 * STRAY_FIELD_LIMIT_TESLA)


def _blocks(rng: np.random.Generator, count: int) -> Iterator[slice]:
    shortest, longest = EPISODE_SWEEPS
    start = 1
    while start < count:
        stop = min(count, start + int(rng.integers(shortest, longest + 1)))
        yield slice(start, stop)
        start = stop
