"""A long body says the same, whoever reads it."""

from dataclasses import replace

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.measurement import MeasurementError
from instruments.measurement.bodies import unpack_body
from instruments.measurement.long_bodies import UNPACKING, lay_out, unpack_long
from instruments.measurement.message import decode_sweep, encode_sweeps

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=40)
    | st.binary(max_size=40)
)
ARRAYS = st.sampled_from([4095, 4096, 70_000]).map(bytes)
VALUES = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=40), inner, max_size=20)
    ),
    max_leaves=12,
)
MESSAGES = st.dictionaries(
    st.text(max_size=40) | st.binary(max_size=4), VALUES, max_size=8
)


@pytest.fixture
def make_long_sweep(sweep):
    def make(dtype=np.complex64):
        rng = np.random.default_rng(3)
        noise = rng.standard_normal((2, 10_000)) + 1j * rng.standard_normal((2, 10_000))
        s21, s11 = noise.astype(dtype)
        return replace(
            sweep,
            frequency_hz=np.linspace(4e9, 8e9, 10_000),
            traces={"S21": s21, "S11": s11},
        )

    return make


def as_bytes(value):
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, dict):
        return {key: as_bytes(one) for key, one in value.items()}
    return value


def assert_read_alike(body: bytes) -> None:
    found = unpack_long(body)
    if found is not None:
        assert as_bytes(found) == msgpack.unpackb(body, **UNPACKING)


@given(MESSAGES)
def test_what_is_read_here_is_what_msgpack_reads(message):
    assert_read_alike(msgpack.packb(message))


@given(
    MESSAGES,
    st.integers(0, 2**16),
    st.sampled_from(
        [b"", b"\x80", b"\xc1", b"\xde\x00\x01", b"\xc6\x00\x00\x10\x00", b"\xdc"]
    )
    | st.binary(max_size=6),
    st.booleans(),
)
def test_nothing_damaged_is_read_otherwise_than_by_msgpack(message, at, new, replaces):
    body = msgpack.packb(message)
    at %= len(body) + 1
    assert_read_alike(body[:at] + new + body[at + (len(new) if replaces else 0) :])
    assert_read_alike(body[:at])


@pytest.mark.parametrize(
    "body",
    [
        b"\x82\xa1a\x01\xa1a\x02",
        b"\x81\x01\x02",
        b"\x81\xa1\xff\x01",
        b"\x81\xa1a" + b"\x91" * 1100 + b"\x01",
        b"\x81\xa1a\xc7\x01\x05x",
        b"\x80\x80",
        b"\xdf\x00\x00\x00\x00",
        b"\xde\xff\xff",
        b"",
    ],
)
def test_the_unusual_is_left_to_msgpack(body):
    assert unpack_long(body) is None


def test_a_long_sweep_is_read_from_views(make_long_sweep):
    sweep = make_long_sweep()
    body = encode_sweeps([sweep])
    lying = np.frombuffer(b"\0" + body, np.uint8)[1:].copy().data
    (message,) = unpack_body(lying)
    assert isinstance(message["frequency_hz"], memoryview)
    assert all(isinstance(view, memoryview) for view in message["traces"].values())
    read = decode_sweep(message)
    assert read == sweep
    assert list(read.traces) == list(sweep.traces)
    assert read.content_hash() == sweep.content_hash()
    assert decode_sweep(unpack_body(body)[0]) == sweep


def test_traces_of_double_precision_keep_it(make_long_sweep):
    sweep = make_long_sweep(np.complex128)
    (message,) = unpack_body(memoryview(encode_sweeps([sweep])))
    assert decode_sweep(message) == sweep


def test_a_trace_of_another_length_is_named(make_long_sweep):
    (message,) = unpack_body(memoryview(encode_sweeps([make_long_sweep()])))
    message["traces"]["S11"] = message["traces"]["S11"][:-8]
    with pytest.raises(MeasurementError, match=r"traces\.S11: has 79992 bytes"):
        decode_sweep(message)


@given(
    st.dictionaries(st.text(max_size=4), st.integers(0, 255), min_size=1, max_size=5),
    st.integers(1, 40),
)
def test_rows_lie_in_the_order_of_names(fill, point_count):
    views = {
        name: memoryview(bytes([byte]) * 8 * point_count) for name, byte in fill.items()
    }
    rows = lay_out(views, point_count)
    assert rows is not None
    table = next(iter(rows.values())).base
    assert table.tobytes() == b"".join(bytes(views[name]) for name in sorted(views))
    assert list(rows) == list(views)
    assert {name: row.tobytes() for name, row in rows.items()} == {
        name: bytes(view) for name, view in views.items()
    }


def test_what_is_no_view_of_that_length_is_not_laid_out():
    assert lay_out({}, 1) is None
    assert lay_out({"S21": bytes(8)}, 1) is None
    assert lay_out({"S21": memoryview(bytes(8)), "S11": [1.0]}, 1) is None
    assert lay_out({"S21": memoryview(bytes(8))}, 2) is None
