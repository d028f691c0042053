"""Noise of the VNA's receivers: trace noise of the signal, and a floor."""

from dataclasses import dataclass
from typing import Any

from instruments.simulation.physics.backend import Array, namespace_of

NOISE_BANDWIDTH_HZ = 1000.0
"""IF bandwidth at which the noise figures are stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VnaNoise:
    """Noise figures of a VNA (data sheet of the PNA class).

    Attributes
    ----------
    trace_noise_ratio
        Noise over signal in each quadrature at 1 kHz: 0.002 dB, 0.010 degrees.
    floor_dbm
        Noise power in dBm at the test port at 1 kHz.
    """

    trace_noise_ratio: float = 2.0e-4
    floor_dbm: float = -88.0


def noise_sigma(
    trace: Array,
    noise: VnaNoise,
    *,
    if_bandwidth_hz: Any,
    source_power_dbm: Any,
    averaging_count: Any = 1,
) -> Array:
    """Return the standard deviation of real and of imaginary part, (..., point).

    Notes
    -----
    sigma^2 = ((trace noise |S|)^2 + floor / (2 P)) B / (1 kHz N).
    """
    xp = namespace_of(trace)
    floor_ratio = 10.0 ** ((noise.floor_dbm - source_power_dbm) / 10.0)
    variance = (noise.trace_noise_ratio * xp.abs(trace)) ** 2 + 0.5 * floor_ratio
    scale = if_bandwidth_hz / NOISE_BANDWIDTH_HZ / averaging_count
    return xp.sqrt(variance * scale)
