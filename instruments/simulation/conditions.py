"""What can be wrong with a receiver, and what that does to its state."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from instruments.array.config import ArrayConfig
from instruments.simulation.physics import (
    ReceiverState,
    tuned_frequency_hz,
    unloaded_q_ratio,
)

STRAY_FIELD_LIMIT_TESLA = 5.0e-3
"""Field at the circulator from which the receiver counts as ill."""

FULL_STRAY_FIELD_TESLA = 0.05
"""Field at the circulator at fault severity 1."""

FULL_BIAS_LOSS = 0.9
"""Share of the drain current that is lost at fault severity 1."""

DEFAULT_COUPLING_BETA = 1.0
"""Coupling of a cavity whose array file names none."""

_AXIS = np.zeros(1)


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
        f0 in Hz, QL and beta at 4 K.
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


def receiver_state(
    cavity: EmulatedCavity,
    *,
    temperature_k: Any,
    magnetic_field_tesla: Any,
    frequency_ratio: Any = 1.0,
    connector_severity: Any = 0.0,
    connector_index: Any = 0,
    amplifier_severity: Any = 0.0,
    gain_drift_db: Any = 0.0,
    delay_drift_s: Any = 0.0,
) -> ReceiverState:
    """Work out the state of a receiver; each argument a number or one value a sweep.

    Parameters
    ----------
    frequency_ratio
        f0 over its cold, undrifted value, before thermal expansion.
    connector_severity, amplifier_severity
        Severity of the two faults, 0 to 1.
    """
    expanded = tuned_frequency_hz(cavity.resonant_frequency_hz, temperature_k, _AXIS)
    ratio = unloaded_q_ratio(temperature_k, _AXIS)
    unloaded_q = cavity.loaded_q * (1.0 + cavity.coupling_beta) * ratio
    coupling_beta = cavity.coupling_beta * ratio
    return ReceiverState(
        temperature_k=temperature_k,
        magnetic_field_tesla=magnetic_field_tesla,
        resonant_frequency_hz=expanded * frequency_ratio,
        loaded_q=unloaded_q / (1.0 + coupling_beta),
        coupling_beta=coupling_beta,
        connector_severity=connector_severity,
        connector_index=connector_index,
        amplifier_bias=1.0 - FULL_BIAS_LOSS * amplifier_severity,
        gain_drift_db=gain_drift_db,
        delay_drift_s=delay_drift_s,
    )
