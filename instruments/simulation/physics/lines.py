"""Coaxial lines: sections that lose and delay, joined by imperfect connectors."""

import math
from dataclasses import dataclass
from enum import StrEnum

from instruments.simulation.physics.backend import Array, namespace_of
from instruments.simulation.physics.thermal import (
    ROOM_TEMPERATURE_K,
    lattice_energy_ratio,
    resistivity_ratio,
)
from instruments.simulation.physics.two_port import TwoPort

LOSS_FREQUENCY_HZ = 5.0e9
"""Frequency at which a section's losses are stated."""

COLD_DELAY_GAIN = 0.0020
"""Relative growth of a line's delay when cold (measured on cryostat cables)."""

COLD_DIELECTRIC_SHARE = 0.5
"""Share of the dielectric loss that stays when cold."""

UPPER_STAGE_TEMPERATURE_K = 50.0
"""Temperature of the first cryocooler stage in K."""

FAULT_RESISTANCE = 0.6
"""Series resistance of a loose connector over the line impedance."""

FAULT_REACTANCE = 1.0
"""Series reactance of a loose connector over the line impedance, at 5 GHz."""

FAULT_GROWTH = 3.0
"""How much faster than its severity a bad contact grows."""


class Stage(StrEnum):
    """Where a section of line lives."""

    ROOM = "room"
    """Outside the cryostat."""

    UPPER = "upper"
    """Between room temperature and the first cooling stage."""

    COLD = "cold"
    """At the temperature of the receiver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One piece of coax, with the attenuator at its end.

    Attributes
    ----------
    stage
        Where it lives.
    delay_s
        Electrical delay at room temperature in s, one way.
    conductor_loss_db
        Conductor loss at room temperature and 5 GHz in dB; grows with sqrt(f).
    dielectric_loss_db
        Dielectric loss at room temperature and 5 GHz in dB; grows with f.
    residual_ratio
        Residual over room-temperature resistivity of the conductor.
    attenuation_db
        Matched attenuator in dB.
    """

    stage: Stage
    delay_s: float
    conductor_loss_db: float
    dielectric_loss_db: float
    residual_ratio: float
    attenuation_db: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LineParameters:
    """A line: sections in order, one connector before each and one after the last.

    Attributes
    ----------
    sections
        Pieces of coax from port 1 to port 2.
    connector_reactances
        Series reactance of each connector over the line impedance at 5 GHz,
        one more than there are sections.
    """

    sections: tuple[Section, ...]
    connector_reactances: tuple[float, ...]


def section_temperature_k(stage: Stage, temperature_k: Array) -> Array:
    """Return the mean temperature of a section in K.

    The upper stage hardly moves until the receiver itself leaves helium
    temperatures; in a full warm-up both end at room temperature.
    """
    xp = namespace_of(temperature_k)
    if stage is Stage.COLD:
        return temperature_k
    if stage is Stage.ROOM:
        return xp.full_like(temperature_k, ROOM_TEMPERATURE_K)
    upper_k = xp.sqrt(temperature_k**2 + UPPER_STAGE_TEMPERATURE_K**2)
    return 0.5 * (ROOM_TEMPERATURE_K + upper_k)


def section_transmission(
    section: Section, frequency_hz: Array, temperature_k: Array, delay_drift_s: Array
) -> Array:
    """Return the one-way transmission of a matched section, shape (..., point).

    Parameters
    ----------
    frequency_hz
        Axis in Hz, shape (point,) or (sweep, point).
    temperature_k
        Receiver temperature in K, shape (1,) or (sweep, 1).
    delay_drift_s
        Drift in s of the delay of a room-temperature section, same shape.
    """
    xp = namespace_of(frequency_hz)
    local_k = section_temperature_k(section.stage, temperature_k)
    energy = lattice_energy_ratio(local_k)
    conductor = xp.sqrt(resistivity_ratio(local_k, section.residual_ratio))
    dielectric = COLD_DIELECTRIC_SHARE + (1.0 - COLD_DIELECTRIC_SHARE) * energy
    relative = frequency_hz / LOSS_FREQUENCY_HZ
    loss_db = (
        section.conductor_loss_db * conductor * xp.sqrt(relative)
        + section.dielectric_loss_db * dielectric * relative
        + section.attenuation_db
    )
    delay_s = section.delay_s * (1.0 + COLD_DELAY_GAIN * (1.0 - energy))
    if section.stage is Stage.ROOM:
        delay_s = delay_s + delay_drift_s
    exponent = -(math.log(10.0) / 20.0) * loss_db
    return xp.exp(exponent - 2j * math.pi * frequency_hz * delay_s)


def connector_impedance(
    reactance: float, severity: Array, frequency_hz: Array
) -> Array:
    """Return the series impedance of a connector over the line impedance.

    A good one is a small reactance; a loose one adds resistance and reactance.
    """
    relative = frequency_hz / LOSS_FREQUENCY_HZ
    badness = severity * (1.0 + FAULT_GROWTH * severity)
    loose = badness * (FAULT_RESISTANCE + 1j * FAULT_REACTANCE * relative)
    return loose + 1j * reactance * relative


def line_response(
    line: LineParameters,
    frequency_hz: Array,
    temperature_k: Array,
    severities: tuple[Array, ...],
    delay_drift_s: Array,
) -> TwoPort:
    """Return a line as a reciprocal, passive two-port with all its echoes.

    Parameters
    ----------
    severities
        Fault severity of each connector, 0 to 1, each shape (1,) or (sweep, 1).
    """
    first = connector_impedance(
        line.connector_reactances[0], severities[0], frequency_hz
    )
    s11 = first / (first + 2.0)
    s21 = 2.0 / (first + 2.0)
    s22 = s11
    joints = zip(
        line.sections, line.connector_reactances[1:], severities[1:], strict=True
    )
    for section, reactance, severity in joints:
        passed = section_transmission(
            section, frequency_hz, temperature_k, delay_drift_s
        )
        s21, s22 = s21 * passed, s22 * passed * passed
        impedance = connector_impedance(reactance, severity, frequency_hz)
        reflected, through = impedance / (impedance + 2.0), 2.0 / (impedance + 2.0)
        echoes = 1.0 / (1.0 - s22 * reflected)
        s11 = s11 + s21 * s21 * reflected * echoes
        s22 = reflected + through * through * s22 * echoes
        s21 = s21 * through * echoes
    return TwoPort(s11=s11, s12=s21, s21=s21, s22=s22)
