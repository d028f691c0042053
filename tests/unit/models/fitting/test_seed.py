"""The seed against scikit-rf's own steps."""

import warnings

import numpy as np
import pytest
import skrf

from models.fitting.seed import seed


def _line(seed_number, noise=3e-3):
    rng = np.random.default_rng(seed_number)
    offset = np.linspace(-1.0, 1.0, 161)
    centre, width = rng.uniform(-0.4, 0.4), rng.uniform(0.05, 0.3)
    turned = 0.3 + np.exp(1j * seed_number) / (1 + 1j * (offset - centre) / width)
    white = rng.normal(size=(2, offset.size))
    return offset, turned + noise * (white[0] + 1j * white[1]), centre, width


@pytest.mark.parametrize("number", range(6))
def test_takes_the_steps_of_scikit_rf(number):
    offset, turned, centre, width = _line(number)
    guess, wide = centre + 0.4 * width, 1.6 * width
    middle_hz, half_span_hz = 5e9, 5e7
    near = np.flatnonzero(np.abs(offset - guess) <= 6.0 * wide)
    chosen = near[:: max(near.size // 41, 1)]
    guess_hz = middle_hz + half_span_hz * guess
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = skrf.qfactor.Qfactor(
            skrf.Network(
                f=middle_hz + half_span_hz * offset[chosen],
                s=turned[chosen],
                f_unit="Hz",
            ),
            "transmission",
            Q_L0=guess_hz / (2.0 * wide * half_span_hz),
            f_L0=guess_hz,
        ).fit("NLQFIT6", loop_plan="fwf")
    found, half_width = seed(offset, turned, guess, wide)
    found_hz = middle_hz + half_span_hz * found
    assert found_hz == pytest.approx(float(theirs.f_L), abs=1e-5 * half_span_hz * width)
    loaded_q = found_hz / (2.0 * half_width * half_span_hz)
    assert loaded_q == pytest.approx(float(theirs.Q_L), rel=1e-5)
    assert found == pytest.approx(centre, abs=0.1 * width)


def test_tells_when_it_does_not_settle():
    offset, turned, centre, width = _line(1)
    assert seed(offset, turned, centre, 0.001) is None  # too few points
    assert seed(offset, np.zeros_like(turned), centre, width) is None
    assert seed(offset, turned, centre, 40.0 * width) is None
    beyond = 1 / (1 + 1j * (offset - 1.3) / 0.3)
    assert seed(offset, beyond, 0.9, 0.3) is None
