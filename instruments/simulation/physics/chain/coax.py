"""Coax in the cryostat, flexible cable outside, and the pads between them."""

import math
from dataclasses import dataclass

from instruments.simulation.physics.backend import Array, namespace_of
from instruments.simulation.physics.chain.band import REFERENCE_HZ, Band
from instruments.simulation.physics.chain.matter import (
    LIGHT_SPEED_HZ_M,
    ROOM_TEMPERATURE_K,
    VACUUM_PERMEABILITY,
    Metal,
    lattice_energy_ratio,
    normal_share,
    resistivity_ohm_m,
)
from instruments.simulation.physics.chain.plates import Plate, PlateTemperatures
from instruments.simulation.physics.chain.ranges import (
    ParameterOutOfRangeError,
    constant,
)

NEPER_PER_DB = math.log(10.0) / 20.0

DIELECTRIC_DEBYE_TEMPERATURE_K = 343.0
"""Debye temperature in K of the curve along which a cable shrinks and densifies."""

_GAUSS_OFFSET = 0.5 / math.sqrt(3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoaxSection:
    """A piece of semi-rigid coax between two plates.

    Attributes
    ----------
    warm_end, cold_end
        Plates at its ends; the temperature in between is linear.
    inner, outer
        Metals of the conductors.
    length_m
        Length at room temperature in m.
    inner_radius_m, outer_radius_m
        Radii in m of the inner conductor, and of the inside of the outer one.
    permittivity_ratio
        Relative permittivity of the dielectric at room temperature.
    loss_tangent_ratio
        Loss tangent of the dielectric at room temperature.
    cold_loss_fraction
        Part of the loss tangent that stays at 0 K.
    permittivity_rise_ratio
        Relative rise of the permittivity from room temperature to 0 K.
    contraction_ratio
        Relative length lost from room temperature to 0 K.
    superconducting_loss_per_m_db
        Loss in dB per m at 5 GHz below the transition; grows with f squared.
    kinetic_ratio
        Kinetic over geometric inductance at 0 K.
    magnet_share_ratio
        Field at the line over the field of the main magnet.
    """

    warm_end: Plate
    cold_end: Plate
    inner: Metal
    outer: Metal
    length_m: float = constant(low=0.0, high=100.0, spread=5e-3)
    inner_radius_m: float = constant(low=1e-5, high=1e-2, spread=0.0, default=0.255e-3)
    outer_radius_m: float = constant(low=2e-5, high=3e-2, spread=0.0, default=0.835e-3)
    permittivity_ratio: float = constant(low=1.0, high=10.0, spread=0.02, default=2.04)
    loss_tangent_ratio: float = constant(
        low=0.0, high=0.1, spread=0.2, is_relative=True, default=1.5e-4
    )
    cold_loss_fraction: float = constant(low=0.0, high=1.0, spread=0.1, default=0.45)
    permittivity_rise_ratio: float = constant(
        low=-0.05, high=0.05, spread=5e-4, default=0.0105
    )
    contraction_ratio: float = constant(
        low=0.0, high=0.03, spread=2e-4, default=0.00324
    )
    superconducting_loss_per_m_db: float = constant(
        low=0.0, high=1.0, spread=0.01, default=0.02
    )
    kinetic_ratio: float = constant(low=0.0, high=0.1, spread=2e-4, default=1e-3)
    magnet_share_ratio: float = constant(low=-1.0, high=1.0, spread=0.01, default=0.02)

    def __post_init__(self) -> None:
        radii = (self.inner_radius_m, self.outer_radius_m)
        if all(isinstance(radius, float) for radius in radii) and radii[0] >= radii[1]:
            raise ParameterOutOfRangeError(
                f"inner_radius_m is {radii[0]:g} and outer_radius_m {radii[1]:g}:"
                " the inner conductor must be the thinner one"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FlexCable:
    """A flexible cable at room temperature, as a data sheet states it.

    Attributes
    ----------
    delay_s
        Delay in s at 296 K.
    conductor_loss_db, dielectric_loss_db
        Losses in dB at 5 GHz, growing with sqrt(f) and with f.
    delay_slope_per_k_ratio
        Relative change of the delay per kelvin of the room.
    knee_ratio
        Relative step of the delay at the phase transition of PTFE, falling as the
        room warms.
    knee_temperature_k
        Temperature in K of that transition.
    """

    delay_s: float = constant(low=0.0, high=1e-6, spread=2e-11)
    conductor_loss_db: float = constant(
        low=0.0, high=40.0, spread=0.05, is_relative=True
    )
    dielectric_loss_db: float = constant(
        low=0.0, high=40.0, spread=0.1, is_relative=True
    )
    delay_slope_per_k_ratio: float = constant(
        low=-1e-3, high=1e-3, spread=2e-5, default=-6e-5
    )
    knee_ratio: float = constant(low=0.0, high=3e-3, spread=1e-4, default=2e-4)
    knee_temperature_k: float = constant(
        low=288.0, high=298.0, spread=0.5, default=293.0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attenuator:
    """A chip attenuator clamped to a plate.

    Attributes
    ----------
    plate
        Where it is clamped.
    attenuation_db
        Loss in dB, cold and at low frequency.
    warm_change_ratio
        Relative change of the loss in dB at room temperature.
    tilt_db
        Further loss in dB at 5 GHz, growing with f.
    """

    plate: Plate
    attenuation_db: float = constant(low=0.0, high=80.0, spread=0.15)
    warm_change_ratio: float = constant(
        low=-0.0125, high=0.0125, spread=0.005, default=-0.005
    )
    tilt_db: float = constant(low=0.0, high=1.0, spread=0.05, default=0.1)


def flex_transmission(cable: FlexCable, band: Band, room_k: Array) -> Array:
    """Return the one-way transmission of a matched flexible cable."""
    xp = namespace_of(room_k)
    drift = cable.delay_slope_per_k_ratio * (room_k - ROOM_TEMPERATURE_K)
    knee = 0.5 * cable.knee_ratio * xp.tanh((cable.knee_temperature_k - room_k) / 1.5)
    delay_s = cable.delay_s * (1.0 + drift + knee)
    return _propagated(
        band,
        skin_neper=NEPER_PER_DB * cable.conductor_loss_db,
        dielectric_neper=NEPER_PER_DB * cable.dielectric_loss_db,
        delay_s=delay_s,
    )


def pad_transmission(
    pad: Attenuator, band: Band, plates: PlateTemperatures, heating_k: Array
) -> Array:
    """Return the transmission of a matched pad whose film is warmer than its plate."""
    film_k = plates.at(pad.plate) + heating_k
    warmth = film_k / (film_k + 50.0) * (1.0 + 50.0 / ROOM_TEMPERATURE_K)
    xp = namespace_of(film_k)
    loss_db = pad.attenuation_db * (1.0 + pad.warm_change_ratio * warmth)
    tilt = _propagated(
        band,
        skin_neper=0.0,
        dielectric_neper=NEPER_PER_DB * pad.tilt_db,
        delay_s=0.0,
    )
    return xp.exp(-NEPER_PER_DB * loss_db) * tilt


def coax_transmission(
    section: CoaxSection,
    band: Band,
    plates: PlateTemperatures,
    magnet_field_tesla: Array,
) -> Array:
    """Return the one-way transmission of a matched section, shape (..., point)."""
    warm_k, cold_k = plates.at(section.warm_end), plates.at(section.cold_end)
    field_tesla = section.magnet_share_ratio * magnet_field_tesla
    if section.warm_end is section.cold_end:
        nodes_k = [warm_k]
    else:
        middle_k, reach_k = 0.5 * (warm_k + cold_k), _GAUSS_OFFSET * (warm_k - cold_k)
        nodes_k = [middle_k + reach_k, middle_k - reach_k]
    # An axis of nodes would be taken for one of sweeps where plates are numbers.
    places = [_local(section, node_k, field_tesla) for node_k in nodes_k]
    skin, dielectric, delay_s, residual = (
        section.length_m * sum(per_metre) / len(places)
        for per_metre in zip(*places, strict=True)
    )
    return _propagated(
        band,
        skin_neper=skin,
        dielectric_neper=dielectric,
        delay_s=delay_s,
        quadratic_neper=residual,
    )


def _local(
    section: CoaxSection, temperature_k: Array, field_tesla: Array
) -> tuple[Array, Array, Array, Array]:
    """Return skin, dielectric neper, delay and superconducting neper per metre.

    All have the shape of the temperature.
    """
    xp = namespace_of(temperature_k)
    energy = lattice_energy_ratio(temperature_k, DIELECTRIC_DEBYE_TEMPERATURE_K)
    rise = 1.0 + section.permittivity_rise_ratio * (1.0 - energy)
    shrunk = 1.0 - section.contraction_ratio * (1.0 - energy)
    slowness = xp.sqrt(section.permittivity_ratio * rise) / LIGHT_SPEED_HZ_M
    ratio = section.outer_radius_m / section.inner_radius_m
    z0_ohm = 59.96 / xp.sqrt(section.permittivity_ratio) * xp.log(ratio)
    wall = _wall(section.inner, temperature_k, field_tesla)
    walls = [(*wall, section.inner_radius_m)]
    if section.outer is not section.inner:
        wall = _wall(section.outer, temperature_k, field_tesla)
    walls.append((*wall, section.outer_radius_m))
    skin, residual, kinetic = 0.0, 0.0, 0.0
    for share, surface, drag, radius_m in walls:
        skin = skin + share * surface / radius_m
        residual = residual + 0.5 * (1.0 - share)
        kinetic = kinetic + 0.5 * drag
    tangent = section.loss_tangent_ratio * (
        section.cold_loss_fraction + (1.0 - section.cold_loss_fraction) * energy
    )
    delay_s = shrunk * slowness
    return (
        skin / (4.0 * math.pi * z0_ohm),
        math.pi * REFERENCE_HZ * delay_s * tangent,
        delay_s * (1.0 + 0.5 * section.kinetic_ratio * kinetic),
        NEPER_PER_DB * section.superconducting_loss_per_m_db * residual,
    )


def _wall(
    metal: Metal, temperature_k: Array, field_tesla: Array
) -> tuple[Array, Array, Array]:
    """Return how normal a conductor is, its surface resistance, its kinetic share."""
    xp = namespace_of(temperature_k)
    rho = resistivity_ohm_m(metal, temperature_k)
    share = normal_share(metal, temperature_k, field_tesla)
    surface = xp.sqrt(math.pi * REFERENCE_HZ * VACUUM_PERMEABILITY * rho)
    return share, surface, _kinetic(metal, temperature_k, share)


def _kinetic(metal: Metal, temperature_k: Array, share: Array) -> Array:
    """Return (1 - (T/Tc)^4)^-1/2, bounded at the transition, 0 in the normal state."""
    xp = namespace_of(temperature_k)
    critical_k = xp.clip(metal.critical_temperature_k, 1e-3, None)
    pairs = 1.0 - xp.clip(temperature_k / critical_k, 0.0, 0.99) ** 4
    return (1.0 - share) / xp.sqrt(pairs)


def _propagated(
    band: Band,
    *,
    skin_neper: Array,
    dielectric_neper: Array,
    delay_s: Array,
    quadratic_neper: Array | None = None,
) -> Array:
    """Return exp(-gamma l), causal: each loss brings its own dispersion.

    Skin effect delays by as much as it loses (surface impedance (1 + j) Rs); a
    constant loss tangent disperses with the logarithm of the frequency.
    """
    xp = namespace_of(band.frequency_hz)
    skin = skin_neper * band.root
    loss = skin + dielectric_neper * band.ratio
    if quadratic_neper is not None:
        loss = loss + quadratic_neper * band.ratio * band.ratio
    dispersion = 2.0 / math.pi / REFERENCE_HZ * dielectric_neper
    turn = 2.0 * math.pi * delay_s
    phase = skin + turn * band.frequency_hz - dispersion * band.log_slope_hz
    return xp.exp(-loss - 1j * phase)
