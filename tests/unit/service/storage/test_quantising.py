"""Rounding to the noise loses what is below the noise and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.storage.codec import encode_traces
from service.storage.quantising import decode_quantised, encode_quantised, noise_sigma


def receiver(points: int, sigma: float, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    axis = np.linspace(4e9, 8e9, points)
    smooth = np.exp(1j * axis / 3e7) * (0.5 + 0.2 * np.cos(axis / 1e8))
    return {
        name: (
            smooth
            + sigma * (rng.standard_normal(points) + 1j * rng.standard_normal(points))
        ).astype(np.complex64)
        for name in ("S11", "S21")
    }


@given(st.integers(801, 3001), st.sampled_from([1e-2, 1e-3, 1e-4]), st.integers(0, 9))
def test_the_error_is_half_a_step_and_the_noise_is_what_was_put_in(points, sigma, seed):
    traces = receiver(points, sigma, seed)
    blob, noise = encode_quantised(traces)
    restored = decode_quantised(blob, sorted(traces), points)
    for name, trace in traces.items():
        assert noise[name] == pytest.approx(sigma, rel=0.15)
        error = restored[name] - trace
        worst = max(np.abs(error.real).max(), np.abs(error.imag).max())
        assert worst <= 0.5 * noise[name] * 1.001 + 1e-6 * np.abs(trace).max()
        rms = np.sqrt(np.mean(np.abs(error) ** 2) / 2)
        assert rms == pytest.approx(noise[name] / np.sqrt(12), rel=0.1)


def test_an_eighth_of_the_bytes_is_left():
    traces = receiver(1601, 1e-4, 1)
    raw = sum(trace.nbytes for trace in traces.values())
    blob, _ = encode_quantised(traces)
    assert len(blob) <= 0.12 * raw
    assert len(encode_traces(traces)[1]) < 0.9 * raw


def standing_waves(points: int, turns: tuple[float, ...], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    at = np.arange(points)
    waves = sum(np.exp(1j * (turn * at + 3.0 * turn)) for turn in turns)
    noise = rng.standard_normal(points) + 1j * rng.standard_normal(points)
    return (waves + 1e-3 * noise).astype(np.complex64)


@given(
    st.integers(1, 900),
    st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=5),
    st.sampled_from([1e-30, 1e-4, 1.0, 1e30]),
    st.integers(0, 99),
)
def test_any_standing_waves_come_back_to_half_a_step(points, turns, scale, seed):
    trace = (scale * standing_waves(points, tuple(turns), seed)).astype(np.complex64)
    encoded = encode_quantised({"S21": trace})
    if encoded is None:
        return
    blob, noise = encoded
    error = decode_quantised(blob, ["S21"], points)["S21"] - trace
    worst = max(np.abs(error.real).max(), np.abs(error.imag).max())
    assert worst <= 0.5 * noise["S21"] * 1.001 + 1e-6 * np.abs(trace).max()


def test_standing_waves_that_no_polynomial_foretells_take_little():
    trace = standing_waves(2001, (0.3, 1.3, 2.2, -0.9), 1)
    blob, _ = encode_quantised({"S21": trace})
    # By the polynomial alone it would be 4.6 bits a number.
    assert 8 * len(blob) / (2 * trace.size) < 2.8


@pytest.mark.parametrize("delay_s", [5e-9, 100e-9, 190e-9])
def test_long_lines_are_no_noise(delay_s):
    axis_hz = np.linspace(4e9, 8e9, 1601)
    rng = np.random.default_rng(4)
    noise = rng.standard_normal(1601) + 1j * rng.standard_normal(1601)
    ripple = 0.5 + 0.2 * np.cos(axis_hz / 1e8)
    turning = ripple * np.exp(-2j * np.pi * axis_hz * delay_s)
    trace = (turning + 1e-4 * noise).astype(np.complex64)
    assert noise_sigma(trace) == pytest.approx(1e-4, rel=0.15)


@pytest.mark.parametrize(
    "trace",
    [
        np.zeros(200, np.complex64),
        np.ones(200, np.complex64),
        np.ones(5, np.complex64),
    ],
)
def test_a_trace_without_noise_is_left_as_it_is(trace):
    assert noise_sigma(trace) == 0.0
    assert encode_quantised({"S21": trace}) is None


def test_a_lone_huge_value_is_not_rounded_away():
    traces = receiver(401, 1e-4, 2)
    traces["S21"][200] = 1e21
    assert encode_quantised(traces) is None


def test_a_blob_of_another_length_is_refused():
    traces = receiver(401, 1e-3, 3)
    blob, _ = encode_quantised(traces)
    with pytest.raises(ValueError, match="are due"):
        decode_quantised(blob, ["S11", "S21"], 402)
