"""What a laboratory happens to own: hardware constants, and the luck of each mating.

A cavity's hardware follows from the array's seed and the cavity's name, so that a
calibration run and a later run look at the same parts; its matings follow from the
thermal cycle too, so that every cool-down is a new one.
"""

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from instruments.simulation.physics import (
    LINE_NAMES,
    AmplifierParameters,
    CavityParameters,
    CirculatorParameters,
    LineParameters,
    ReceiverParameters,
    Section,
    Spectator,
    Stage,
)

MATING_REACTANCE_SPREAD = 0.02
"""Spread of a connector's reactance from one mating to the next."""

MATING_DELAY_SPREAD_S = 3.0e-12
"""Spread in s of a room-temperature cable's delay from one cool-down to the next."""

MATING_GAIN_SPREAD_DB = 0.15
"""Spread in dB of the chain's gain from one cool-down to the next."""

_NANOSECOND_S = 1e-9


@dataclass(frozen=True, slots=True)
class _Piece:
    """A section of line as bought: delay in s, losses in dB, attenuator in dB."""

    stage: Stage
    delay_s: float
    conductor_db: float
    dielectric_db: float
    residual_ratio: float
    attenuator_db: float = 0.0


_CATALOGUE: dict[str, tuple[_Piece, ...]] = {
    "weak_line": (
        _Piece(Stage.ROOM, 7.0 * _NANOSECOND_S, 0.9, 0.3, 0.01),
        _Piece(Stage.UPPER, 4.2 * _NANOSECOND_S, 1.6, 0.2, 0.30),
        _Piece(Stage.COLD, 2.1 * _NANOSECOND_S, 0.8, 0.1, 0.04, 20.0),
        _Piece(Stage.COLD, 1.6 * _NANOSECOND_S, 0.5, 0.1, 0.04, 20.0),
    ),
    "bypass_line": (
        _Piece(Stage.ROOM, 7.4 * _NANOSECOND_S, 0.9, 0.3, 0.01),
        _Piece(Stage.UPPER, 4.0 * _NANOSECOND_S, 1.6, 0.2, 0.30),
        _Piece(Stage.COLD, 2.3 * _NANOSECOND_S, 0.8, 0.1, 0.04, 20.0),
        _Piece(Stage.COLD, 1.3 * _NANOSECOND_S, 0.4, 0.1, 0.04, 40.0),
    ),
    "cavity_line": (_Piece(Stage.COLD, 1.1 * _NANOSECOND_S, 0.3, 0.05, 0.04),),
    "cold_output_line": (_Piece(Stage.COLD, 2.6 * _NANOSECOND_S, 0.6, 0.1, 0.04),),
    "output_line": (
        _Piece(Stage.COLD, 1.9 * _NANOSECOND_S, 0.7, 0.1, 0.04),
        _Piece(Stage.UPPER, 4.1 * _NANOSECOND_S, 1.6, 0.2, 0.30),
        _Piece(Stage.ROOM, 7.8 * _NANOSECOND_S, 1.0, 0.3, 0.01),
    ),
}


def draw_hardware(seed: int, cavity: str) -> ReceiverParameters:
    """Draw the hardware constants of one cavity's receiver.

    Parameters
    ----------
    seed
        Seed of the array.
    cavity
        Name of the cavity.
    """
    rng = stream(seed, cavity, "hardware")
    lines = {name: _draw_line(rng, _CATALOGUE[name]) for name in LINE_NAMES}
    return ReceiverParameters(
        **lines,
        cavity=_draw_cavity(rng),
        circulator=_draw_circulator(rng),
        amplifier=_draw_amplifier(rng),
    )


def mate(
    hardware: ReceiverParameters, seed: int, cavity: str, thermal_cycle: str
) -> ReceiverParameters:
    """Return the receiver as it came out of one cool-down.

    Connectors are mated anew, warm cables re-routed, amplifiers biased again.
    """
    rng = stream(seed, cavity, f"mating {thermal_cycle}")
    lines = {name: _mate_line(rng, hardware.line(name)) for name in LINE_NAMES}
    gain_db = hardware.amplifier.gain_db + MATING_GAIN_SPREAD_DB * rng.normal()
    amplifier = replace(hardware.amplifier, gain_db=float(gain_db))
    changed: dict[str, Any] = {**lines, "amplifier": amplifier}
    return replace(hardware, **changed)


def stream(seed: int, cavity: str, topic: str) -> np.random.Generator:
    """Return the random stream of one cavity for one topic, always the same."""
    words = [seed, zlib.crc32(cavity.encode()), zlib.crc32(topic.encode())]
    return np.random.default_rng(words)


def _spread(rng: np.random.Generator, value: float, relative: float) -> float:
    return float(value * (1.0 + relative * np.clip(rng.normal(), -2.5, 2.5)))


def _draw_line(rng: np.random.Generator, pieces: tuple[_Piece, ...]) -> LineParameters:
    sections = tuple(
        Section(
            stage=piece.stage,
            delay_s=_spread(rng, piece.delay_s, 0.03),
            conductor_loss_db=_spread(rng, piece.conductor_db, 0.1),
            dielectric_loss_db=_spread(rng, piece.dielectric_db, 0.1),
            residual_ratio=piece.residual_ratio,
            attenuation_db=_spread(rng, piece.attenuator_db, 0.015),
        )
        for piece in pieces
    )
    count = len(sections) + 1
    reactances = rng.uniform(0.06, 0.22, count) * rng.choice((-1.0, 1.0), count)
    return LineParameters(
        sections=sections,
        connector_reactances=tuple(float(value) for value in reactances),
    )


def _mate_line(rng: np.random.Generator, line: LineParameters) -> LineParameters:
    sections = tuple(
        replace(
            section,
            delay_s=section.delay_s + MATING_DELAY_SPREAD_S * float(rng.normal()),
        )
        if section.stage is Stage.ROOM
        else section
        for section in line.sections
    )
    reactances = tuple(
        value + MATING_REACTANCE_SPREAD * float(rng.normal())
        for value in line.connector_reactances
    )
    return LineParameters(sections=sections, connector_reactances=reactances)


def _draw_cavity(rng: np.random.Generator) -> CavityParameters:
    spectators = tuple(
        Spectator(
            frequency_ratio=float(ratio),
            unloaded_q=float(rng.uniform(4e3, 1.2e4)),
            weak_coupling_beta=float(rng.uniform(1e-4, 6e-4)),
            strong_coupling_beta=float(rng.uniform(0.1, 0.6)),
        )
        for ratio in (rng.uniform(1.06, 1.12), rng.uniform(1.18, 1.3))
    )
    return CavityParameters(
        weak_coupling_beta=float(rng.uniform(6e-4, 1.2e-3)),
        leak_reactance_ratio=float(rng.uniform(4e-4, 9e-4)),
        spectators=spectators,
    )


def _draw_circulator(rng: np.random.Generator) -> CirculatorParameters:
    splitting = _spread(rng, 0.92, 0.05)
    return CirculatorParameters(
        center_frequency_hz=_spread(rng, 5.9e9, 0.01),
        splitting_ratio=splitting,
        junction_q=_spread(rng, 0.577 / 0.92, 0.05),
        insertion_loss_db=float(rng.uniform(0.2, 0.4)),
        frozen_shift_fraction=_spread(rng, 0.12, 0.1),
        field_alignment_factor=float(rng.choice((-1.0, 1.0)) * rng.uniform(0.75, 1.0)),
        shield_factor=float(rng.uniform(15.0, 30.0)),
        shield_limit_tesla=_spread(rng, 4.0e-3, 0.1),
    )


def _draw_amplifier(rng: np.random.Generator) -> AmplifierParameters:
    return AmplifierParameters(
        gain_db=_spread(rng, 72.0, 0.01),
        tilt_db=float(rng.uniform(-1.0, 1.0)),
        curvature_db=float(rng.uniform(-1.0, 0.0)),
        warm_loss_db=_spread(rng, 5.5, 0.08),
        warm_tilt_db=float(rng.uniform(-0.8, -0.3)),
        warm_exponent=_spread(rng, 1.15, 0.03),
        bias_tilt_db=float(rng.uniform(0.5, 1.5)),
        input_reflection_ratio=float(rng.uniform(0.12, 0.25)),
        output_reflection_ratio=float(rng.uniform(0.08, 0.15)),
        input_delay_s=float(rng.uniform(4e-11, 9e-11)),
    )
