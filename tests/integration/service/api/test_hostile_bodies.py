"""Bodies that nobody sane sends: answered, never with 5xx, in bounded memory.

The long form is ``--hypothesis-profile=hostile``: 100,000 bodies.
"""

import io
import json
import struct

import msgpack
import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments.measurement.message import MSGPACK_MEDIA_TYPE, encode_sweeps

# The rim is the same on both databases.
pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.timeout(5400),
]

MOST_GROWTH_BYTES = 300 * 1024 * 1024
ANSWERS = {201, 400, 409, 413, 415, 422}

KEYS = [
    *("schema", "cavity", "measured_at", "purpose", "frequency_hz", "traces", "flags"),
    *("frequency_start_hz", "frequency_stop_hz", "point_count", "is_reference"),
    *("thermal_cycle", "run", "step", "settings", "instrument", "route", "conditions"),
    *("idempotency_key", "S21", "S11", "real", "imag", "temperature_k"),
]
NUMBERS = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0, -1, 2**31, 2**53 + 1, 1e308, 5e-324, -0.0, 200_001, 200_002]),
)
FLOATS = st.lists(st.floats(width=64), max_size=12).map(
    lambda values: struct.pack(f"<{len(values)}d", *values)
)
SCALARS = st.one_of(
    st.none(), st.booleans(), NUMBERS, st.text(max_size=30), st.binary(max_size=80),
    FLOATS, st.sampled_from(["bench", "cavity-1", "wide", "2026-01-31T03:00:00Z"]),
    st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "\x00"]),
)  # fmt: skip
NAMES = st.one_of(st.sampled_from(KEYS), st.text(max_size=20))


def nested(scalars: st.SearchStrategy) -> st.SearchStrategy:
    return st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6)
        ),
        max_leaves=12,
    )


@st.composite
def altered_messages(draw) -> dict:
    """A good sweep message in which some values became anything."""
    axis = np.linspace(4e9, 8e9, 11)
    message = {
        "schema": 1,
        "cavity": "cavity-1",
        "measured_at": "2026-01-31T03:00:00Z",
        "purpose": "wide",
        "frequency_hz": axis.astype("<f8").tobytes(),
        "traces": {"S21": np.ones(11, "<c8").tobytes()},
    }
    changes = draw(st.dictionaries(NAMES, nested(SCALARS), min_size=1, max_size=3))
    return {**message, **changes}


def pack(value: object) -> bytes:
    return msgpack.packb(value, use_bin_type=True)


def good_body() -> bytes:
    from datetime import UTC, datetime

    from instruments.measurement import Sweep, SweepPurpose

    sweep = Sweep(
        cavity="cavity-1",
        measured_at=datetime(2026, 1, 31, 3, tzinfo=UTC),
        purpose=SweepPurpose.WIDE,
        frequency_hz=np.linspace(4e9, 8e9, 11),
        traces={"S21": np.ones(11, dtype=np.complex64)},
    )
    return encode_sweeps([sweep, sweep])


GOOD = good_body()
EVIL = [
    b"", b"\x91" * 5000, b"\x81\xa1a" * 3000, b"\xdd\xff\xff\xff\xff", b"\xc1",
    b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xc9\xff\xff\xff\xff\x01",
    b"[" * 5000, b'{"a":' * 3000, b"\xff\xfe", b"1e999999", b"\x80", b"\x90",
]  # fmt: skip


@st.composite
def torn(draw, whole: bytes) -> bytes:
    """A good body with bytes changed, cut out, put in, or cut off."""
    body = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(body) - 1, 0)))
        match draw(st.sampled_from(["change", "cut", "insert", "end"])):
            case "change" if body:
                body[at] = draw(st.integers(0, 255))
            case "cut":
                del body[at : at + draw(st.integers(1, 20))]
            case "insert":
                body[at:at] = draw(st.binary(min_size=1, max_size=20))
            case "end":
                del body[at:]
    return bytes(body)


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


ARCHIVE = npz(
    frequency_hz=np.linspace(4e9, 8e9, 11),
    s=np.ones((2, 1, 11), np.complex64),
    s_parameters=np.array(["S21"]),
    cavity=np.array(["cavity-1", "cavity-1"]),
    thermal_cycle=np.array(["1", "1"]),
    measured_at=np.array([1.7e9, 1.7e9 + 1]),
    is_reference=np.array([False, False]),
)
TOUCHSTONE = b"# Hz S RI R 50\n" + b"".join(
    b"%d 1 0 0.5 0 0.5 0 1 0\n" % (4e9 + 1e6 * n) for n in range(11)
)
BOUNDARY = "xxhalowatchxx"


def form(name: str, content: bytes, fields: dict[str, str]) -> bytes:
    opening = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    parts = [f'{opening}"{key}"\r\n\r\n{fields[key]}\r\n' for key in fields]
    head = f'{opening}"file"; filename="{name}"\r\n\r\n'
    joined = "".join(parts) + head
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    return joined.encode("utf-8", "surrogatepass") + content + tail


FILES = st.one_of(
    st.tuples(st.sampled_from(["a.npz", "a.s2p"]), torn(ARCHIVE)),
    st.tuples(
        st.sampled_from(
            ["a.s2p", "a.s1p", "a.s4p", "a.s999p", "a.txt", "a", "../x.s2p"]
        ),
        torn(TOUCHSTONE),
    ),
    st.tuples(st.text(max_size=12), st.binary(max_size=200)),
)
FORMS = st.builds(
    lambda file, fields: form(*file, fields),
    FILES,
    st.dictionaries(NAMES, st.text(max_size=30), max_size=4),
)
FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
MESSAGES = st.one_of(nested(SCALARS), altered_messages())
BODIES = st.one_of(
    st.tuples(
        st.just(MSGPACK_MEDIA_TYPE),
        st.one_of(st.binary(max_size=400), torn(GOOD), MESSAGES.map(pack)),
    ),
    st.tuples(
        st.just("application/json"),
        st.one_of(
            st.binary(max_size=200),
            MESSAGES.map(lambda value: json.dumps(value, default=str).encode()),
        ),
    ),
    st.tuples(st.just(FORM_TYPE), st.one_of(FORMS, FORMS.flatmap(torn))),
    st.tuples(
        st.sampled_from([MSGPACK_MEDIA_TYPE, "application/json", FORM_TYPE, "", "a/b"]),
        st.sampled_from(EVIL),
    ),
)
CALLS = st.tuples(st.sampled_from(["sweeps", "diagnose"]), BODIES)


@given(call=CALLS)
def test_a_hostile_body_is_answered_and_nothing_fails(client, call):
    path, (media_type, body) = call
    answer = client.post(path, content=body, headers={"content-type": media_type})
    expected = ANSWERS | {200} if path == "diagnose" else ANSWERS
    assert answer.status_code in expected, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]


@settings(max_examples=50)
@given(bodies=st.lists(CALLS, min_size=20, max_size=20))
def test_memory_stays_bounded_and_the_service_alive(client, bodies):
    before = psutil.Process().memory_info().rss
    for path, (media_type, body) in bodies:
        client.post(path, content=body, headers={"content-type": media_type})
    assert psutil.Process().memory_info().rss - before < MOST_GROWTH_BYTES
    assert client.get("healthz").status_code == 200
