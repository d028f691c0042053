"""Whole numbers come back, take few bits, and broken blobs are refused."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from service.storage.golomb_rice import BLOCK, decode_integers, encode_integers

whole = st.integers(-(2**31), 2**31 - 1)


@given(hnp.arrays(np.int32, st.integers(0, 5 * BLOCK), elements=whole))
def test_any_numbers_come_back_in_at_most_three_more_bits_each(numbers):
    blob = encode_integers(numbers)
    restored = decode_integers(blob, numbers.size)
    assert restored.dtype == np.int32
    assert restored.tobytes() == numbers.tobytes()
    # Thirty-one low bits, a one, and a zero where the sign takes the last.
    assert len(blob) <= 35 * numbers.size / 8 + 24


@given(st.floats(0.3, 1e6), st.integers(0, 9))
def test_noise_takes_what_its_size_asks_for(sigma, seed):
    noise = sigma * np.random.default_rng(seed).standard_normal(4096)
    blob = encode_integers(np.rint(noise).astype(np.int32))
    least_bits = np.log2(sigma * np.sqrt(2 * np.pi * np.e))
    assert len(blob) * 8 / 4096 < max(least_bits, 1.0) + 0.4


def test_each_block_takes_what_it_needs():
    numbers = np.ones(100 * BLOCK, np.int32)
    few = len(encode_integers(numbers))
    numbers[7] = -(2**31)
    assert len(encode_integers(numbers)) < few + 5 * BLOCK


@given(st.data(), st.integers(0, 200))
def test_a_broken_blob_is_refused_or_gives_as_many_numbers(data, count):
    numbers = np.arange(count, dtype=np.int32) * 37 % 1001
    blob = bytearray(encode_integers(numbers))
    at = data.draw(st.integers(0, len(blob) - 1))
    blob[at] ^= data.draw(st.integers(1, 255))
    del blob[data.draw(st.integers(0, 2 * len(blob))) :]
    with contextlib.suppress(ValueError):
        assert decode_integers(bytes(blob), count).size == count


@pytest.mark.parametrize("change", [-1, 1, BLOCK])
def test_another_count_is_refused(change):
    blob = encode_integers(np.arange(100, dtype=np.int32))
    with pytest.raises(ValueError, match="stored blob"):
        decode_integers(blob, 100 + change)
