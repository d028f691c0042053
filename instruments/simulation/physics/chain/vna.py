"""The VNA itself: noise, what its calibration left over, and how it ages."""

import math
from dataclasses import dataclass

from instruments.simulation.physics.backend import Array, namespace_of
from instruments.simulation.physics.chain.band import Band
from instruments.simulation.physics.chain.operating_point import OperatingPoint
from instruments.simulation.physics.chain.ranges import constant

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vna:
    """Constants of a VNA and of its last calibration.

    Attributes
    ----------
    trace_noise_ratio
        Noise over signal in each quadrature at 1 kHz of IF bandwidth.
    floor_dbm
        Noise power in dBm at the test port at 1 kHz.
    directivity_db, source_match_db, load_match_db
        Residual errors in dB of a fresh calibration.
    error_delay_s
        Delay in s of the residual reflections.
    error_growth_per_k_ratio
        Relative growth of the residual errors per kelvin off the calibration.
    level_per_k_db
        Change of the receivers' ratio in dB per kelvin off the calibration.
    phase_per_k_rad
        The same in rad at 5 GHz, growing with f.
    level_per_day_db, phase_per_day_rad
        Ageing of the calibration per day.
    """

    trace_noise_ratio: float = constant(low=0.0, high=1.0, spread=0.0, default=2e-4)
    floor_dbm: float = constant(low=-200.0, high=0.0, spread=0.0, default=-88.0)
    directivity_db: float = constant(low=10.0, high=120.0, spread=3.0, default=42.0)
    source_match_db: float = constant(low=10.0, high=120.0, spread=3.0, default=36.0)
    load_match_db: float = constant(low=10.0, high=120.0, spread=3.0, default=40.0)
    error_delay_s: float = constant(low=0.0, high=1e-8, spread=1e-11, default=4e-10)
    error_growth_per_k_ratio: float = constant(
        low=0.0, high=1.0, spread=0.05, default=0.1
    )
    level_per_k_db: float = constant(low=-0.2, high=0.2, spread=5e-3, default=-0.015)
    phase_per_k_rad: float = constant(low=-0.1, high=0.1, spread=1e-3, default=2.6e-3)
    level_per_day_db: float = constant(low=-0.5, high=0.5, spread=1e-3, default=-2e-3)
    phase_per_day_rad: float = constant(low=-0.1, high=0.1, spread=2e-4, default=3e-4)


@dataclass(frozen=True, slots=True)
class PortErrors:
    """What is left of one measurement's errors after calibration.

    Attributes
    ----------
    directivity, source_match, load_match
        Residual reflections, complex, shape (..., point).
    tracking
        Complex ratio of the receivers over that at calibration.
    """

    directivity: Array
    source_match: Array
    load_match: Array
    tracking: Array


def port_errors(vna: Vna, band: Band, point: OperatingPoint) -> PortErrors:
    """Return the residual errors at the temperature of the room and the age."""
    xp = namespace_of(band.ratio)
    off_k = point.plates.room_k - point.calibration_temperature_k
    days = point.calibration_age_s / _DAY_S
    growth = xp.sqrt(1.0 + (vna.error_growth_per_k_ratio * off_k) ** 2)
    turn = xp.exp(-4j * math.pi * vna.error_delay_s * band.frequency_hz)
    level_db = vna.level_per_k_db * off_k + vna.level_per_day_db * days
    phase = vna.phase_per_k_rad * off_k + vna.phase_per_day_rad * days
    tracking = 10.0 ** (level_db / 20.0) * xp.exp(1j * phase * band.ratio)
    return PortErrors(
        directivity=growth * 10.0 ** (-vna.directivity_db / 20.0) * turn,
        source_match=growth * 10.0 ** (-vna.source_match_db / 20.0) * turn,
        load_match=growth * 10.0 ** (-vna.load_match_db / 20.0) * turn,
        tracking=tracking,
    )


def measured_reflection(errors: PortErrors, true_reflection: Array) -> Array:
    """Return what the VNA shows for a reflection."""
    echo = 1.0 / (1.0 - errors.source_match * true_reflection)
    return errors.directivity + errors.tracking * true_reflection * echo


def measured_transmission(
    errors: PortErrors, transmission: Array, source: Array, load: Array
) -> Array:
    """Return what the VNA shows for a transmission between two reflections."""
    echoes = (1.0 - errors.source_match * source) * (1.0 - errors.load_match * load)
    return errors.tracking * transmission / echoes
