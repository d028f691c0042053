"""Noise of a sweep: the VNA's trace noise and floor, and the chain's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from instruments.simulation.physics.backend import Array, namespace_of
from instruments.simulation.physics.chain.amplifiers import noise_temperature_k
from instruments.simulation.physics.chain.hardware import ReceiverHardware
from instruments.simulation.physics.chain.jpa import jpa_reflection
from instruments.simulation.physics.chain.network import Network, lift_network
from instruments.simulation.physics.chain.operating_point import OperatingPoint

NOISE_BANDWIDTH_HZ = 1000.0
"""IF bandwidth in Hz at which the noise figures are stated."""

BOLTZMANN_W_S_PER_K = 1.380649e-23
_PLANCK_W_S2 = 6.62607015e-34


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSettings:
    """What the VNA is set to.

    Attributes
    ----------
    if_bandwidth_hz
        IF bandwidth in Hz.
    averaging_count
        Sweeps that are averaged.
    """

    if_bandwidth_hz: float = 1000.0
    averaging_count: int = 1


def chain_noise_sigma(
    frequency_hz: Array,
    hardware: ReceiverHardware,
    point: OperatingPoint,
    traces: Mapping[str, Array],
    settings: SweepSettings,
) -> dict[str, Array]:
    """Return the standard deviation of real and of imaginary part of each trace.

    Parameters
    ----------
    traces
        Noiseless traces of this receiver at this point, shape (..., point).
    """
    network = lift_network(frequency_hz, hardware, point)
    return network_noise_sigma(network, traces, settings)


def network_noise_sigma(
    network: Network, traces: Mapping[str, Array], settings: SweepSettings
) -> dict[str, Array]:
    """Return the same for a network that is already lifted.

    Notes
    -----
    sigma^2 = ((trace noise |S|)^2 + (floor + chain) / (2 P)) B / (1 kHz N), with
    chain = k T_sys |G|^2 1 kHz only in traces that end at port 2. T_sys is that of the
    mixing chamber and half a photon, amplified by the JPA, and of the HEMT.
    """
    vna = network.hardware.vna
    floor_w = 1e-3 * 10.0 ** (vna.floor_dbm / 10.0)
    power_w = 1e-3 * 10.0 ** (network.point.source_power_dbm / 10.0)
    chain_w: Any = 0.0
    if any(name[1] == "2" for name in traces):
        chain_w = _chain_noise_w(network)
    scale = settings.if_bandwidth_hz / NOISE_BANDWIDTH_HZ / settings.averaging_count
    found = {}
    for name, trace in traces.items():
        xp = namespace_of(trace)
        size = xp.real(trace) ** 2 + xp.imag(trace) ** 2
        noise_w = floor_w + chain_w if name[1] == "2" else floor_w
        variance = vna.trace_noise_ratio**2 * size + 0.5 * noise_w / power_w
        found[name] = xp.sqrt(variance * scale)
    return found


def _chain_noise_w(network: Network) -> Array:
    """Return the chain's noise in W at VNA port 2 in 1 kHz."""
    xp = namespace_of(network.band.ratio)
    gain = network.amplified.s21
    half_photon_k = 0.5 * _PLANCK_W_S2 / BOLTZMANN_W_S_PER_K * network.band.frequency_hz
    cold_k = network.point.plates.mixing_chamber_k + half_photon_k
    jpa = network.hardware.jpa
    if jpa is not None:
        mirror = jpa_reflection(jpa, network.band, network.point)
        cold_k = cold_k * (xp.real(mirror) ** 2 + xp.imag(mirror) ** 2)
    system_k = cold_k + noise_temperature_k(network.hardware.hemt, network.point)
    power = xp.real(gain) ** 2 + xp.imag(gain) ** 2
    return BOLTZMANN_W_S_PER_K * NOISE_BANDWIDTH_HZ * system_k * power
