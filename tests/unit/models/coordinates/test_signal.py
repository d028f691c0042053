import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.coordinates.signal import (
    bin_traces,
    bridge_masked,
    centred,
    common_turns,
    complex_log,
    mean_step,
    refined_step,
)
from models.preprocessing.grid import bin_axis

COUNT = 200


@given(step_rad=st.floats(-3, 3))
def test_a_steady_phase_step_is_read(step_rad):
    signal = np.exp(1j * step_rad * centred(COUNT))[None]
    assert np.allclose(mean_step(signal), step_rad, atol=1e-9)
    assert np.allclose(refined_step(signal, np.zeros(1) + step_rad), step_rad)


@given(step_rad=st.floats(-1, 1), seed=st.integers(0, 2**31))
def test_longer_lags_refine_a_step(step_rad, seed):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(20, COUNT)) + 1j * rng.normal(size=(20, COUNT))
    signal = np.exp(1j * step_rad * centred(COUNT)) + 0.1 * noise
    rough = mean_step(signal)
    refined = refined_step(signal, rough)
    assert np.std(refined - step_rad) < np.std(rough - step_rad)


@given(
    slope=st.floats(-1.8, 1.8),
    level=st.floats(-5, 2),
    hole=st.integers(3, COUNT - 10),
)
def test_the_complex_logarithm_follows_a_line_over_a_hole(slope, level, hole):
    kept = np.ones(COUNT, dtype=bool)
    kept[hole : hole + 3] = False
    turned = level + 1j * 0.4 * slope * centred(COUNT)
    signal = np.exp(turned)
    signal[~kept] = 17.0
    found = complex_log(signal[None], kept)[0]
    assert np.allclose(found.real, level)
    assert np.allclose(np.diff(found.imag), 0.4 * slope)


def test_masked_bins_become_straight_lines():
    kept = np.array([True, False, False, True])
    signal = np.array([[0.0, 50.0, 70j, 3.0 + 3j]])
    expected = [[0.0, 1 + 1j, 2 + 2j, 3 + 3j]]
    assert np.allclose(bridge_masked(signal, kept), expected)


@given(points=st.sampled_from([401, 1601, 10_001]), delay_s=st.floats(1e-9, 80e-9))
def test_averages_lose_nothing_once_the_delay_is_off(points, delay_s):
    axis_hz = np.linspace(4e9, 8e9, points)
    trace = 0.3 * np.exp(-2j * np.pi * axis_hz * delay_s)[None]
    binning = bin_axis(axis_hz, (4e9, 8e9), 200)
    turns = common_turns(binning, axis_hz, np.array([delay_s]))
    binned = bin_traces(binning, trace, turns)
    assert np.allclose(np.abs(binned), 0.3)
    assert np.allclose(mean_step(binned), 0.0, atol=1e-6)
