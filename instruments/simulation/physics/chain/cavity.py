"""The cavity: modes that tune and modes that do not, and how they mix.

Port 1 is the weak port, port 2 the strong one. Passive by construction.
"""

from dataclasses import dataclass
from typing import Any

from instruments.simulation.physics.backend import Array, namespace_of
from instruments.simulation.physics.chain.band import Band
from instruments.simulation.physics.chain.matter import (
    COPPER,
    Metal,
    lattice_energy_ratio,
    normal_share,
    resistivity_ohm_m,
    surface_resistance_ohm,
)
from instruments.simulation.physics.chain.operating_point import OperatingPoint
from instruments.simulation.physics.chain.ranges import (
    ParameterOutOfRangeError,
    constant,
)
from instruments.simulation.physics.two_port import TwoPort


def _external_q(spread: float) -> Any:
    return constant(low=1.0, high=1e13, spread=spread, is_relative=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class CavityMode:
    """One mode of the empty, evacuated cavity at 0 K with the rod in the middle.

    Attributes
    ----------
    resonant_frequency_hz
        Its frequency in Hz.
    tuning_span_hz
        Change of the frequency in Hz over the whole way of the rod; 0 for a mode
        that the rod does not see, such as an intruder TE mode.
    tuning_curvature_ratio
        Part by which the slope changes from end to end.
    geometry_ohm
        Geometry factor in ohm: the wall's Q0 is this over its surface resistance.
    rod_loss_ratio
        1/Q0 of the rod and of joints, dimensionless.
    weak_external_q, strong_external_q
        External quality factors of the ports at the nominal antenna depth.
    mixing_hz
        Coupling g to the first mode in Hz; 0 for a mode that it crosses unseen.
    """

    resonant_frequency_hz: float = constant(low=1e8, high=5e10, spread=2e6)
    tuning_span_hz: float = constant(
        low=-1e10, high=1e10, spread=0.05, is_relative=True
    )
    geometry_ohm: float = constant(low=1.0, high=1e5, spread=0.1, is_relative=True)
    weak_external_q: float = _external_q(0.3)
    strong_external_q: float = _external_q(0.2)
    tuning_curvature_ratio: float = constant(
        low=-1.0, high=1.0, spread=0.05, default=0.0
    )
    rod_loss_ratio: float = constant(
        low=0.0, high=1.0, spread=0.3, is_relative=True, default=1e-5
    )
    mixing_hz: float = constant(
        low=-1e8, high=1e8, spread=0.2, is_relative=True, default=0.0
    )

    def __post_init__(self) -> None:
        numbers = (
            self.resonant_frequency_hz,
            self.tuning_span_hz,
            self.tuning_curvature_ratio,
        )
        if not all(isinstance(number, float) for number in numbers):
            return
        reach_hz = abs(numbers[1]) * (0.5 + 0.25 * abs(numbers[2]))
        if reach_hz >= 0.9 * numbers[0]:
            raise ParameterOutOfRangeError(
                f"tuning_span_hz is {numbers[1]:g} for a mode at {numbers[0]:g} Hz:"
                " the rod would tune it to zero"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cavity:
    """Constants of one cavity; its first mode is the one of interest.

    Attributes
    ----------
    modes
        The mode of interest, then the others.
    wall
        Metal of the walls.
    contraction_ratio
        Relative length lost from room temperature to 0 K.
    residual_resistance_ohm
        Surface resistance in ohm of a superconducting wall far below Tc.
    magneto_ratio
        Relative rise of the wall's resistivity per tesla of the magnet.
    field_pull_ratio
        Relative change of every frequency per square tesla of the magnet.
    rod_pull_ratio
        Relative change of the tuned frequencies per kelvin of the rod.
    backlash_ratio
        Way of the rod that is lost when its direction turns.
    antenna_decay_m
        Depth in m over which the strong port's external Q changes by e squared.
    leak_reactance_ratio
        Direct coupling between the ports over the line impedance at 5 GHz.
    """

    modes: tuple[CavityMode, ...]
    wall: Metal = COPPER
    contraction_ratio: float = constant(
        low=0.0, high=0.03, spread=5e-5, default=0.00324
    )
    residual_resistance_ohm: float = constant(
        low=0.0, high=1.0, spread=1e-5, default=1e-4
    )
    magneto_ratio: float = constant(low=0.0, high=1.0, spread=2e-3, default=5e-3)
    field_pull_ratio: float = constant(low=-1e-5, high=1e-5, spread=1e-8, default=2e-8)
    rod_pull_ratio: float = constant(low=-1e-3, high=1e-3, spread=2e-6, default=-5e-6)
    backlash_ratio: float = constant(low=0.0, high=0.1, spread=3e-4, default=6e-4)
    antenna_decay_m: float = constant(low=1e-4, high=1.0, spread=2e-4, default=4e-3)
    leak_reactance_ratio: float = constant(
        low=0.0, high=1.0, spread=0.3, is_relative=True, default=2e-4
    )

    def __post_init__(self) -> None:
        if not self.modes:
            raise ValueError("a cavity needs at least one mode")


@dataclass(frozen=True, slots=True)
class ModeNow:
    """A mode as it is now; each of shape (1,) or (sweep, 1).

    Attributes
    ----------
    resonant_frequency_hz
        Frequency in Hz before it mixes with another mode.
    unloaded_q
        Q0.
    weak_coupling_beta, strong_coupling_beta
        Coupling to the two ports.
    """

    resonant_frequency_hz: Array
    unloaded_q: Array
    weak_coupling_beta: Array
    strong_coupling_beta: Array


def mode_now(cavity: Cavity, mode: CavityMode, point: OperatingPoint) -> ModeNow:
    """Return a mode at an operating point; both are lifted to columns."""
    xp = namespace_of(point.cavity_temperature_k)
    energy = lattice_energy_ratio(
        point.cavity_temperature_k, cavity.wall.debye_temperature_k
    )
    way = (
        point.rod_position_ratio
        - 0.5 * cavity.backlash_ratio * point.rod_direction_factor
    )
    bent = way - 0.5 + mode.tuning_curvature_ratio * (way - 0.5) ** 2
    tuned_hz = mode.resonant_frequency_hz + mode.tuning_span_hz * bent
    is_tuned = xp.tanh(mode.tuning_span_hz / 1e6) ** 2
    scale = 1.0 + cavity.field_pull_ratio * point.magnet_field_tesla**2
    scale = scale + cavity.rod_pull_ratio * is_tuned * point.rod_temperature_k
    scale = scale * (1.0 + point.frequency_shift_ratio)
    shrunk = 1.0 + cavity.contraction_ratio * energy
    f0_hz = tuned_hz * scale / shrunk / xp.sqrt(point.gas_permittivity_ratio)
    unloaded_q = 1.0 / (
        wall_resistance_ohm(cavity, f0_hz, point) / mode.geometry_ohm
        + mode.rod_loss_ratio * (1.0 + point.rod_temperature_k)
        + point.gas_loss_ratio
    )
    depth = xp.clip(
        2.0 * point.antenna_depth_change_m / cavity.antenna_decay_m, -60.0, 60.0
    )
    return ModeNow(
        resonant_frequency_hz=f0_hz,
        unloaded_q=unloaded_q,
        weak_coupling_beta=unloaded_q / mode.weak_external_q,
        strong_coupling_beta=unloaded_q / mode.strong_external_q * xp.exp(depth),
    )


def wall_resistance_ohm(cavity: Cavity, f0_hz: Array, point: OperatingPoint) -> Array:
    """Return the surface resistance of the wall in ohm at a frequency in Hz."""
    xp = namespace_of(f0_hz)
    wall, temperature_k = cavity.wall, point.cavity_temperature_k
    strength = xp.abs(point.magnet_field_tesla)
    rho = resistivity_ohm_m(wall, temperature_k)
    rho = rho + (
        wall.room_resistivity_ohm_m
        * wall.residual_ratio
        * cavity.magneto_ratio
        * strength
    )
    normal = surface_resistance_ohm(rho, f0_hz)
    share = normal_share(wall, temperature_k, point.magnet_field_tesla)
    return share * normal + (1.0 - share) * cavity.residual_resistance_ohm


def cavity_response(cavity: Cavity, band: Band, point: OperatingPoint) -> TwoPort:
    """Return the cavity's scattering parameters.

    Notes
    -----
    Each mode is a series resonance d = 1 + j Q0 (f/f0 - f0/f) that shows to the
    ports with n = sqrt(beta). The first mode mixes with the others by
    c = 2 g sqrt(Q0 Q / (f0 f)); with the star-shaped matrix (D + jC) the impedance
    is Z = n^T (D + jC)^-1 n, whose real part is positive, and S = (Z - 1)(Z + 1)^-1.
    Two modes split as (fa + fb)/2 +- sqrt(((fa - fb)/2)^2 + g^2).
    """
    xp = namespace_of(band.frequency_hz)
    first, *others = (mode_now(cavity, mode, point) for mode in cavity.modes)
    hub = _detuning(first, band)
    weak = xp.sqrt(first.weak_coupling_beta)
    strong = xp.sqrt(first.strong_coupling_beta)
    leak = 1j * cavity.leak_reactance_ratio * band.ratio
    z11, z12, z22 = leak, leak, leak
    for mode, now in zip(cavity.modes[1:], others, strict=True):
        inverse = 1.0 / _detuning(now, band)
        n_weak = xp.sqrt(now.weak_coupling_beta)
        n_strong = xp.sqrt(now.strong_coupling_beta)
        z11 = z11 + n_weak * n_weak * inverse
        z12 = z12 + n_weak * n_strong * inverse
        z22 = z22 + n_strong * n_strong * inverse
        mixing = (
            2.0
            * mode.mixing_hz
            * xp.sqrt(first.unloaded_q / first.resonant_frequency_hz)
            * xp.sqrt(now.unloaded_q / now.resonant_frequency_hz)
        )
        seen = 1j * mixing * inverse
        hub = hub - 1j * mixing * seen
        weak = weak - seen * n_weak
        strong = strong - seen * n_strong
    share = 1.0 / hub
    return _from_impedance(
        z11 + weak * weak * share,
        z12 + weak * strong * share,
        z22 + strong * strong * share,
    )


def normal_modes_hz(cavity: Cavity, point: OperatingPoint) -> list[Array]:
    """Return the frequencies of the modes in Hz before mixing, in order."""
    return [
        mode_now(cavity, mode, point).resonant_frequency_hz for mode in cavity.modes
    ]


def _detuning(mode: ModeNow, band: Band) -> Array:
    ratio = band.frequency_hz / mode.resonant_frequency_hz
    return 1.0 + 1j * mode.unloaded_q * (ratio - 1.0 / ratio)


def _from_impedance(z11: Array, z12: Array, z22: Array) -> TwoPort:
    inverse = 1.0 / ((z11 + 1.0) * (z22 + 1.0) - z12 * z12)
    crossed = z12 * z12
    through = 2.0 * z12 * inverse
    return TwoPort(
        s11=((z11 - 1.0) * (z22 + 1.0) - crossed) * inverse,
        s12=through,
        s21=through,
        s22=((z11 + 1.0) * (z22 - 1.0) - crossed) * inverse,
    )
