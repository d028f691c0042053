"""The vector that a twin is fitted in: constants, their priors, and drifts a sweep."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from instruments.simulation.physics.chain import (
    OperatingPoint,
    ReceiverHardware,
    list_constants,
    with_constants,
)
from models.twin.calibration_set import Reals

CONNECTOR_SIGMA_RATIO = 0.25
"""Prior spread of a connector's reactance about 0: its sign is unknown."""

FROZEN = ("*critical_*", "*transition_width*")
"""Constants that stay as described: calibration sweeps stay off the transition."""

_CONNECTOR_PATTERNS = ("*connectors.*.reactance_ratio", "*ports.*.reactance_ratio")


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSpace:
    """Free constants in units of their prior spread.

    Attributes
    ----------
    hardware
        The described receiver: start and centre of the priors.
    names
        Free constants of the hardware.
    drift_names
        Fields of the operating point that are free in every sweep.
    centre, sigma, low, high, start
        Prior and bounds in the constants' units, shape (parameter,); the drifts of
        the sweeps follow the constants, sweep by sweep, as departures from 0.
    """

    hardware: ReceiverHardware
    names: tuple[str, ...]
    drift_names: tuple[str, ...]
    centre: Reals
    sigma: Reals
    low: Reals
    high: Reals
    start: Reals

    @property
    def size(self) -> int:
        """Number of parameters."""
        return int(self.centre.size)

    def values(self, place: Reals) -> Reals:
        """Return the constants at a place, within their bounds."""
        return np.clip(self.centre + self.sigma * place, self.low, self.high)

    def place_of(self, values: Reals) -> Reals:
        """Return the place of constants in their units."""
        return np.asarray((values - self.centre) / self.sigma)

    def hardware_at(self, place: Reals) -> ReceiverHardware:
        """Return the receiver at a place."""
        values = self.values(place)[: len(self.names)]
        named = dict(zip(self.names, values.tolist(), strict=True))
        return with_constants(self.hardware, named)

    def drift_slice(self, sweep_index: int) -> slice:
        """Return where the drifts of a sweep stand."""
        first = len(self.names) + sweep_index * len(self.drift_names)
        return slice(first, first + len(self.drift_names))

    def point_at(
        self, place: Reals, point: OperatingPoint, sweep_index: int
    ) -> OperatingPoint:
        """Return the operating point of a sweep with its drifts."""
        moved = self.values(place)[self.drift_slice(sweep_index)]
        return shifted(point, dict(zip(self.drift_names, moved.tolist(), strict=True)))


def shifted(point: OperatingPoint, drifts: dict[str, Any]) -> OperatingPoint:
    """Return an operating point moved by drifts, numbers or tensors."""
    held = {known.name: known.value for known in list_constants(point, tuple(drifts))}
    return with_constants(
        point, {name: held[name] + drift for name, drift in drifts.items()}
    )


def make_space(
    hardware: ReceiverHardware,
    points: list[OperatingPoint],
    drift_names: tuple[str, ...],
    frozen: tuple[str, ...] = (),
    free: tuple[str, ...] = ("*",),
) -> FitSpace:
    """Return the space of everything that is uncertain.

    Parameters
    ----------
    frozen
        Shell patterns of constants that stay as described.
    """
    constants = [
        known
        for known in list_constants(hardware, free)
        if known.prior_sigma > 0.0
        and not any(fnmatchcase(known.name, pattern) for pattern in frozen)
    ]
    is_plane = [
        any(fnmatchcase(known.name, pattern) for pattern in _CONNECTOR_PATTERNS)
        for known in constants
    ]
    value = [known.value for known in constants]
    centre = np.where(is_plane, 0.0, value)
    sigma = np.where(
        is_plane, CONNECTOR_SIGMA_RATIO, [known.prior_sigma for known in constants]
    )
    drifts = [known for point in points for known in list_constants(point, drift_names)]
    order = tuple(known.name for known in list_constants(points[0], drift_names))
    return FitSpace(
        hardware=hardware,
        names=tuple(known.name for known in constants),
        drift_names=order,
        centre=np.concatenate([centre, np.zeros(len(drifts))]),
        sigma=np.concatenate([sigma, [known.prior_sigma for known in drifts]]),
        low=_joined([known.low for known in constants], drifts, "low"),
        high=_joined([known.high for known in constants], drifts, "high"),
        start=np.concatenate(
            [(np.asarray(value) - centre) / sigma, np.zeros(len(drifts))]
        ),
    )


def _joined(own: list[float], drifts: list[Any], bound: str) -> Reals:
    return np.asarray(own + [getattr(known, bound) - known.value for known in drifts])
