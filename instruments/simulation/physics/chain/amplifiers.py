"""HEMT and room-temperature amplifier."""

import math
from dataclasses import dataclass

from instruments.simulation.physics.backend import Array, namespace_of
from instruments.simulation.physics.chain.band import REFERENCE_HZ, Band
from instruments.simulation.physics.chain.operating_point import OperatingPoint
from instruments.simulation.physics.chain.plates import Plate
from instruments.simulation.physics.chain.ranges import constant
from instruments.simulation.physics.two_port import TwoPort

_NEPER_PER_DB = math.log(10.0) / 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hemt:
    """Constants of a cryogenic amplifier.

    Attributes
    ----------
    plate
        Where it is clamped.
    gain_db
        Gain in dB at 5 GHz, cold, at nominal bias.
    tilt_db
        Change of the gain in dB per 1 GHz.
    curvature_db
        Change of the gain in dB at 1 GHz from 5 GHz, to both sides.
    warm_loss_db
        Gain in dB that is lost at 300 K.
    warm_tilt_db
        Change of the tilt in dB per 1 GHz at 300 K.
    warm_exponent
        Power of T / 300 K with which the gain is lost.
    pinched_gain_db
        Gain in dB of the device without bias: a lossy coupling.
    bias_exponent
        Power of the drain current with which the transconductance goes.
    input_reflection_ratio, output_reflection_ratio
        Moduli of the reflections at nominal bias.
    pinched_reflection_ratio
        Modulus of the input's reflection without bias.
    input_delay_s
        Delay in s of the reflections and of the device.
    isolation_db
        Loss in dB from output to input.
    noise_temperature_k
        Noise temperature in K when cold.
    warm_noise_temperature_k
        Noise temperature in K at 300 K; goes with the square of T.
    compression_dbm
        Output power in dBm at which the gain has lost 1 dB.
    """

    plate: Plate = Plate.FOUR_KELVIN
    gain_db: float = constant(low=-20.0, high=60.0, spread=0.5, default=40.0)
    tilt_db: float = constant(low=-5.0, high=5.0, spread=0.25, default=0.0)
    curvature_db: float = constant(low=-2.0, high=2.0, spread=0.1, default=-0.1)
    warm_loss_db: float = constant(low=0.0, high=20.0, spread=0.5, default=5.0)
    warm_tilt_db: float = constant(low=-3.0, high=3.0, spread=0.1, default=-0.3)
    warm_exponent: float = constant(low=0.5, high=3.0, spread=0.05, default=1.2)
    pinched_gain_db: float = constant(low=-80.0, high=20.0, spread=5.0, default=-5.0)
    bias_exponent: float = constant(low=0.5, high=4.0, spread=0.1, default=1.5)
    input_reflection_ratio: float = constant(
        low=0.0, high=0.99, spread=0.03, default=0.25
    )
    output_reflection_ratio: float = constant(
        low=0.0, high=0.99, spread=0.03, default=0.15
    )
    pinched_reflection_ratio: float = constant(
        low=0.0, high=0.999, spread=0.05, default=0.8
    )
    input_delay_s: float = constant(low=0.0, high=5e-9, spread=1e-11, default=6e-11)
    isolation_db: float = constant(low=20.0, high=120.0, spread=3.0, default=60.0)
    noise_temperature_k: float = constant(low=0.0, high=300.0, spread=0.3, default=2.0)
    warm_noise_temperature_k: float = constant(
        low=0.0, high=3000.0, spread=5.0, default=60.0
    )
    compression_dbm: float = constant(low=-60.0, high=30.0, spread=1.0, default=-10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomAmplifier:
    """Constants of the amplifier outside of the cryostat.

    Attributes
    ----------
    gain_db
        Gain in dB at 5 GHz and 296 K.
    tilt_db
        Change of the gain in dB per 1 GHz.
    gain_per_k_db
        Change of the gain in dB per kelvin of the room.
    input_reflection_ratio, output_reflection_ratio
        Moduli of its reflections.
    delay_s
        Its delay in s.
    isolation_db
        Loss in dB from output to input.
    compression_dbm
        Output power in dBm at which the gain has lost 1 dB.
    """

    gain_db: float = constant(low=-20.0, high=80.0, spread=0.5, default=34.0)
    tilt_db: float = constant(low=-5.0, high=5.0, spread=0.2, default=-0.2)
    gain_per_k_db: float = constant(low=-0.5, high=0.5, spread=0.01, default=-0.02)
    input_reflection_ratio: float = constant(
        low=0.0, high=0.99, spread=0.03, default=0.12
    )
    output_reflection_ratio: float = constant(
        low=0.0, high=0.99, spread=0.03, default=0.12
    )
    delay_s: float = constant(low=0.0, high=5e-9, spread=1e-11, default=2e-10)
    isolation_db: float = constant(low=20.0, high=120.0, spread=3.0, default=55.0)
    compression_dbm: float = constant(low=-30.0, high=40.0, spread=1.0, default=8.0)


def hemt_response(hemt: Hemt, band: Band, point: OperatingPoint) -> TwoPort:
    """Return the amplifier at its temperature and bias.

    Notes
    -----
    G(T) = G_cold - dG (T / 300 K)^p; the gain goes with a power of the drain current
    down to the pinched device's coupling.
    """
    xp = namespace_of(point.hemt_bias_ratio)
    warmth = hemt_warmth(hemt, point) ** (0.5 * hemt.warm_exponent)
    bias = xp.clip(point.hemt_bias_ratio, 1e-6, 1.0)
    gigahertz = (band.frequency_hz - REFERENCE_HZ) / 1e9
    tilt_db = hemt.tilt_db + hemt.warm_tilt_db * warmth
    level_db = hemt.gain_db - hemt.warm_loss_db * warmth + point.gain_drift_db
    slope_db = gigahertz * (tilt_db + hemt.curvature_db * gigahertz)
    pinched = 10.0 ** ((hemt.pinched_gain_db - hemt.gain_db) / 20.0)
    share = pinched + (1.0 - pinched) * bias**hemt.bias_exponent
    gain = share * 10.0 ** (level_db / 20.0)
    delay = _delay(band, hemt.input_delay_s)
    healthy = hemt.input_reflection_ratio * (1.0 + 0.3 * warmth)
    lost = hemt.pinched_reflection_ratio - healthy
    return TwoPort(
        s11=(healthy + lost * (1.0 - bias)) * delay,
        s12=10.0 ** (-hemt.isolation_db / 20.0) * delay,
        s21=gain * xp.exp(_NEPER_PER_DB * slope_db) * delay,
        s22=hemt.output_reflection_ratio * delay,
    )


def hemt_warmth(hemt: Hemt, point: OperatingPoint) -> Array:
    """Return (T / 300 K)^2 of the plate that it is clamped to, above 0."""
    return (point.plates.at(hemt.plate) / 300.0) ** 2 + 1e-12


def noise_temperature_k(hemt: Hemt, point: OperatingPoint) -> Array:
    """Return the noise temperature in K, quadratic in the plate's temperature."""
    return (
        hemt.noise_temperature_k
        + hemt_warmth(hemt, point) * hemt.warm_noise_temperature_k
    )


def room_amplifier_response(
    amplifier: RoomAmplifier, band: Band, point: OperatingPoint
) -> TwoPort:
    """Return the amplifier at the temperature of the room."""
    xp = namespace_of(band.ratio)
    gigahertz = (band.frequency_hz - REFERENCE_HZ) / 1e9
    warmer_k = point.plates.room_k - 296.0
    level_db = amplifier.gain_db + amplifier.gain_per_k_db * warmer_k
    delay = _delay(band, amplifier.delay_s)
    slope = xp.exp(_NEPER_PER_DB * amplifier.tilt_db * gigahertz)
    return TwoPort(
        s11=amplifier.input_reflection_ratio * delay,
        s12=10.0 ** (-amplifier.isolation_db / 20.0) * delay,
        s21=10.0 ** (level_db / 20.0) * slope * delay,
        s22=amplifier.output_reflection_ratio * delay,
    )


def compression_ratio(input_dbm: Array, gain: Array, compression_dbm: Array) -> Array:
    """Return the amplitude that is left of a gain when the output saturates.

    1 dB is lost where the output would reach the compression point.
    """
    xp = namespace_of(gain)
    output = xp.real(gain) ** 2 + xp.imag(gain) ** 2
    excess = output * 10.0 ** ((input_dbm - compression_dbm) / 10.0)
    return (1.0 + 0.259 * excess) ** -0.5


def _delay(band: Band, delay_s: Array) -> Array:
    xp = namespace_of(band.ratio)
    return xp.exp(-2j * math.pi * delay_s * band.frequency_hz)
