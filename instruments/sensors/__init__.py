"""Thermometers and gaussmeters: scalars that label the sweeps."""

from instruments.sensors.driver import Sensor, SensorScan
from instruments.sensors.errors import SensorStatusError

__all__ = ["Sensor", "SensorScan", "SensorStatusError"]
