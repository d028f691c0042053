"""Rounding to the noise loses what is below the noise and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.storage.codec import encode_traces
from service.storage.noise_floor import noise_sigma
from service.storage.quantising import (
    QUANTISED_ALONE,
    QUANTISED_LEANING,
    Neighbour,
    decode_alone,
    decode_leaning,
    encode_quantised,
    leans_on,
    read_floors,
    stand_alone,
)


def rounded(traces: dict[str, np.ndarray]) -> tuple[bytes, dict[str, float]]:
    found = encode_quantised(traces)
    assert found is not None
    assert found.codec == QUANTISED_ALONE
    return found.blob, dict(found.noise)


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
    blob, noise = rounded(traces)
    restored = decode_alone(blob, sorted(traces), points)
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
    blob, _ = rounded(traces)
    assert len(blob) <= 0.12 * raw
    assert len(encode_traces(traces)[1]) < 0.9 * raw


def assert_half_a_step(error: np.ndarray, blob: bytes, trace: np.ndarray) -> None:
    (floor,), _ = read_floors(blob, 1, trace.size)
    worst = np.maximum(np.abs(error.real), np.abs(error.imag))
    most = 0.5 * floor.along(trace.size) * 1.001 + 1e-6 * np.abs(trace).max()
    assert np.all(worst <= most)


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
    error = decode_alone(encoded.blob, ["S21"], points)["S21"] - trace
    assert_half_a_step(error, encoded.blob, trace)
    (floor,), _ = read_floors(encoded.blob, 1, points)
    assert floor.sigma <= noise_sigma(trace)


def test_standing_waves_that_no_polynomial_foretells_take_little():
    trace = standing_waves(2001, (0.3, 1.3, 2.2, -0.9), 1)
    blob, _ = rounded({"S21": trace})
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
    blob, _ = rounded(traces)
    with pytest.raises(ValueError, match="are due"):
        decode_alone(blob, ["S11", "S21"], 402)


BASIS = "0199a2b4-1c00-7000-8000-00000000002a"


def echoes(points: int, seed: int) -> np.ndarray:
    """Make what no neighbours foretell: as many echoes as the axis can hold."""
    rng = np.random.default_rng(seed)
    echo = rng.standard_normal(points) + 1j * rng.standard_normal(points)
    return np.fft.fft(echo * np.exp(-np.linspace(0.0, 5.0, points)) / 20.0)


def noisy(clean: np.ndarray, seed: int, sigma: float = 1e-3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(clean.size) + 1j * rng.standard_normal(clean.size)
    return {"S21": (clean + sigma * noise).astype(np.complex64)}


def restored_basis(clean: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    found = encode_quantised(noisy(clean, seed), Neighbour(noisy(clean, seed + 1)))
    return decode_alone(found.blob, ["S21"], clean.size)


@settings(max_examples=30)
@given(st.integers(30, 900), st.integers(0, 99))
def test_behind_a_sweep_of_the_same_state_little_more_than_noise_is_left(points, seed):
    clean = echoes(points, seed)
    basis, traces = restored_basis(clean, seed), noisy(clean, seed + 7)
    found = encode_quantised(traces, Neighbour(basis, BASIS))
    assert found.codec == QUANTISED_LEANING
    assert leans_on(found.blob) == BASIS
    restored = decode_leaning(found.blob, ["S21"], points, basis)["S21"]
    assert_half_a_step(restored - traces["S21"], found.blob[16:], traces["S21"])
    lone = encode_quantised(traces)
    if points > 300:
        assert found.noise["S21"] == pytest.approx(1e-3, rel=0.2)
        # Alone, its echoes are its noise.
        assert lone.noise["S21"] > 5e-3
        assert 8 * len(found.blob) / (2 * points) < 3.4 + 200 / points
    alone = stand_alone(found.blob, ["S21"], points, basis)
    again = decode_alone(alone, ["S21"], points)["S21"]
    assert again.tobytes() == restored.tobytes()


def test_a_sweep_of_another_state_is_not_leant_on():
    basis = restored_basis(echoes(801, 1), 1)
    found = encode_quantised(noisy(echoes(801, 2), 3), Neighbour(basis, BASIS))
    assert found.codec == QUANTISED_ALONE


def test_a_blob_behind_another_of_another_length_is_refused():
    clean = echoes(401, 5)
    basis = restored_basis(clean, 5)
    blob = encode_quantised(noisy(clean, 9), Neighbour(basis, BASIS)).blob
    longer = {"S21": np.zeros(402, np.complex64)}
    with pytest.raises(ValueError, match="are due"):
        decode_leaning(blob, ["S21"], 402, longer)
    with pytest.raises(ValueError, match=r"buffer|ends before"):
        decode_leaning(blob[:30], ["S21"], 401, basis)


@settings(max_examples=30)
@given(st.integers(700, 3001), st.floats(1e-5, 1e-4), st.floats(0.0, 3e-4))
def test_noise_that_follows_the_signal_is_rounded_by_what_it_is_there(points, a, b):
    axis = np.linspace(0.0, 1.0, points)
    falling = 10.0 ** (-2.0 * axis) * np.exp(2j * np.pi * 60.0 * axis)
    sigma = np.hypot(a, b * np.abs(falling))
    traces, other = (noisy(falling, seed, sigma) for seed in (points, points + 1))
    found = encode_quantised(traces, Neighbour(other))
    error = decode_alone(found.blob, ["S21"], points)["S21"] - traces["S21"]
    added, width = np.abs(error) / sigma / np.sqrt(2.0), 96
    for start in range(0, points - width + 1, width):
        around = added[start : start + width]
        # A third above 1 / sqrt(12): the noise itself is known to 6 % from so few.
        assert np.sqrt(np.mean(around**2)) < 0.385
    assert np.sqrt(np.mean(added**2)) < 0.31


def test_the_same_sweep_twice_tells_nothing_of_its_noise():
    traces = receiver(801, 1e-3, 4)
    found = encode_quantised(traces, Neighbour(traces))
    assert found.noise["S21"] == pytest.approx(1e-3, rel=0.15)
