"""A whole receiver as it is built: one frozen record of parts."""

from dataclasses import dataclass

from instruments.simulation.physics.chain.amplifiers import Hemt, RoomAmplifier
from instruments.simulation.physics.chain.cavity import Cavity
from instruments.simulation.physics.chain.jpa import Jpa
from instruments.simulation.physics.chain.junction import Circulator, Isolator
from instruments.simulation.physics.chain.line import Line
from instruments.simulation.physics.chain.ranges import (
    ParameterOutOfRangeError,
    check_ranges,
)
from instruments.simulation.physics.chain.switch import Switch
from instruments.simulation.physics.chain.vna import Vna

LINE_NAMES = (
    "weak_line",
    "bypass_line",
    "strong_line",
    "junction_line",
    "cold_output_line",
    "upper_output_line",
    "room_output_line",
)
"""The lines of a receiver, in the order of the signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverHardware:
    """Everything between the VNA's ports, with its constants.

    Attributes
    ----------
    vna
        The instrument and its last calibration.
    weak_line
        From VNA port 1, flexible cable included, to the cavity's weak port.
    bypass_line
        From VNA port 3 to port 1 of the circulator.
    cavity
        The cavity; its strong port looks at the switch.
    strong_line
        From the cavity's strong port to the switch.
    switch
        Between strong line and port 2 of the circulator.
    circulator
        Bypass at port 1, switch at port 2, output at port 3.
    junction_line
        From port 3 of the circulator to the JPA, or to the isolator.
    jpa
        Parametric amplifier; None where there is none.
    isolator
        Between JPA and HEMT.
    cold_output_line
        From the isolator to the HEMT: superconducting coax.
    hemt
        Cryogenic amplifier.
    upper_output_line
        From the HEMT to the flange at room temperature.
    room_amplifier
        Amplifier at the flange.
    room_output_line
        From there to VNA port 2.
    """

    vna: Vna
    weak_line: Line
    bypass_line: Line
    cavity: Cavity
    strong_line: Line
    switch: Switch
    circulator: Circulator
    junction_line: Line
    jpa: Jpa | None
    isolator: Isolator
    cold_output_line: Line
    hemt: Hemt
    upper_output_line: Line
    room_amplifier: RoomAmplifier
    room_output_line: Line

    def line(self, name: str) -> Line:
        """Return a line by its name in ``LINE_NAMES``."""
        found: Line = getattr(self, name)
        return found


def check_hardware(
    hardware: ReceiverHardware, band_hz: tuple[float, float] | None = None
) -> None:
    """Refuse a receiver that cannot be built.

    Parameters
    ----------
    band_hz
        Lowest and highest frequency in Hz of the receiver's band; every mode of the
        cavity must lie inside somewhere on the rod's way.

    Raises
    ------
    ParameterOutOfRangeError
        If a constant is outside its physical range, or a mode outside the band.
    """
    check_ranges(hardware)
    if band_hz is None:
        return
    lowest_hz, highest_hz = band_hz
    for index, mode in enumerate(hardware.cavity.modes):
        reach_hz = 0.5 * abs(mode.tuning_span_hz)
        centre_hz = mode.resonant_frequency_hz
        if centre_hz + reach_hz < lowest_hz or centre_hz - reach_hz > highest_hz:
            raise ParameterOutOfRangeError(
                f"cavity.modes.{index} lies at {centre_hz:g} Hz, outside of the"
                f" receiver's band {lowest_hz:g} to {highest_hz:g} Hz"
            )
