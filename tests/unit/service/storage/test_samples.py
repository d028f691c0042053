"""Samples come back bit for bit by every codec, those of former editions included."""

import base64
import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from service.storage.codec import CODEC_VERSION, COMPLEX64_SHUFFLED_LZ4, encode_traces
from service.storage.former_quantising import (
    QUANTISED_DELTA_ZSTD,
    QUANTISED_FITTED_RICE,
    QUANTISED_INTERPOLATED_ZSTD,
)
from service.storage.interpolating import INTERPOLATED_ZSTD
from service.storage.samples import ORIGINALS, decode_samples, encode_samples

DIFFERENCED = (
    "AAF47R6c8irmPwUBlQFQAAAAUAAAAEwAAAAAAAAAAAIFAAAAAAAAAAAAJAAA"
    "ACQAAAAotS/9IFDdAACokpKWtKRSaq21UiQlKUlJKIUQQggAAQAhASY="
)
"""By codec 3, of :func:`whole_numbers`, as an edition wrote it that still did."""

INTERPOLATED = (
    "yrR2p3ar4z8UwAhCfPnvP3lh+G85aqQ/BQGVBEABAABAAQAAVwAAAAAAAAAAAgUAAAAAAAAAAAAk"
    "AAAALwAAACi1L/1gQAAtAQDwAHihBhg6kYkxRlBC2gAjJrBxCDEkAQQoAEAEAoQAAQB+qMAJ"
)
"""By codec 5, of the same, likewise."""

FITTED = (
    "C4/vycTt0T8+ePAlGVnmP66o6lRE5+Y/MIxAqD02U7K+JQmgPSqW4T3rb9S9w9KPPKwzP74GjhG+"
    "utY6PhZpCr8Ec3Q/0QOdv0RSdr5N0Wm/A1thPw3Msr8DAAAAeAAAAB63uhqEe9fjKTFPR7VKMuYo"
    "m/Ff7TkyTJy1VJRBGEJSfpUJR39/+byn/+//gAIACCYX/d/5/cz///QCAAgAUII+ruoz0JaaX0Ia"
    "5ikCVIciSvL0gQdKSlQ16J1mpqmsoEILbtTy1m9u1XV9GZNYVZSiE5UJ0utvVltU8rlBWkXLjg6m"
    "h1fHZ1ojg8Z1J4mSwU4TlhWZpSoUF5xHCz/FTPIrp4hy0Io1ehAACLoAAAXJCJ2QU0gtQlFGMISm"
    "OA=="
)
"""By codec 6, of four standing waves at 240 points, with weights at two levels."""


def decoded(codec: int, blob: bytes, names, points: int) -> dict[str, np.ndarray]:
    return decode_samples(codec, CODEC_VERSION, blob, names, points)


def assert_same_bits(traces: dict[str, np.ndarray]) -> tuple[int, float]:
    names, codec, blob = encode_samples(traces, is_hurried=False)
    points = next(iter(traces.values())).size
    restored = decoded(codec, blob, names, points)
    assert restored.keys() == traces.keys()
    for name, trace in traces.items():
        assert restored[name].tobytes() == trace.tobytes()
    raw = sum(trace.nbytes for trace in traces.values())
    return blob[0], len(blob) / raw


floats = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.data(), st.integers(1, 300), st.integers(1, 4))
def test_any_numbers_come_back_bit_for_bit(data, points, count):
    parts = data.draw(hnp.arrays(np.float32, (count, points, 2), elements=floats))
    table = parts.view(np.complex64)[..., 0]
    assert_same_bits({f"S{at + 1}1": trace for at, trace in enumerate(table)})


@given(
    st.integers(1, 3000), st.integers(3, 9), st.floats(1e-3, 0.9), st.integers(0, 99)
)
def test_decimals_come_back_bit_for_bit(points, digits, scale, seed):
    rng = np.random.default_rng(seed)
    values = np.round(scale * rng.standard_normal((2, points)), digits)
    assert_same_bits({"S21": (values[0] + 1j * values[1]).astype(np.complex64)})


def receiver(points: int, delay_s: float) -> np.ndarray:
    rng = np.random.default_rng(5)
    axis_hz = np.linspace(4e9, 8e9, points)
    noise = rng.standard_normal(points) + 1j * rng.standard_normal(points)
    ripple = 0.5 + 0.2 * np.cos(axis_hz / 1e8)
    return np.exp(-2j * np.pi * axis_hz * delay_s) * ripple + 1e-4 * noise


# Noise about zero has many more bits than noise on top of something: at 0 and 50 ns a
# part of the numbers is there.
@pytest.mark.parametrize(
    ("delay_s", "most"), [(0.0, 0.75), (5e-9, 0.6), (50e-9, 0.65), (190e-9, 0.6)]
)
def test_a_sweep_takes_its_noise_however_long_the_lines(delay_s, most):
    trace = receiver(1601, delay_s).astype(np.complex64)
    digits, ratio = assert_same_bits({"S21": trace})
    assert digits == 0
    assert ratio < most
    assert len(encode_traces({"S21": trace})[1]) > 0.75 * trace.nbytes


def test_a_sweep_that_was_text_takes_less():
    values = receiver(1601, 5e-9)
    rounded = np.round(values.real, 6) + 1j * np.round(values.imag, 6)
    digits, ratio = assert_same_bits({"S21": rounded.astype(np.complex64)})
    assert digits == 6
    assert ratio < 0.36


def test_in_a_hurry_the_quick_codec_is_taken():
    traces = {"S21": receiver(201, 5e-9).astype(np.complex64)}
    names, codec, blob = encode_samples(traces, is_hurried=True)
    assert codec == COMPLEX64_SHUFFLED_LZ4
    restored = decoded(codec, blob, names, 201)
    assert restored["S21"].tobytes() == traces["S21"].tobytes()


def whole_numbers() -> np.ndarray:
    at = np.arange(40)
    return ((at * 37 % 101) / 64 + 1j * (at * 53 % 89) / 64).astype(np.complex64)


def test_what_a_former_edition_rounded_is_still_read():
    blob = base64.b64decode(DIFFERENCED)
    restored = decoded(QUANTISED_DELTA_ZSTD, blob, ["S21"], 40)["S21"]
    error = restored - whole_numbers()
    step = np.frombuffer(blob, "<f8", 1, 2)[0]
    assert 0.0 < max(np.abs(error.real).max(), np.abs(error.imag).max()) <= 0.51 * step


@pytest.mark.parametrize(
    ("codec", "written", "points", "bits"),
    [
        (
            QUANTISED_INTERPOLATED_ZSTD,
            INTERPOLATED,
            40,
            "2b7f4aaad20ba6cf442328806de984af",
        ),
        (QUANTISED_FITTED_RICE, FITTED, 240, "032036f78d7e319c7cf7e4f11a225ab1"),
    ],
)
def test_every_machine_reads_the_same_bits(codec, written, points, bits):
    restored = decoded(codec, base64.b64decode(written), ["S21"], points)["S21"]
    assert hashlib.sha256(restored.tobytes()).hexdigest().startswith(bits)


@pytest.mark.parametrize("codec", sorted(ORIGINALS))
def test_a_blob_of_another_length_is_refused(codec):
    hurried = codec != INTERPOLATED_ZSTD
    names, written, blob = encode_samples(
        {"S21": np.ones(10, "c8")}, is_hurried=hurried
    )
    assert written == codec
    with pytest.raises(ValueError, match="are due"):
        decoded(codec, blob, names, 11)


@pytest.mark.parametrize("known", [(9, CODEC_VERSION), (1, CODEC_VERSION + 1)])
def test_a_codec_of_a_later_edition_is_refused(known):
    with pytest.raises(ValueError, match="upgrade halowatch"):
        decode_samples(*known, b"", ["S21"], 1)
