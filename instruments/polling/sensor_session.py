"""The work of one sensor: scan its inputs periodically."""

import math
from collections.abc import Callable

from instruments.errors import NotConnectedError
from instruments.polling.session import (
    Session,
    Surroundings,
    opening_s,
)
from instruments.sensors import Sensor, open_sensor_wire
from instruments.transport import Wire


class SensorSession(Session):
    """Scans a thermometer bridge or gaussmeter and hands its readings on.

    Parameters
    ----------
    name
        The sensor in the array file.
    surroundings
        What all sessions share.
    """

    def __init__(self, name: str, *, surroundings: Surroundings) -> None:
        self._name = name
        self._around = surroundings
        self._settings = surroundings.config.instruments.sensor[name]
        self._wire: Wire | None = None
        self._sensor: Sensor | None = None
        self._due_s = -math.inf
        self.expected_s = 0.0

    def open(self) -> None:
        """Connect and identify."""
        self.expected_s = opening_s(self._settings)
        self._wire = open_sensor_wire(
            self._settings.driver,
            self._settings.resource,
            backend=self._settings.backend,
            open_timeout_s=self._settings.open_timeout_s,
            io_timeout_s=self._settings.io_timeout_s,
        )
        self._sensor = Sensor(
            self._wire,
            clock=self._around.clock,
            name=self._name,
            driver=self._settings.driver,
            readings=self._settings.readings,
            cavity=self._settings.cavity,
            factors={
                channel: self._settings.factor_of(channel)
                for channel in self._settings.readings
            },
        )
        self._sensor.connect()

    def next_due_s(self) -> float:
        """Return when the next scan is due."""
        return self._due_s

    def measure(self, beat: Callable[[], None]) -> bool:
        """Scan once; invalid inputs are noted, never handed on as numbers."""
        if self._sensor is None:
            raise NotConnectedError(f"{self._name} is not connected")
        self._due_s = self._around.clock.monotonic_s() + self._settings.period_s
        self.expected_s = 2.0 * self._settings.io_timeout_s
        scan = self._sensor.scan()
        beat()
        for reading in scan.readings:
            self._around.latest.add(reading)
            self._around.keep_reading(reading)
        board = self._around.board
        for name, fault in scan.faults.items():
            board.count(self._name, "fault")
            board.note_error(self._name, f"{name}: {fault}")
        board.note_scan(self._name)
        return True

    def close(self, *, is_orderly: bool) -> None:
        """Hang up; nothing on a sensor was changed."""
        del is_orderly
        wire = self._wire
        self._sensor = self._wire = None
        if wire is not None:
            wire.close()

    def renew(self) -> "SensorSession":
        """Return a session that scans at once."""
        return SensorSession(self._name, surroundings=self._around)
