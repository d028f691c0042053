"""Synthetic traces of one and two modes, their truth known."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from models.diagnosis import ResonanceKind


@dataclass(frozen=True)
class Truth:
    frequency_hz: np.ndarray
    trace: np.ndarray
    f0_hz: float
    loaded_q: float
    beta: float


def _standing_wave(rng, frequency_hz, ripple):
    period_hz = rng.uniform(30e6, 350e6)
    phase = rng.uniform(0, 2 * math.pi) - 2 * math.pi * frequency_hz / period_hz
    return 1 / (1 - ripple * np.exp(1j * phase))


def _make(
    kind,
    response=lambda y: 1 / (1 + 1j * y),
    *,
    seed=0,
    f0_hz=5.1e9,
    loaded_q=8000.0,
    beta=1.5,
    noise=1e-3,
    ripple=0.0,
    delay_s=0.0,
    points=201,
    linewidths=10.0,
    offset_linewidths=0.0,
    rotation=0.0,
):
    """A trace; response takes the distance from f0 in half linewidths."""
    rng = np.random.default_rng(seed)
    width_hz = f0_hz / loaded_q
    places = np.linspace(-0.5, 0.5, points) * linewidths + offset_linewidths
    frequency_hz = f0_hz + places * width_hz
    line = response(2 * (frequency_hz - f0_hz) / width_hz) * np.exp(1j * rotation)
    trace = {
        ResonanceKind.REFLECTION: 1 - 2 * beta / (1 + beta) * line,
        ResonanceKind.NOTCH: 1 - beta / (1 + beta) * line,
        ResonanceKind.TRANSMISSION: 0.02 * line + 2e-4 * np.exp(1j),
    }[kind]
    if ripple:
        trace = trace * _standing_wave(rng, frequency_hz, ripple)
    turn = rng.uniform(0, 6) - 2 * math.pi * delay_s * (frequency_hz - f0_hz)
    white = rng.normal(size=(2, points)) / math.sqrt(2)
    level = noise * np.abs(trace).max()
    trace = trace * np.exp(1j * turn) + level * (white[0] + 1j * white[1])
    return Truth(frequency_hz, trace, f0_hz, loaded_q, beta)


@pytest.fixture(scope="session")
def make_line():
    """The maker of traces of one mode."""
    return _make
