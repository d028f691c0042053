"""The two records that physics is a function of: what is built, what happens now."""

from dataclasses import dataclass
from typing import Any

from instruments.simulation.physics.amplifier import AmplifierParameters
from instruments.simulation.physics.cavity import CavityParameters
from instruments.simulation.physics.circulator import CirculatorParameters
from instruments.simulation.physics.lines import LineParameters

LINE_NAMES = (
    "weak_line",
    "bypass_line",
    "cavity_line",
    "cold_output_line",
    "output_line",
)
"""The lines of a receiver, in the order in which its connectors are numbered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverParameters:
    """One cavity's receiver: hardware constants, and the matings of a thermal cycle.

    Attributes
    ----------
    weak_line
        From VNA port 1 to the cavity's weak port.
    bypass_line
        From VNA port 3 to port 1 of the circulator.
    cavity_line
        From the cavity's strong port to port 2 of the circulator.
    cold_output_line
        From port 3 of the circulator to the amplifier.
    output_line
        From the amplifier to VNA port 2.
    """

    weak_line: LineParameters
    bypass_line: LineParameters
    cavity_line: LineParameters
    cold_output_line: LineParameters
    output_line: LineParameters
    cavity: CavityParameters
    circulator: CirculatorParameters
    amplifier: AmplifierParameters

    def line(self, name: str) -> LineParameters:
        """Return a line by its name."""
        found: LineParameters = getattr(self, name)
        return found

    def first_connector(self, line_name: str) -> int:
        """Return the number of a line's first connector."""
        before = LINE_NAMES[: LINE_NAMES.index(line_name)]
        return sum(len(self.line(name).connector_reactances) for name in before)

    @property
    def connector_count(self) -> int:
        """Connectors of all lines together."""
        return sum(len(self.line(name).connector_reactances) for name in LINE_NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverState:
    """What a receiver is in now; each field a number or one value a sweep, (sweep,).

    Attributes
    ----------
    temperature_k
        Temperature of the cold receiver in K.
    magnetic_field_tesla
        Stray field at the circulator's shield in tesla.
    resonant_frequency_hz
        f0 of the mode of interest in Hz.
    loaded_q
        QL of the mode, dimensionless.
    coupling_beta
        Coupling of the strong port, dimensionless.
    connector_severity
        How loose one connector is, 0 good to 1 hanging.
    connector_index
        Number of that connector, counted as in ``LINE_NAMES``.
    amplifier_bias
        Drain current over its nominal value, 0 to 1.
    gain_drift_db
        Slow drift of the amplifier chain in dB.
    delay_drift_s
        Slow drift of each room-temperature cable in s.
    """

    temperature_k: Any
    magnetic_field_tesla: Any
    resonant_frequency_hz: Any
    loaded_q: Any
    coupling_beta: Any
    connector_severity: Any = 0.0
    connector_index: Any = 0
    amplifier_bias: Any = 1.0
    gain_drift_db: Any = 0.0
    delay_drift_s: Any = 0.0
