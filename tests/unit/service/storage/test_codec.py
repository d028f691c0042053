"""Samples survive the blob bit for bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.storage.codec import (
    CODEC_VERSION,
    COMPLEX64_SHUFFLED_LZ4,
    check_codec,
    decode_axis,
    decode_traces,
    encode_axis,
    encode_traces,
)


@given(st.integers(1, 2003), st.integers(1, 5), st.integers(0, 99))
def test_traces_come_back_bit_for_bit(points, count, seed):
    rng = np.random.default_rng(seed)
    traces = {
        f"S{number + 1}1": (
            rng.standard_normal(points) + 1j * rng.standard_normal(points)
        ).astype(np.complex64)
        for number in range(min(count, 4))
    }
    names, blob = encode_traces(traces)
    restored = decode_traces(blob, names, points)
    assert restored.keys() == traces.keys()
    for name, trace in traces.items():
        assert restored[name].tobytes() == trace.tobytes()


@given(st.integers(1, 4000), st.floats(1.0, 1e10), st.floats(1e-3, 1e7))
def test_axes_come_back_bit_for_bit(points, start_hz, step_hz):
    axis = start_hz + step_hz * np.arange(points)
    assert decode_axis(encode_axis(axis), points).tobytes() == axis.tobytes()


def test_noisy_traces_shrink_and_a_linear_axis_shrinks_a_lot():
    rng = np.random.default_rng(0)
    axis = np.linspace(4e9, 8e9, 1601)
    noise = rng.standard_normal(1601) + 1j * rng.standard_normal(1601)
    trace = (np.exp(1j * axis / 3e7) + 1e-4 * noise).astype(np.complex64)
    _, blob = encode_traces({"S21": trace})
    assert len(blob) < 0.9 * trace.nbytes
    assert len(encode_axis(axis)) < 0.3 * axis.nbytes


def test_a_blob_of_another_length_is_refused():
    names, blob = encode_traces({"S21": np.ones(10, np.complex64)})
    with pytest.raises(ValueError, match="are due"):
        decode_traces(blob, names, 11)


def test_another_codec_is_refused():
    check_codec(COMPLEX64_SHUFFLED_LZ4, CODEC_VERSION, COMPLEX64_SHUFFLED_LZ4)
    with pytest.raises(ValueError, match="upgrade halowatch"):
        check_codec(9, CODEC_VERSION, COMPLEX64_SHUFFLED_LZ4)
