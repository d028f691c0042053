"""The amplifier chain: gain with temperature, tilt and bias, and its mismatch."""

import math
from dataclasses import dataclass

from instruments.simulation.physics.backend import Array, namespace_of
from instruments.simulation.physics.two_port import TwoPort

BAND_CENTER_HZ = 6.0e9
"""Middle of the receiver band in Hz."""

BAND_HALF_WIDTH_HZ = 2.0e9
"""Half of the receiver band in Hz; the tilt is stated over it."""

PINCHED_GAIN_DB = -38.0
"""Gain in dB, below nominal, of a chain whose first stage has lost its bias."""

PINCHED_REFLECTION = 0.8
"""Modulus of the input reflection without bias."""

BIAS_EXPONENT = 1.5
"""Power of the transconductance in the drain current."""

REVERSE_ISOLATION_DB = 90.0
"""Loss of the chain from output to input in dB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmplifierParameters:
    """Constants of one amplifier chain (cryogenic and room-temperature stages).

    Attributes
    ----------
    gain_db
        Gain in dB at mid band, cold, at nominal bias.
    tilt_db
        Gain in dB at the upper band edge over mid band.
    curvature_db
        Gain in dB at both band edges over mid band.
    warm_loss_db
        Gain in dB lost at room temperature.
    warm_tilt_db
        Change of the tilt in dB at room temperature.
    warm_exponent
        Power of T / 300 K with which gain goes.
    bias_tilt_db
        Change of the tilt in dB when the bias is gone.
    input_reflection_ratio, output_reflection_ratio
        Moduli of the reflections at nominal bias.
    input_delay_s
        Delay in s of the input reflection.
    """

    gain_db: float
    tilt_db: float
    curvature_db: float
    warm_loss_db: float
    warm_tilt_db: float
    warm_exponent: float
    bias_tilt_db: float
    input_reflection_ratio: float
    output_reflection_ratio: float
    input_delay_s: float


def gain_level_db(
    amplifier: AmplifierParameters,
    frequency_hz: Array,
    temperature_k: Array,
    bias: Array,
) -> Array:
    """Return the gain in dB before the bias acts on its level, (..., point).

    G(T) = G_cold - dG (T / 300 K)^p, with a tilt that follows T and bias.
    """
    position = (frequency_hz - BAND_CENTER_HZ) / BAND_HALF_WIDTH_HZ
    warmth = (temperature_k / 300.0) ** amplifier.warm_exponent
    tilt_db = (
        amplifier.tilt_db
        + amplifier.warm_tilt_db * warmth
        + amplifier.bias_tilt_db * (1.0 - bias)
    )
    level_db = amplifier.gain_db - amplifier.warm_loss_db * warmth
    return level_db + tilt_db * position + amplifier.curvature_db * position**2


def amplifier_response(
    amplifier: AmplifierParameters,
    frequency_hz: Array,
    temperature_k: Array,
    bias: Array,
) -> TwoPort:
    """Return the chain as a two-port.

    Parameters
    ----------
    temperature_k
        Temperature in K of the first stage, shape (1,) or (sweep, 1).
    bias
        Drain current over its nominal value, 0 to 1, same shape.
    """
    xp = namespace_of(frequency_hz)
    pinched = 10.0 ** (PINCHED_GAIN_DB / 20.0)
    share = pinched + (1.0 - pinched) * bias**BIAS_EXPONENT
    level_db = gain_level_db(amplifier, frequency_hz, temperature_k, bias)
    delay = xp.exp(-2j * math.pi * frequency_hz * amplifier.input_delay_s)
    gain = share * xp.exp(math.log(10.0) / 20.0 * level_db) * delay
    mismatch = amplifier.input_reflection_ratio * (1.0 + 0.3 * temperature_k / 300.0)
    mismatch = mismatch + (PINCHED_REFLECTION - mismatch) * (1.0 - bias)
    return TwoPort(
        s11=mismatch * delay,
        s12=delay * 10.0 ** (-REVERSE_ISOLATION_DB / 20.0),
        s21=gain,
        s22=amplifier.output_reflection_ratio * delay,
    )
