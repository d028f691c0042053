"""An AMI Model 430 with a magnet that holds its field."""

import numpy as np

from instruments.simulation.array import EmulatedArray
from instruments.simulation.scpi.device import Call, ScpiDevice
from instruments.simulation.streams import stream

GREETING = b"American Magnetics Model 430 IP Interface\r\nHello.\r\n"
"""What a new client is told, unasked."""

MAGNET_FIELD_TESLA = 8.0
"""Field that the magnet holds."""

COIL_TESLA_PER_A = 0.1
"""Coil constant."""

FIELD_NOISE_TESLA = 1.0e-5
"""Standard deviation of one reading."""

KILOGAUSS, TESLA = 0, 1
"""Numbers of ``FIELD:UNITS``."""

HOLDING, QUENCHED = 2, 7
"""Numbers of ``STATE?``."""


class Ami430(ScpiDevice):
    """A supply programmer: field in kilogauss after power-on.

    Parameters
    ----------
    array
        The array.
    name
        Name of the sensor in the array file.

    Attributes
    ----------
    is_quenched
        Whether the magnet has quenched.
    """

    def __init__(self, array: EmulatedArray, name: str) -> None:
        super().__init__(
            "AMERICAN MAGNETICS INC.,MODEL 430,3.15,AMI430E", terminator=b"\r\n"
        )
        self._noise = stream(array.seed, name, "magnet noise")
        self._unit = KILOGAUSS
        self.is_quenched = False
        self.add("FIELD:MAGnet", query=self._field)
        self.add("FIELD:TARGet", query=lambda _: self._in_unit(MAGNET_FIELD_TESLA))
        self.add("FIELD:UNITS", query=lambda _: str(self._unit))
        self.add("CONFigure:FIELD:UNITS", command=self._set_unit)
        self.add("CURRent:MAGnet", query=lambda _: f"{self._current_a():.4f}")
        self.add("CURRent:SUPPly", query=lambda _: f"{self._current_a():.4f}")
        self.add("CURRent:LIMit", query=lambda _: "100.000")
        self.add("VOLTage:SUPPly", query=lambda _: "0.0120")
        self.add("COILconst", query=lambda _: self._in_unit(COIL_TESLA_PER_A))
        self.add("RAMP:RATE:UNITS", query=lambda _: "0")
        self.add("RAMP:RATE:FIELD:1", query=lambda _: "0.0100,100.0000")
        self.add("PERSistent", query=lambda _: "0")
        self.add("PSwitch", query=lambda _: "0")
        self.add("PSwitch:INSTalled", query=lambda _: "0")
        self.add("QUench", query=lambda _: str(int(self.is_quenched)))
        self.add("STATE", query=self._state)

    def _set_unit(self, call: Call) -> None:
        self._unit = call.arguments.integer(KILOGAUSS, TESLA)

    def _state(self, call: Call) -> str:
        del call
        return str(QUENCHED if self.is_quenched else HOLDING)

    def _field(self, call: Call) -> str:
        del call
        field_tesla = 0.0 if self.is_quenched else MAGNET_FIELD_TESLA
        noise_tesla = FIELD_NOISE_TESLA * self._noise.standard_normal()
        return self._in_unit(field_tesla + noise_tesla)

    def _current_a(self) -> float:
        return 0.0 if self.is_quenched else MAGNET_FIELD_TESLA / COIL_TESLA_PER_A

    def _in_unit(self, value_tesla: float) -> str:
        scale = 10.0 if self._unit == KILOGAUSS else 1.0
        return f"{np.multiply(scale, value_tesla):.6f}"
