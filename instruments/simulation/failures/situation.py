"""One receiver in its surroundings: what a failure changes, and what one then sees."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from instruments.measurement import FrequencyAxis
from instruments.simulation.failures.kerr import pulled_ratio
from instruments.simulation.physics.chain import (
    CHAIN_TRACES,
    OperatingPoint,
    ReceiverHardware,
    SweepSettings,
    chain_noise_sigma,
    chain_response,
)

ComplexTrace = npt.NDArray[np.complex128]
Traces = Mapping[str, ComplexTrace]

SECONDS_PER_POINT_FACTOR = 1.3
"""Time of a point over one over the IF bandwidth."""


class Distortion(Protocol):
    """What spoils a sweep after it was measured."""

    def __call__(self, traces: Traces, rng: np.random.Generator) -> Traces:
        """Return the spoiled traces."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Vibration:
    """How the modes move while the VNA sweeps.

    Attributes
    ----------
    amplitude_ratio
        Relative amplitude of the swing of f0.
    frequency_hz
        Frequency of the swing in Hz; 1.4 Hz is the pulse tube's.
    drift_per_s_ratio
        Relative drift of f0 per second.
    """

    amplitude_ratio: float = 2e-8
    frequency_hz: float = 1.4
    drift_per_s_ratio: float = 0.0

    def shift_ratio(self, time_s: FrequencyAxis, phase_rad: float) -> FrequencyAxis:
        """Return the relative shift of f0 at times in s since the sweep began."""
        swing = np.sin(2.0 * math.pi * self.frequency_hz * time_s + phase_rad)
        return np.asarray(
            self.amplitude_ratio * swing + self.drift_per_s_ratio * time_s
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A receiver, its state, and what else has a part in its sweeps.

    Attributes
    ----------
    hardware, point
        The receiver as it is built, and its state.
    vibration
        How the modes move within a sweep.
    neighbour
        Another cavity of the array, for failures between two.
    cross_talk_ratio
        Amplitude of the neighbour's traces that leaks into this one's.
    kerr_ratio
        Relative pull of f0 by the signal on resonance at 0 dBm; 0 for copper.
    distortions
        What spoils the sweep afterwards, in order.
    """

    hardware: ReceiverHardware
    point: OperatingPoint = field(default_factory=OperatingPoint)
    vibration: Vibration = field(default_factory=Vibration)
    neighbour: "Situation | None" = None
    cross_talk_ratio: float = 0.0
    kerr_ratio: float = 0.0
    distortions: tuple[Distortion, ...] = ()

    def at(self, **changes: Any) -> "Situation":
        """Return the same with some fields of the operating point replaced."""
        return replace(self, point=replace(self.point, **changes))


def respond(
    situation: Situation,
    frequency_hz: FrequencyAxis,
    s_parameters: Sequence[str] = CHAIN_TRACES,
) -> dict[str, ComplexTrace]:
    """Return the noiseless traces, cross-talk included, modes at rest."""
    traces = chain_response(
        frequency_hz, situation.hardware, situation.point, s_parameters
    )
    if situation.neighbour is None or situation.cross_talk_ratio == 0.0:
        return traces
    other = respond(
        replace(situation.neighbour, neighbour=None), frequency_hz, s_parameters
    )
    return {
        name: trace + situation.cross_talk_ratio * other[name]
        for name, trace in traces.items()
    }


def observe(
    situation: Situation,
    frequency_hz: FrequencyAxis,
    rng: np.random.Generator,
    *,
    settings: SweepSettings,
    s_parameters: Sequence[str] = CHAIN_TRACES,
    is_falling: bool = False,
) -> dict[str, ComplexTrace]:
    """Return one sweep as measured: moving modes, noise, and what spoils it.

    Parameters
    ----------
    frequency_hz
        Axis in Hz, shape (point,).
    is_falling
        Whether the VNA sweeps from the highest frequency down.
    """
    step_s = SECONDS_PER_POINT_FACTOR / settings.if_bandwidth_hz
    time_s = np.arange(frequency_hz.size, dtype=np.float64) * step_s
    if is_falling:
        time_s = time_s[::-1]
    moving = situation.vibration.shift_ratio(time_s, rng.uniform(0.0, 2.0 * math.pi))
    if situation.kerr_ratio != 0.0:
        moving = moving + pulled_ratio(
            frequency_hz,
            situation.hardware,
            situation.point,
            situation.kerr_ratio,
            is_falling=is_falling,
        )
    still = np.asarray(situation.point.frequency_shift_ratio, dtype=np.float64)
    moved = situation.at(frequency_shift_ratio=still + moving[None, :])
    traces = {
        name: trace[0]
        for name, trace in respond(moved, frequency_hz, s_parameters).items()
    }
    sigmas = chain_noise_sigma(
        frequency_hz, situation.hardware, situation.point, traces, settings
    )
    noisy: Traces = {
        name: trace + sigmas[name] * _complex_normal(rng, trace.size)
        for name, trace in traces.items()
    }
    for spoil in situation.distortions:
        noisy = spoil(noisy, rng)
    return dict(noisy)


def _complex_normal(rng: np.random.Generator, count: int) -> ComplexTrace:
    quadratures = rng.standard_normal((2, count))
    return np.asarray(quadratures[0] + 1j * quadratures[1])
