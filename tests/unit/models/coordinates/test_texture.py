from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.coordinates.texture import BAND_COUNT, delay_edges, texture

COUNT = 400
KEPT = np.ones(COUNT, dtype=bool)


def remainder(seed, size=1e-3):
    rng = np.random.default_rng(seed)
    return size * (rng.normal(size=(50, COUNT)) + 1j * rng.normal(size=(50, COUNT)))


@given(delay=st.integers(10, 150), phase_rad=st.floats(-3, 3))
def test_a_reflection_raises_its_band_whatever_its_phase(delay, phase_rad):
    rest = remainder(1)
    turn = np.exp(1j * (phase_rad - 2 * np.pi * delay * np.arange(COUNT) / COUNT))
    rise = np.median(texture(rest + 0.05 * turn, KEPT) - texture(rest, KEPT), axis=0)
    band = np.searchsorted(delay_edges(COUNT), delay, side="right") - 1
    assert rise[band] > 2
    # The edge of a band may cut the window's lobe in two.
    assert abs(rise.argmax() - band) <= 1
    assert abs(rise[-1]) < 0.1


@given(factor=st.floats(1.5, 30))
def test_noise_raises_all_bands_alike(factor):
    rise = texture(factor * remainder(2), KEPT) - texture(remainder(2), KEPT)
    assert np.allclose(rise, 2 * np.log(factor), atol=1e-3)


def test_an_absurd_remainder_stays_finite():
    rest = np.full((1, COUNT), 1e200 + 1e200j)
    assert np.isfinite(texture(rest, KEPT)).all()
    assert np.isfinite(texture(0 * rest, KEPT)).all()


@given(st.integers(30, 4096))
def test_bands_rise_and_none_is_empty(count):
    edges = delay_edges(count)
    assert len(edges) == BAND_COUNT + 1
    assert all(low < high for low, high in pairwise(edges))
