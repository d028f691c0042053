"""What a descent ends at is the least-squares line of every shape."""

import numpy as np
import pytest

from models.fitting.descent import SETTLED, descend
from models.fitting.lineshape import LineShape, angular_weights, basis, jacobian
from models.fitting.refine import line_of

OFFSET = np.linspace(-1.0, 1.0, 301)


def _trace(shape, noise):
    amplitudes = np.array([0.8, -0.5 + 0.2j, 0.05j - 0.1, 0.07])[: 2 + shape.degree]
    phase = 0.7 if shape.has_line else 0.0
    line = basis(shape, OFFSET, 0.13, 0.11, phase) @ amplitudes
    white = np.random.default_rng(3).normal(size=(2, OFFSET.size))
    return line + noise * (white[0] + 1j * white[1])


@pytest.mark.parametrize("shape", LineShape)
def test_no_coefficient_can_make_it_better(shape):
    """A full Gauss-Newton step, amplitudes included, from where it ends is nil."""
    trace, phase = _trace(shape, 2e-3), 0.7 if shape.has_line else 0.0
    weights = angular_weights(OFFSET, 0.13, 0.11)
    start = line_of(shape, 0.19, 0.17, phase + 0.2 * shape.fits_phase)
    line = descend(OFFSET, trace, start, weights, SETTLED)
    assert line.centre == pytest.approx(0.13, abs=2e-3)
    assert line.half_width == pytest.approx(0.11, rel=2e-2)
    root = np.tile(np.sqrt(weights), 2)
    columns = basis(shape, OFFSET, line.centre, line.half_width, line.phase_slope)
    left = trace - columns @ line.amplitudes
    slopes = jacobian(line, OFFSET) * root[:, None]
    step = np.linalg.lstsq(slopes, np.concatenate([left.real, left.imag]) * root)[0]
    sigma = 2e-3 * np.sqrt(np.diag(np.linalg.inv(slopes.T @ slopes)))
    assert np.abs(step / sigma).max() < 0.02


@pytest.mark.parametrize("shape", LineShape)
def test_finds_a_line_without_noise_to_rounding(shape):
    phase = 0.7 if shape.has_line else 0.0
    start = line_of(shape, 0.15, 0.13, phase)
    weights = angular_weights(OFFSET, 0.13, 0.11)
    line = descend(OFFSET, _trace(shape, 0.0), start, weights, SETTLED)
    assert line.centre == pytest.approx(0.13, abs=1e-8)
    assert line.half_width == pytest.approx(0.11, abs=1e-8)
