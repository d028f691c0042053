"""What a receiver goes through: its mode, its fridge, and what can be wrong with it."""

import math
from dataclasses import dataclass
from enum import StrEnum

from instruments.array.config import ArrayConfig
from instruments.simulation.physics.chain import PlateTemperatures

STRAY_FIELD_LIMIT_TESLA = 5.0e-3
"""Field at the circulator from which the receiver counts as ill."""

FULL_STRAY_FIELD_TESLA = 0.05
"""Field at the circulator at fault severity 1."""

FULL_BIAS_LOSS = 0.9
"""Share of the drain current that is lost at fault severity 1."""

DEFAULT_COUPLING_BETA = 1.0
"""Coupling of a cavity whose array file names none."""

MIXING_CHAMBER_K = 0.020
"""Temperature in K of the mixing chamber while the fridge is well."""

DILUTION_LIMIT_K = 6.0
"""Temperature in K of the 4 K plate at which the dilution unit has stopped."""

ROOM_K = 296.0
"""Mean temperature of the laboratory in K."""

_FIFTY_KELVIN_K, _STILL_K, _COLD_PLATE_K = 45.0, 0.9, 0.12


class Condition(StrEnum):
    """State of a receiver, as labelled in a calibration."""

    HEALTHY = "healthy"
    """Nothing wrong; temperature and small fields may vary."""

    CIRCULATOR_STRAY_FIELD = "circulator_stray_field"
    """A field beyond what the circulator's shield carries."""

    LOOSE_CONNECTOR = "loose_connector"
    """One connector with a bad contact."""

    AMPLIFIER_FAULT = "amplifier_fault"
    """The first stage has lost part of its bias."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatedCavity:
    """A cavity as the array file describes it: its mode when cold.

    Attributes
    ----------
    name, vna
        Names of the cavity and of the VNA that looks at it.
    resonant_frequency_hz, loaded_q, coupling_beta
        f0 in Hz, QL and beta when cold.
    thermal_cycle
        Name of the cool-down that it is in.
    is_enabled
        Whether the array file enables it.
    """

    name: str
    vna: str
    resonant_frequency_hz: float
    loaded_q: float
    coupling_beta: float
    thermal_cycle: str
    is_enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Strain:
    """What acts on one receiver at one moment.

    Attributes
    ----------
    temperature_k
        Temperature in K of the plate that carries the cold amplifier.
    magnetic_field_tesla
        Stray field at the circulator's shield in tesla.
    connector_severity, connector_index
        How loose one connector is, 0 to 1, and its number along the receiver.
    amplifier_severity
        Severity of the amplifier's fault, 0 to 1.
    rod_position_ratio
        Where the tuning rod stands on its way, 0 to 1.
    """

    temperature_k: float
    magnetic_field_tesla: float = 0.0
    connector_severity: float = 0.0
    connector_index: int = 0
    amplifier_severity: float = 0.0
    rod_position_ratio: float = 0.5


def cavities_of(config: ArrayConfig) -> tuple[EmulatedCavity, ...]:
    """Read the emulated cavities out of an array file."""
    return tuple(
        EmulatedCavity(
            name=name,
            vna=cavity.vna,
            resonant_frequency_hz=cavity.expected.resonant_frequency_hz,
            loaded_q=cavity.expected.loaded_q,
            coupling_beta=cavity.expected.coupling_beta or DEFAULT_COUPLING_BETA,
            thermal_cycle=cavity.thermal_cycle or "first",
            is_enabled=cavity.enabled,
        )
        for name, cavity in config.cavities.items()
    )


def mixing_chamber_k(temperature_k: float) -> float:
    """Return the mixing chamber's temperature in K; it follows a warm 4 K plate."""
    stopped = 1.0 / (1.0 + math.exp(-4.0 * (temperature_k - DILUTION_LIMIT_K)))
    return MIXING_CHAMBER_K + stopped * (temperature_k - MIXING_CHAMBER_K)


def plates_around(temperature_k: float, room_k: float = ROOM_K) -> PlateTemperatures:
    """Return the plates of a fridge whose 4 K plate is at a temperature in K.

    Stages above and below it rest at their own base, and warm with it from there.
    """
    coldest_k = mixing_chamber_k(temperature_k)
    fifty_k = math.hypot(_FIFTY_KELVIN_K, temperature_k)
    return PlateTemperatures(
        room_k=room_k,
        fifty_kelvin_k=min(fifty_k, max(room_k, temperature_k)),
        four_kelvin_k=temperature_k,
        still_k=math.hypot(_STILL_K, coldest_k),
        cold_plate_k=math.hypot(_COLD_PLATE_K, coldest_k),
        mixing_chamber_k=coldest_k,
    )
