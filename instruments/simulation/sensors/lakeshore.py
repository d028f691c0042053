"""A Lake Shore 372 and a 475 that read the emulated array, with their noise."""

from collections.abc import Callable, Mapping

import numpy as np

from instruments.simulation.array import EmulatedArray
from instruments.simulation.hardware import stream
from instruments.simulation.scpi.device import Call, ScpiDevice
from instruments.simulation.scpi.errors import ScpiFault

THERMOMETER_NOISE = 0.002
"""Relative standard deviation of one temperature reading."""

GAUSSMETER_NOISE_TESLA = 2.0e-5
"""Standard deviation of one field reading in tesla."""

OPEN_INPUT = 16
"""Reading status of an input without a sensor: resistance over range (R. OVER)."""

INPUT_COUNT = 16
"""Scanner inputs of the bridge."""

GAUSS, TESLA = 1, 2
"""Numbers of ``UNIT``."""

Thermometer = Callable[[float], float]


class Lakeshore372(ScpiDevice):
    """A resistance bridge: ``RDGK? n`` in K, ``RDGST? n`` for its status.

    Parameters
    ----------
    array
        The array.
    name
        Name of the sensor in the array file.
    readings
        Input to name of the reading, as in the array file.
    """

    def __init__(
        self, array: EmulatedArray, name: str, readings: Mapping[str, str]
    ) -> None:
        super().__init__("LSCI,MODEL372,LSA372E/#######,1.3", terminator=b"\r\n")
        self._array = array
        self._noise = stream(array.seed, name, "thermometer noise")
        self._inputs = {
            channel: self._thermometer(reading) for channel, reading in readings.items()
        }
        self.add("RDGK", query=self._read_temperature)
        self.add("RDGST", query=self._read_status)

    def _thermometer(self, reading: str) -> Thermometer:
        if "mixing_chamber" in reading:
            return self._array.mixing_chamber_k
        return self._array.temperature_k

    def _read_temperature(self, call: Call) -> str:
        thermometer = self._inputs.get(_input(call))
        if thermometer is None:
            return "+0.00000E+00"
        reading_k = thermometer(self._array.now_s())
        noisy_k = reading_k * (1.0 + THERMOMETER_NOISE * self._noise.standard_normal())
        return f"{noisy_k:+.5E}"

    def _read_status(self, call: Call) -> str:
        return "000" if _input(call) in self._inputs else f"{OPEN_INPUT:03d}"


class Lakeshore475(ScpiDevice):
    """A gaussmeter: ``RDGFIELD?`` in the unit of ``UNIT?``, tesla after power-on.

    Parameters
    ----------
    array
        The array.
    name
        Name of the sensor in the array file.
    cavity
        Where the probe sits; None for a probe away from every circulator.
    """

    def __init__(self, array: EmulatedArray, name: str, cavity: str | None) -> None:
        super().__init__("LSCI,MODEL475,LSA475E,01.00", terminator=b"\r\n")
        self._array = array
        self._cavity = cavity
        self._unit = TESLA
        self._noise = stream(array.seed, name, "gaussmeter noise")
        self.add("RDGFIELD", query=self._read_field)
        self.add("UNIT", query=lambda _: str(self._unit), command=self._set_unit)

    def _set_unit(self, call: Call) -> None:
        self._unit = call.arguments.integer(GAUSS, TESLA)

    def _read_field(self, call: Call) -> str:
        del call
        field_tesla = (
            self._array.nominal_field_tesla
            if self._cavity is None
            else self._array.magnetic_field_tesla(self._cavity, self._array.now_s())
        )
        noise = GAUSSMETER_NOISE_TESLA * self._noise.standard_normal()
        scale = 1.0e4 if self._unit == GAUSS else 1.0
        return f"{np.multiply(scale, field_tesla + noise):+.5E}"


def _input(call: Call) -> str:
    text = call.arguments.text().strip()
    if not text.isdigit() or not 1 <= int(text) <= INPUT_COUNT:
        raise ScpiFault(-222, "Data out of range", text[:20])
    return str(int(text))
