import math

import numpy as np
import pytest

from models.diagnosis import ResonanceKind, ResonanceState
from models.fitting import fit_resonance

F0_HZ, HALF_SPAN_HZ, HALF_WIDTH = 8e9, 5e6, 0.09


def _behind_a_standing_wave(seed, noise, points=601):
    """A shallow notch, its surroundings as steep and bent as it is deep."""
    rng = np.random.default_rng(seed)
    x = np.linspace(-1, 1, points)
    line = 0.3 * np.exp(0.5j) / (1 + 1j * (x - 0.15) / HALF_WIDTH)
    wave = 0.3 * np.exp(1j * (rng.uniform(0, 2 * math.pi) + 2 * math.pi * x / 3.5))
    white = noise * rng.normal(size=(2, points))
    trace = np.exp(-1.2j * x) * (1 + wave) * (1 - line) + white[0] + 1j * white[1]
    return F0_HZ + HALF_SPAN_HZ * x, trace


@pytest.mark.parametrize("seed", [4, 5])
@pytest.mark.parametrize("noise", [2e-3, 5e-3])
def test_a_line_is_told_from_what_surrounds_it(seed, noise):
    fit = fit_resonance(*_behind_a_standing_wave(seed, noise), name="S21")
    assert fit.state is ResonanceState.OK, fit.reason
    assert fit.kind is ResonanceKind.NOTCH
    width_hz = 2.0 * HALF_WIDTH * HALF_SPAN_HZ
    assert fit.loaded_q == pytest.approx(F0_HZ / width_hz, rel=0.08)
    error_hz = fit.resonant_frequency_hz - (F0_HZ + 0.15 * HALF_SPAN_HZ)
    assert abs(error_hz) < 0.04 * width_hz
