"""The Josephson parametric amplifier: a mirror that turns phase, or amplifies."""

import math
from dataclasses import dataclass

from instruments.simulation.physics.backend import Array, namespace_of
from instruments.simulation.physics.chain.band import Band
from instruments.simulation.physics.chain.connector import connector_response
from instruments.simulation.physics.chain.junction import Circulator, junction_response
from instruments.simulation.physics.chain.operating_point import OperatingPoint
from instruments.simulation.physics.chain.ranges import constant
from instruments.simulation.physics.circulator import close_second_port
from instruments.simulation.physics.two_port import TwoPort, cascade, input_reflection

_SMALLEST_COSINE = 1.0e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Jpa:
    """Constants of one amplifier and the circulator that it hangs on.

    Attributes
    ----------
    circulator
        Signal in at port 1, amplifier at port 2, out at port 3.
    max_frequency_hz
        Resonance in Hz at whole flux quanta.
    linewidth_hz
        Full linewidth kappa in Hz.
    internal_loss_ratio
        Part of the linewidth that is internal loss.
    nominal_flux_ratio
        Flux over the flux quantum at which the pump was tuned.
    flux_per_tesla_ratio
        Flux quanta that a tesla of stray field brings.
    stub_delay_s
        Delay in s between circulator and amplifier, one way.
    compression_dbm
        Input power in dBm at which 20 dB of gain have lost 1 dB.
    drive_loss_db
        Loss in dB from the VNA to the amplifier's input.
    """

    circulator: Circulator
    max_frequency_hz: float = constant(
        low=1e8, high=5e10, spread=0.01, is_relative=True
    )
    linewidth_hz: float = constant(
        low=1e4, high=5e9, spread=0.1, is_relative=True, default=2.5e7
    )
    internal_loss_ratio: float = constant(low=0.0, high=1.0, spread=0.01, default=0.01)
    nominal_flux_ratio: float = constant(low=-0.49, high=0.49, spread=1e-3, default=0.3)
    flux_per_tesla_ratio: float = constant(low=-1e4, high=1e4, spread=1.0, default=2.0)
    stub_delay_s: float = constant(low=0.0, high=1e-8, spread=1e-11, default=3e-10)
    compression_dbm: float = constant(
        low=-150.0, high=-60.0, spread=3.0, default=-120.0
    )
    drive_loss_db: float = constant(low=0.0, high=150.0, spread=2.0, default=72.0)


def resonance_hz(jpa: Jpa, flux_ratio: Array) -> Array:
    """Return f_max sqrt|cos(pi Phi/Phi0)| in Hz, rounded off at half a quantum."""
    xp = namespace_of(flux_ratio)
    cosine = xp.cos(math.pi * flux_ratio)
    return jpa.max_frequency_hz * (cosine * cosine + _SMALLEST_COSINE**2) ** 0.25


def jpa_reflection(jpa: Jpa, band: Band, point: OperatingPoint) -> Array:
    """Return the amplifier's reflection coefficient.

    Notes
    -----
    S = 1 - k_e (k/2 + j(D + d)) / ((k/2 + j d)^2 + D^2 - |l|^2) with d the signal's
    and D the resonance's distance to half the pump. Without pump an all-pass that
    turns by 360 degrees. The pump is set by the gain g that it gives on resonance,
    |l|^2 = (k/2)^2 (g - 1)/(g + 1), which cannot oscillate; the signal's own power
    lowers it.
    """
    stray = point.magnetic_field_tesla
    flux_ratio = point.flux_quanta_ratio + jpa.flux_per_tesla_ratio * stray
    nominal_hz = resonance_hz(jpa, jpa.nominal_flux_ratio)
    half_pump_hz = nominal_hz + point.jpa_pump_detuning_hz
    distance_hz = resonance_hz(jpa, flux_ratio) - half_pump_hz
    signal_hz = band.frequency_hz - half_pump_hz
    half = 0.5 * jpa.linewidth_hz
    gain = 10.0 ** (point.jpa_gain_db / 20.0)
    power_dbm = point.source_power_dbm - jpa.drive_loss_db
    overdrive = 10.0 ** ((power_dbm - jpa.compression_dbm) / 10.0)
    pumping = (gain - 1.0) / (gain + 1.0) / (1.0 + 0.012 * overdrive)
    root = half + 1j * signal_hz
    below = root * root + (distance_hz * distance_hz - half * half * pumping)
    coupled = jpa.linewidth_hz * (1.0 - jpa.internal_loss_ratio)
    return 1.0 - coupled * (root + 1j * distance_hz) / below


def jpa_response(jpa: Jpa, band: Band, point: OperatingPoint) -> TwoPort:
    """Return circulator and amplifier as a two-port from input to output."""
    xp = namespace_of(band.ratio)
    turn = 4.0 * math.pi * jpa.stub_delay_s * band.frequency_hz
    mirror = jpa_reflection(jpa, band, point) * xp.exp(-1j * turn)
    into, stub, out = (connector_response(port, band) for port in jpa.circulator.ports)
    load = input_reflection(stub.reversed(), mirror)
    junction = junction_response(jpa.circulator, band, point)
    inner = cascade(into, close_second_port(junction, load))
    return cascade(inner, out.reversed())
