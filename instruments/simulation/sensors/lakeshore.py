"""Lake Shore thermometers and gaussmeters that read the emulated array, with noise."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from instruments.simulation.array import EmulatedArray
from instruments.simulation.scpi.device import Call, ScpiDevice
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.streams import stream

THERMOMETER_NOISE = 0.002
"""Relative standard deviation of one temperature reading."""

GAUSSMETER_NOISE_TESLA = 2.0e-5
"""Standard deviation of one field reading in tesla."""

OPEN_INPUT = 16
"""Reading status of an input without a sensor: resistance over range (R. OVER)."""

OPEN_INPUT_336 = 128
"""Reading status of an input without a sensor: sensor over range."""

INPUT_COUNT = 16
"""Scanner inputs of the bridge."""

GAUSS, TESLA = 1, 2
"""Numbers of ``UNIT``."""

Thermometer = Callable[[float], float]


class _Bridge(ScpiDevice):
    """Inputs that read temperatures: ``KRDG? n`` in K, ``RDGST? n`` for the status."""

    def __init__(
        self,
        identity: str,
        array: EmulatedArray,
        name: str,
        readings: Mapping[str, str],
        *,
        inputs: Sequence[str],
        open_input: int,
    ) -> None:
        super().__init__(identity, terminator=b"\r\n")
        self._array = array
        self._noise = stream(array.seed, name, "thermometer noise")
        self._names = frozenset(inputs)
        self._open_input = open_input
        self._inputs = {
            channel: self._thermometer(reading) for channel, reading in readings.items()
        }
        self.add("KRDG", query=self._read_temperature)
        self.add("RDGST", query=self._read_status)

    def _thermometer(self, reading: str) -> Thermometer:
        if "mixing_chamber" in reading:
            return self._array.mixing_chamber_k
        return self._array.temperature_k

    def _read_temperature(self, call: Call) -> str:
        thermometer = self._inputs.get(self._input(call))
        if thermometer is None:
            return "+0.00000E+00"
        reading_k = thermometer(self._array.now_s())
        noisy_k = reading_k * (1.0 + THERMOMETER_NOISE * self._noise.standard_normal())
        return f"{noisy_k:+.5E}"

    def _read_status(self, call: Call) -> str:
        known = self._input(call) in self._inputs
        return "000" if known else f"{self._open_input:03d}"

    def _input(self, call: Call) -> str:
        text = call.arguments.text().strip().upper()
        name = str(int(text)) if text.isdigit() else text
        if name not in self._names:
            raise ScpiFault(-222, "Data out of range", text[:20])
        return name


class Lakeshore372(_Bridge):
    """A resistance bridge with sixteen inputs.

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
        numbers = [str(number) for number in range(1, INPUT_COUNT + 1)]
        super().__init__(
            "LSCI,MODEL372,LSA372E/#######,1.3",
            array,
            name,
            readings,
            inputs=(*numbers, "A"),
            open_input=OPEN_INPUT,
        )
        # The older spelling, which a 372 keeps from the 370.
        self.add("RDGK", query=self._read_temperature)


class Lakeshore336(_Bridge):
    """A temperature controller with inputs A to D; parameters as of the 372."""

    def __init__(
        self, array: EmulatedArray, name: str, readings: Mapping[str, str]
    ) -> None:
        super().__init__(
            "LSCI,MODEL336,LSA336E/#######,2.9",
            array,
            name,
            readings,
            inputs="ABCD",
            open_input=OPEN_INPUT_336,
        )


class LakeshoreGaussmeter(ScpiDevice):
    """A 425 or 475: ``RDGFIELD?`` in the unit of ``UNIT?``, tesla after power-on.

    Parameters
    ----------
    array
        The array.
    name
        Name of the sensor in the array file.
    cavity
        Where the probe sits; None for a probe away from every circulator.
    model
        ``425`` or ``475``.
    """

    def __init__(
        self, array: EmulatedArray, name: str, cavity: str | None, model: str = "475"
    ) -> None:
        super().__init__(f"LSCI,MODEL{model},LSA{model}E,01.00", terminator=b"\r\n")
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
