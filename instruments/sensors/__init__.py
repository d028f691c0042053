"""Thermometers, gaussmeters, magnets, positions: scalars that label the sweeps."""

from instruments.sensors.driver import Sensor, SensorScan
from instruments.sensors.errors import SensorStatusError
from instruments.sensors.wires import open_sensor_wire

__all__ = ["Sensor", "SensorScan", "SensorStatusError", "open_sensor_wire"]
