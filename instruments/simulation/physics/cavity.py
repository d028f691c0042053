"""The cavity as a two-port: weak port 1, strong port 2, passive by construction."""

from dataclasses import dataclass
from typing import Any

from instruments.simulation.physics.backend import Array, as_column, namespace_of
from instruments.simulation.physics.thermal import contraction, resistivity_ratio
from instruments.simulation.physics.two_port import TwoPort

WALL_RESIDUAL_RATIO = 0.01
"""Residual over room-temperature resistivity of the cavity wall (RRR 100)."""

ANOMALOUS_RESISTIVITY_RATIO = 0.05
"""Floor that the anomalous skin effect puts under the wall's resistivity ratio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectator:
    """A mode that does not belong to the experiment.

    Attributes
    ----------
    frequency_ratio
        Its frequency over that of the mode of interest.
    unloaded_q
        Its quality factor, dimensionless.
    weak_coupling_beta, strong_coupling_beta
        Coupling to the two ports.
    """

    frequency_ratio: float
    unloaded_q: float
    weak_coupling_beta: float
    strong_coupling_beta: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CavityParameters:
    """Constants of one cavity.

    Attributes
    ----------
    weak_coupling_beta
        Coupling of the weak port, dimensionless.
    leak_reactance_ratio
        Direct coupling between the ports over the line impedance at 5 GHz.
    spectators
        Further modes in the band.
    """

    weak_coupling_beta: float
    leak_reactance_ratio: float
    spectators: tuple[Spectator, ...]


def cavity_response(
    cavity: CavityParameters,
    frequency_hz: Array,
    resonant_frequency_hz: Array,
    loaded_q: Array,
    coupling_beta: Array,
) -> TwoPort:
    """Return the cavity's scattering parameters.

    Parameters
    ----------
    frequency_hz
        Axis in Hz, shape (point,) or (sweep, point).
    resonant_frequency_hz, loaded_q, coupling_beta
        f0 in Hz, QL and beta of the strong port, shape (1,) or (sweep, 1).

    Notes
    -----
    Each mode adds n n^T / (1 + 2j Q0 (f - f0) / f0) to the impedance matrix, with
    n_i = sqrt(beta_i); S = (Z - 1)(Z + 1)^-1. The real part of Z is positive, hence
    the two-port is passive whatever the modes. A single mode gives the textbook
    S21 = 2 sqrt(b1 b2) / (1 + b1 + b2 + 2j Q0 (f - f0) / f0).
    """
    xp = namespace_of(frequency_hz)
    weak = cavity.weak_coupling_beta
    unloaded_q = loaded_q * (1.0 + weak + coupling_beta)
    admittance = 1.0 + 2j * unloaded_q * (frequency_hz / resonant_frequency_hz - 1.0)
    z11 = weak / admittance
    z22 = coupling_beta / admittance
    z12 = xp.sqrt(weak * coupling_beta) / admittance
    z12 = z12 + 1j * cavity.leak_reactance_ratio * frequency_hz / 5.0e9
    for mode in cavity.spectators:
        centre_hz = mode.frequency_ratio * resonant_frequency_hz
        detuned = 1.0 + 2j * mode.unloaded_q * (frequency_hz / centre_hz - 1.0)
        z11 = z11 + mode.weak_coupling_beta / detuned
        z22 = z22 + mode.strong_coupling_beta / detuned
        product = mode.weak_coupling_beta * mode.strong_coupling_beta
        z12 = z12 + product**0.5 / detuned
    return _from_impedance(z11, z12, z22)


def _from_impedance(z11: Array, z12: Array, z22: Array) -> TwoPort:
    determinant = (z11 + 1.0) * (z22 + 1.0) - z12 * z12
    s12 = 2.0 * z12 / determinant
    return TwoPort(
        s11=((z11 - 1.0) * (z22 + 1.0) - z12 * z12) / determinant,
        s12=s12,
        s21=s12,
        s22=((z11 + 1.0) * (z22 - 1.0) - z12 * z12) / determinant,
    )


def tuned_frequency_hz(cold_frequency_hz: Any, temperature_k: Any, axis: Array) -> Any:
    """Return f0 in Hz at a temperature, from its value at 4 K.

    The cavity shrinks on cooling and f0 rises by the same part.
    """
    warm = contraction(as_column(temperature_k, axis))[..., 0]
    cold = contraction(as_column(4.0, axis))[..., 0]
    return cold_frequency_hz * (1.0 - cold + warm)


def unloaded_q_ratio(temperature_k: Any, axis: Array) -> Any:
    """Return Q0 over its value at 4 K; surface resistance goes with sqrt(rho).

    The anomalous skin effect keeps copper from gaining more than a factor of about
    four between room temperature and 4 K.
    """
    xp = namespace_of(axis)

    def surface(temperature: Any) -> Array:
        ratio = resistivity_ratio(as_column(temperature, axis), WALL_RESIDUAL_RATIO)
        return xp.sqrt(ratio + ANOMALOUS_RESISTIVITY_RATIO)[..., 0]

    return surface(4.0) / surface(temperature_k)
