import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.coordinates.signal import centred
from models.coordinates.smooth import (
    ORDER,
    detrended,
    learn_ripple,
    no_ripple,
    smooth_names,
    smooth_part,
    smooth_scatter,
)

COUNT = 256
TURNS = 3.0
PLACE = centred(COUNT) / (0.5 * (COUNT - 1))
REFERENCE = (0.3 + 0.1 * PLACE) * np.exp(1j * np.sin(20 * PLACE))[None]


RIPPLES = [no_ripple(COUNT), no_ripple(COUNT)]
RIPPLES[1][30:38] = 1e5


@st.composite
def masks(draw):
    kept = np.ones(COUNT, dtype=bool)
    for start in draw(st.lists(st.integers(5, COUNT - 20), max_size=4)):
        kept[start : start + 6] = False
    return kept


@given(
    level=st.floats(-3, 3),
    delay=st.floats(-25, 25),
    offset=st.floats(-3, 3),
    kept=masks(),
    ripple=st.sampled_from(RIPPLES),
)
def test_gain_phase_and_delay_move_nothing_else(level, delay, offset, kept, ripple):
    phase_rad = delay * TURNS + offset
    own = REFERENCE * np.exp(level + 1j * (phase_rad + delay * PLACE))
    part = smooth_part(own, REFERENCE, kept, TURNS, ripple)
    assert np.allclose(part.values[0, :3], [level, phase_rad, delay], atol=1e-7)
    assert np.allclose(part.values[0, 3:], 0.0, atol=1e-7)
    assert np.allclose(part.rest, 0.0, atol=1e-7)


@given(
    order=st.integers(1, ORDER),
    size=st.floats(-0.5, 0.5),
    angle=st.sampled_from([1.0, 1j]),
    kept=masks(),
    ripple=st.sampled_from(RIPPLES),
)
def test_each_legendre_order_is_a_coordinate(order, size, angle, kept, ripple):
    shape = np.polynomial.legendre.Legendre.basis(order)(PLACE)
    own = REFERENCE * np.exp(angle * size * shape)
    values = smooth_part(own, REFERENCE, kept, TURNS, ripple).values[0]
    name = f"{'level' if angle == 1.0 else 'phase'}_{order}"
    name = "delay" if name == "phase_1" else name
    expected = np.zeros(len(smooth_names()))
    expected[smooth_names().index(name)] = size
    # The phase at the middle goes with the delay by whole turns only.
    assert np.allclose(values, expected, atol=1e-7)


def _rippling(rng, delay):
    phase_rad = rng.uniform(-np.pi, np.pi, (200, 1))
    echo = np.exp(-2j * np.pi * delay * np.arange(COUNT) / COUNT + 1j * phase_rad)
    noise = rng.normal(size=(2, 200, COUNT))
    return REFERENCE * (1 + 0.05 * echo) * (1 + 1e-4 * (noise[0] + 1j * noise[1]))


@pytest.mark.parametrize("delay", [24.3, 31.8, 60.0])
def test_an_echo_whose_delay_was_learnt_stays_out_of_the_smooth_part(delay):
    rng = np.random.default_rng(3)
    kept = np.ones(COUNT, dtype=bool)
    kept[100:108] = False
    known = np.repeat(REFERENCE, 200, axis=0)
    ripple = learn_ripple(_rippling(rng, delay), known, kept)
    assert abs(int(ripple.argmax()) - delay) <= 1
    new = _rippling(rng, delay)
    plain, learnt = (
        smooth_part(new, known, kept, TURNS, each).values[:, 3:]
        for each in (no_ripple(COUNT), ripple)
    )
    assert np.std(plain) > 4e-4
    assert np.std(learnt) < 0.2 * np.std(plain)


@given(
    st.lists(st.floats(-2, 2), min_size=8, max_size=8),
    st.integers(0, 3),
)
def test_a_trend_leaves_nothing(coefficients, order):
    parts = np.array(coefficients).reshape(2, 4)[:, : order + 1]
    whole = np.polynomial.legendre.legval(PLACE, (parts[0] + 1j * parts[1]))
    assert np.allclose(detrended(whole[None], order), 0.0, atol=1e-9)


def test_scatter_is_that_of_smooth_parts_under_noise_and_ripple():
    rng = np.random.default_rng(5)
    kept = np.ones(COUNT, dtype=bool)
    kept[90:110] = False
    ripple = RIPPLES[1] / 1e3
    draws, noise = 4000, 1e-3
    # Ripple as its definition has it: power over the noise's, by delay, twice a step.
    delay = np.arange(29, 39, 0.5)
    density = np.interp(delay, np.arange(ripple.size), ripple) / (2 * COUNT)
    echo = np.exp(-2j * np.pi * centred(COUNT) * delay[:, None] / COUNT)
    size = np.sqrt(density / 2) * circular(rng, (draws, delay.size))
    whole = size @ echo + circular(rng, (draws, COUNT)) / np.sqrt(2)
    own = REFERENCE * np.exp(noise * whole)
    values = smooth_part(own, REFERENCE, kept, TURNS, ripple).values
    found = np.var(values, axis=0) / noise**2
    # Of circular noise half is in level, half in phase.
    expected = np.diag(smooth_scatter(kept, ripple)) / 2
    assert np.allclose(found, expected, rtol=0.15)
    likeness = np.corrcoef(values.T)[0, 4]
    scatter = smooth_scatter(kept, ripple)
    told = scatter[0, 4] / np.sqrt(scatter[0, 0] * scatter[4, 4])
    assert likeness == pytest.approx(told, abs=0.08)


def circular(rng, shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)
