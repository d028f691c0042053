"""What a life is at chosen times: hardware and state of one cavity, sweep by sweep."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.simulation.failures import Situation
from instruments.simulation.physics.chain import OperatingPoint, ReceiverHardware

Floats = npt.NDArray[np.float64]

HEALTHY = "healthy"
"""Condition of a sweep that no failure touches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeSample:
    """One cavity at some times.

    Attributes
    ----------
    cavity
        Its name.
    time_s
        The times in s, shape (sweep,).
    hardware
        The different states of its hardware.
    hardware_index
        Which of them each sweep sees, shape (sweep,).
    point
        Operating point; every value of shape (sweep,).
    condition
        Name of the worst failure that a sweep shows, or ``healthy``, shape (sweep,).
    severity
        Its severity, 0 to 1, shape (sweep,).
    thermal_cycle, component
        Names of the thermal cycle and of the circulator, shape (sweep,).
    is_cold
        Whether the cool-down is over, shape (sweep,).
    altered
        Row to its whole situation, for sweeps that a failure touches.
    """

    cavity: str
    time_s: Floats
    hardware: tuple[ReceiverHardware, ...]
    hardware_index: npt.NDArray[np.int64]
    point: OperatingPoint
    condition: npt.NDArray[np.str_]
    severity: Floats
    thermal_cycle: npt.NDArray[np.str_]
    component: npt.NDArray[np.str_]
    is_cold: npt.NDArray[np.bool_]
    altered: Mapping[int, Situation]

    @property
    def sweep_count(self) -> int:
        """Number of sweeps."""
        return int(self.time_s.size)

    def situation(self, row: int) -> Situation:
        """Return the situation of one sweep."""
        if row in self.altered:
            return self.altered[row]
        hardware = self.hardware[int(self.hardware_index[row])]
        return Situation(hardware=hardware, point=point_of_row(self.point, row))

    @property
    def magnetic_field_tesla(self) -> Floats:
        """Stray field at the circulator's shield in tesla, the magnet's included."""
        share = [one.circulator.magnet_share_ratio for one in self.hardware]
        of_magnet = np.asarray(share)[self.hardware_index]
        magnet_tesla = np.asarray(self.point.magnet_field_tesla)
        return np.asarray(self.point.magnetic_field_tesla + of_magnet * magnet_tesla)


def point_of_row(point: OperatingPoint, row: int) -> OperatingPoint:
    """Return the operating point of one sweep, of plain numbers."""
    own = {
        one.name: float(getattr(point, one.name)[row])
        for one in fields(point)
        if one.name != "plates"
    }
    plates = {
        one.name: float(getattr(point.plates, one.name)[row])
        for one in fields(point.plates)
    }
    return OperatingPoint(plates=replace(point.plates, **plates), **own)


def put_row(point: OperatingPoint, row: int, changed: OperatingPoint) -> None:
    """Write the state of one sweep into the arrays of a point."""
    for one in fields(point):
        if one.name != "plates":
            getattr(point, one.name)[row] = getattr(changed, one.name)
    for one in fields(point.plates):
        getattr(point.plates, one.name)[row] = getattr(changed.plates, one.name)


def rows_of_point(point: OperatingPoint, rows: Any) -> OperatingPoint:
    """Return the operating points of some sweeps."""
    own = {
        one.name: getattr(point, one.name)[rows]
        for one in fields(point)
        if one.name != "plates"
    }
    plates = {
        one.name: getattr(point.plates, one.name)[rows] for one in fields(point.plates)
    }
    return replace(point, plates=replace(point.plates, **plates), **own)
