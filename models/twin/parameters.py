"""Which constants of a twin are free: of the cavity, of a thermal cycle, of a sweep.

The chain lists some 500 constants. They fall into three groups by how long a value
lasts: what was built (years), what a cool-down leaves behind (one thermal cycle), and
what the receiver is in now (one sweep).
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from fnmatch import fnmatchcase

from instruments.simulation.physics.chain import (
    Constant,
    OperatingPoint,
    ReceiverHardware,
    list_constants,
)
from instruments.simulation.physics.chain.drawing import CABLES_TOUCHED, MatingSpread

CONNECTOR_PATTERNS = ("*connectors.*.reactance_ratio", "*ports.*.reactance_ratio")
"""Mismatch of every plane where two parts meet."""

FLEX_DELAY_PATTERNS = ("*line.parts.*.delay_s",)
"""Delay of the flexible cables."""

GAIN_PATTERNS = ("hemt.gain_db",)
"""Gain of the chain, set anew by every cool-down."""

CYCLE_PATTERNS = (*CONNECTOR_PATTERNS, *FLEX_DELAY_PATTERNS, *GAIN_PATTERNS)
"""What a thermal cycle moves."""

STATE_PATTERNS = (
    "plates.room_k",
    "plates.fifty_kelvin_k",
    "plates.four_kelvin_k",
    "plates.still_k",
    "plates.cold_plate_k",
    "cavity_temperature_k",
    "rod_temperature_k",
    "magnet_field_tesla",
    "remanent_field_tesla",
    "rod_position_ratio",
    "antenna_depth_change_m",
    "frequency_shift_ratio",
    "flux_quanta_ratio",
    "hemt_bias_ratio",
    "gain_drift_db",
    "pad_heating_k",
    "source_power_dbm",
    "calibration_temperature_k",
    "calibration_age_s",
)
"""What differs from sweep to sweep beside the two quantities that are asked for."""

TEMPERATURE_NAME = "plates.mixing_chamber_k"
"""The temperature that is asked for; the other plates follow it (``plates_at``)."""

FIELD_NAME = "magnetic_field_tesla"
"""The stray field that is asked for."""


class ParameterGroup(StrEnum):
    """How long the value of a constant lasts."""

    HARDWARE = "hardware"
    """As long as nobody changes a part."""

    CYCLE = "cycle"
    """One thermal cycle: mated connectors, laid cables, gain."""

    STATE = "state"
    """One sweep: temperature, field, rod, drift."""


def group_of(name: str) -> ParameterGroup:
    """Return the group of a constant by its dotted name."""
    if _fits(name, (TEMPERATURE_NAME, FIELD_NAME, *STATE_PATTERNS)):
        return ParameterGroup.STATE
    if _fits(name, CYCLE_PATTERNS):
        return ParameterGroup.CYCLE
    return ParameterGroup.HARDWARE


def hardware_constants(hardware: ReceiverHardware) -> list[Constant]:
    """Return every constant of a receiver that is uncertain from unit to unit.

    Those of the cycle are among them: a part off the shelf is mated, too.
    """
    return [known for known in list_constants(hardware) if known.prior_sigma > 0.0]


def cycle_constants(
    hardware: ReceiverHardware, spread: MatingSpread = CABLES_TOUCHED
) -> list[Constant]:
    """Return the constants that a thermal cycle moves, with its spreads as priors.

    Parameters
    ----------
    spread
        How far things move.
    """
    return [
        replace(known, prior_sigma=sigma, scale=sigma)
        for known in list_constants(hardware, CYCLE_PATTERNS)
        if (sigma := _cycle_sigma(known.name, spread)) > 0.0
    ]


def state_constants(point: OperatingPoint) -> list[Constant]:
    """Return what is uncertain in every sweep, temperature and field apart."""
    return [
        known
        for known in list_constants(point, STATE_PATTERNS)
        if known.prior_sigma > 0.0
    ]


def state_names() -> list[str]:
    """Return the names of ``state_constants``, in their order."""
    return [known.name for known in state_constants(OperatingPoint())]


def _cycle_sigma(name: str, spread: MatingSpread) -> float:
    if _fits(name, CONNECTOR_PATTERNS):
        return spread.reactance_sigma
    return spread.delay_s if _fits(name, FLEX_DELAY_PATTERNS) else spread.gain_db


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
