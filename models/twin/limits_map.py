"""The map of what can be known at best, over temperature and field."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from instruments.simulation.physics.chain import Constant, ReceiverHardware
from models.twin.limits_information import (
    UnresolvedError,
    asked_information,
    shared_information,
)
from models.twin.limits_jacobian import SweepSlopes, sweep_slopes
from models.twin.limits_state import (
    FIELD_PRIOR_TESLA,
    TEMPERATURE_PRIOR_DEX,
    point_at,
)
from models.twin.limits_sweep import SweepSetup, off_resonance, thinned
from models.twin.parameters import cycle_constants, hardware_constants

Reals = npt.NDArray[np.float64]

THERMOMETER_PRIOR_DEX = 0.004
"""How well a reference's temperature is known: 1 %."""

FIELD_PROBE_PRIOR_TESLA = 1e-4
"""How well a reference's stray field is known."""

REFERENCE_PRIOR_RATIOS = (
    THERMOMETER_PRIOR_DEX / TEMPERATURE_PRIOR_DEX,
    FIELD_PROBE_PRIOR_TESLA / FIELD_PRIOR_TESLA,
)
"""The same over the priors of a sweep of which nothing is known."""

MOST_POINTS = 201
"""Axes with more points are thinned, their noise lowered accordingly."""

# Where the data tell less than was known before they were taken.
_NOT_IDENTIFIABLE_RATIO = 1.0 / math.sqrt(2.0)


class Knowledge(StrEnum):
    """What is known of the receiver before the sweep."""

    CATALOGUE = "catalogue"
    """Every part to the spread from unit to unit."""

    FITTED = "fitted"
    """Every part exactly, but for what a thermal cycle moves."""


class Aid(StrEnum):
    """What helps a sweep."""

    EXACT = "exact"
    """The receiver is known exactly; only the state is not. No sweep reaches it."""

    ALONE = "alone"
    """Nothing but what is known beforehand."""

    REFERENCE = "reference"
    """One reference sweep of the same thermal cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsQuestion:
    """What limits are asked for.

    Attributes
    ----------
    hardware
        The described receiver.
    setup
        Its sweep.
    temperatures_k, fields_tesla
        Where to ask, in K and tesla.
    reference_temperature_k, reference_field_tesla
        Where the reference was taken, in K and tesla.
    knowledge
        What is known of the receiver.
    """

    hardware: ReceiverHardware
    setup: SweepSetup
    temperatures_k: tuple[float, ...]
    fields_tesla: tuple[float, ...]
    reference_temperature_k: float = 4.0
    reference_field_tesla: float = 0.0
    knowledge: Knowledge = Knowledge.CATALOGUE


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What can be known at best at one temperature and field with one aid.

    Attributes
    ----------
    aid
        What helps.
    temperature_k, magnetic_field_tesla
        Where.
    log10_temperature_sigma
        Standard deviation of log10 T; None where T is not identifiable: the sweep
        tells less of it than its range did before.
    temperature_sigma_k
        The same in K.
    field_sigma_tesla
        Standard deviation of B; None where B is not identifiable.
    """

    aid: Aid
    temperature_k: float
    magnetic_field_tesla: float
    log10_temperature_sigma: float | None
    temperature_sigma_k: float | None
    field_sigma_tesla: float | None


def uncertain_constants(
    hardware: ReceiverHardware, knowledge: Knowledge
) -> list[Constant]:
    """Return the constants of a receiver that a sweep has to fight with."""
    if knowledge is Knowledge.FITTED:
        return cycle_constants(hardware)
    return hardware_constants(hardware)


def limits_map(question: LimitsQuestion) -> Iterator[Limit]:
    """Yield the limits, field by field, temperature by temperature, aid by aid.

    Raises
    ------
    ValueError
        If a temperature or field is outside of what can be asked for, or the sweep
        holds no point off the cavity's modes.
    """
    shared = uncertain_constants(question.hardware, question.knowledge)
    reference = shared_information(
        _slopes_at(
            question,
            shared,
            question.reference_temperature_k,
            question.reference_field_tesla,
        ),
        *REFERENCE_PRIOR_RATIOS,
    )
    aids = {
        Aid.EXACT: None,
        Aid.ALONE: np.zeros_like(reference),
        Aid.REFERENCE: reference,
    }
    for field_tesla in question.fields_tesla:
        for temperature_k in question.temperatures_k:
            slopes = _slopes_at(question, shared, temperature_k, field_tesla)
            for aid, known in aids.items():
                sigmas = _sigmas(slopes, known)
                yield _limit(aid, temperature_k, field_tesla, sigmas)


def assumptions(question: LimitsQuestion) -> list[str]:
    """Say in sentences what the limits stand on."""
    hardware = {
        Knowledge.CATALOGUE: "every part is known to the spread from unit to unit",
        Knowledge.FITTED: "every part is known exactly (a fitted twin), but for"
        " connectors, flexible cables and gain, which a thermal cycle moves",
    }[question.knowledge]
    reference = (
        f"{question.reference_temperature_k:g} K and"
        f" {1e3 * question.reference_field_tesla:g} mT"
    )
    return [
        (
            "The receiver is the twin's usual 4-8 GHz chain without JPA, units drawn by"
            " the array's seed: the array file describes cavity and sweep only."
        ),
        f"Before the sweep {hardware}.",
        (
            "All plates, cavity and rod warm together as a fridge does, each with a"
            " small departure; room, bias, gain, rod and antenna drift by sweep."
        ),
        (
            "The reference is one sweep of the same thermal cycle at "
            f"{reference}, known to 1 % and 0.1 mT."
        ),
        (
            "Points on a mode of the cavity are left out; longer axes are thinned to"
            f" {MOST_POINTS} points with as much less noise."
        ),
        (
            "No unbiased fit does better where this model is true (Cramer-Rao with"
            " priors, local at each point); a wrong model does worse, unseen."
        ),
    ]


def _slopes_at(
    question: LimitsQuestion,
    shared: Sequence[Constant],
    temperature_k: float,
    field_tesla: float,
) -> SweepSlopes:
    setup = thinned(question.setup, MOST_POINTS)
    point = point_at(temperature_k, field_tesla, setup.source_power_dbm)
    kept = off_resonance(setup, question.hardware, point)
    return sweep_slopes(kept, question.hardware, shared, point)


def _sigmas(
    slopes: SweepSlopes, shared: Reals | None
) -> tuple[float | None, float | None]:
    """Return the sigmas of log10 T and B in their priors, None where unidentifiable."""
    try:
        information = asked_information(slopes, shared)
    except UnresolvedError:
        return None, None
    (a, b), (_, d) = information
    determinant = a * d - b * b
    if not determinant > 0.0:
        return None, None
    ratios = math.sqrt(d / determinant), math.sqrt(a / determinant)
    by_temperature, by_field = (
        ratio if ratio < _NOT_IDENTIFIABLE_RATIO else None for ratio in ratios
    )
    return by_temperature, by_field


def _limit(
    aid: Aid,
    temperature_k: float,
    field_tesla: float,
    sigmas: tuple[float | None, float | None],
) -> Limit:
    by_temperature, by_field = sigmas
    dex = None if by_temperature is None else TEMPERATURE_PRIOR_DEX * by_temperature
    return Limit(
        aid=aid,
        temperature_k=temperature_k,
        magnetic_field_tesla=field_tesla,
        log10_temperature_sigma=dex,
        temperature_sigma_k=None if dex is None else temperature_k * math.log(10) * dex,
        field_sigma_tesla=None if by_field is None else FIELD_PRIOR_TESLA * by_field,
    )
