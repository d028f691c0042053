"""The sweep message: what is written is read back; what is wrong is named."""

import json
from datetime import UTC, datetime, timedelta, timezone

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from instruments.measurement import (
    MeasurementError,
    Reading,
    Sweep,
    SweepPurpose,
    TruthFlag,
)
from instruments.measurement.bodies import unpack_body, unpack_json_body
from instruments.measurement.limits import MAX_BODY_BYTES
from instruments.measurement.message import (
    decode_sweep,
    encode_sweeps,
    sweep_to_json,
    sweep_to_mapping,
)
from instruments.measurement.reading_message import decode_reading, reading_to_json
from instruments.measurement.times import format_time, parse_time

finite = st.floats(-1e6, 1e6, allow_nan=False, width=32)


@st.composite
def any_sweep(draw: st.DrawFn) -> Sweep:
    count = draw(st.integers(1, 40))
    steps = draw(
        hnp.arrays(np.float64, count, elements=st.floats(1.0, 1e8, allow_nan=False))
    )
    dtype = draw(st.sampled_from([np.complex64, np.complex128]))
    names = draw(
        st.lists(
            st.sampled_from(["S11", "S21", "S23", "S21:reflection", "S44"]),
            min_size=1,
            max_size=4,
            unique=True,
        )
    )
    parts = hnp.arrays(np.float32, (2, count), elements=finite)
    traces = {}
    for name in names:
        real, imag = draw(parts)
        traces[name] = (real + 1j * imag).astype(dtype)
    offset = draw(st.integers(-12, 12))
    return Sweep(
        cavity=draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)),
        measured_at=datetime(2026, 1, 31, 3, tzinfo=timezone(timedelta(hours=offset))),
        purpose=draw(st.sampled_from(SweepPurpose)),
        frequency_hz=np.cumsum(steps),
        traces=traces,
        is_reference=draw(st.booleans()),
        step=draw(st.none() | st.text(min_size=1, max_size=20)),
        conditions=draw(
            st.dictionaries(
                st.sampled_from(["a_k", "b_tesla"]), st.floats(-1e9, 1e9), max_size=2
            )
        ),
        flags=tuple(draw(st.lists(st.sampled_from(TruthFlag), max_size=4))),
    )


@given(sweep=any_sweep())
def test_msgpack_gives_back_the_same_sweep(sweep: Sweep) -> None:
    (message,) = unpack_body(encode_sweeps([sweep]))
    assert decode_sweep(message) == sweep
    assert decode_sweep(message).content_hash() == sweep.content_hash()


@given(sweep=any_sweep())
def test_json_gives_back_the_same_numbers(sweep: Sweep) -> None:
    (message,) = unpack_json_body(json.dumps(sweep_to_json(sweep)).encode())
    decoded = decode_sweep(message)
    assert decoded.to_complex64() == sweep.to_complex64()


def test_a_sweep_without_flags_sends_no_flags(sweep: Sweep) -> None:
    assert "flags" not in sweep_to_mapping(sweep)


def test_several_sweeps_travel_in_one_body(sweep: Sweep) -> None:
    messages = unpack_body(encode_sweeps([sweep, sweep]))
    assert [decode_sweep(message) for message in messages] == [sweep, sweep]


def test_a_linear_axis_may_be_sent_as_start_stop_and_count(sweep: Sweep) -> None:
    message = sweep_to_mapping(sweep)
    del message["frequency_hz"]
    message |= {
        "frequency_start_hz": 4e9,
        "frequency_stop_hz": 8e9,
        "point_count": 5,
    }
    assert decode_sweep(message) == sweep


def test_json_takes_complex_numbers_as_two_bare_lists(sweep: Sweep) -> None:
    message = sweep_to_json(sweep)
    message["traces"] = {
        name: [trace["real"], trace["imag"]]
        for name, trace in message["traces"].items()
    }
    assert decode_sweep(message) == sweep


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"cavity": None}, "cavity", "missing"),
        ({"cavity": "a b"}, "cavity", "letters"),
        ({"cavity": 3}, "cavity", "letters"),
        ({"measured_at": "2026-01-31T03:00:00"}, "measured_at", "time zone"),
        ({"measured_at": "yesterday"}, "measured_at", "RFC 3339"),
        ({"measured_at": 12.0}, "measured_at", "text"),
        ({"purpose": "scan"}, "purpose", "wide, transmission, reflection"),
        ({"schema": 2}, "schema", "must be 1"),
        ({"flags": ["spiky"]}, "flags", "'spiky' is no truth flag; known are point_co"),
        ({"flags": "spikes"}, "flags", "list of texts"),
        ({"flags": [1]}, "flags", "list of texts"),
        ({"frequncy_hz": []}, "frequncy_hz", "no key"),
        ({"frequency_hz": None}, "frequency_hz", "missing"),
        ({"frequency_hz": b"1234567"}, "frequency_hz", "multiple of 8"),
        ({"frequency_hz": "4e9"}, "frequency_hz", "list of numbers"),
        ({"frequency_hz": [1.0, True]}, "frequency_hz", "list of numbers"),
        ({"frequency_hz": [1.0, 10**400]}, "frequency_hz", "finite"),
        ({"frequency_hz": [3.0, 2.0, 1.0, 0.5, 0.1]}, "frequency_hz", "rise strictly"),
        ({"frequency_hz": [1.0] * 2002}, "frequency_hz", "send msgpack"),
        ({"point_count": 5}, "frequency_hz", "one form"),
        ({"traces": {}}, "traces", "no trace"),
        ({"traces": []}, "traces", "map"),
        ({"traces": {"S21": b"123"}}, "traces.S21", "5 points take 40"),
        ({"traces": {"S51": bytes(40)}}, "traces", "no trace name"),
        ({"traces": {"S21": 5}}, "traces.S21", "bytes"),
        (
            {"traces": {"S21": {"real": [1.0] * 5, "imag": [1.0] * 4}}},
            "traces.S21",
            "5 real and 4 imaginary",
        ),
        (
            {"traces": {f"S21:{i}": bytes(40) for i in range(40)}},
            "traces",
            "at most 32",
        ),
        ({"is_reference": 1}, "is_reference", "true or false"),
        ({"run": 1.5}, "run", "text"),
        ({"run": "x" * 201}, "run", "200"),
        ({"settings": {"power": 1}}, "settings.power", "no key"),
        ({"settings": {"averaging_count": 0.5}}, "settings.averaging_count", "1 or"),
        ({"settings": []}, "settings", "map"),
        ({"instrument": {"serial": 5}}, "instrument.serial", "text"),
        ({"conditions": {"temperature": 1.0}}, "conditions", "ends in its unit"),
        ({"conditions": {"t_k": "4"}}, "conditions.t_k", "number"),
        ({"conditions": {"t_k": float("nan")}}, "conditions.t_k", "finite"),
        ({"conditions": []}, "conditions", "map"),
        ({"conditions": {f"c{i}_k": 1.0 for i in range(300)}}, "conditions", "256"),
    ],
)
def test_a_wrong_field_is_named(
    sweep: Sweep, changes: dict[str, object], field: str, words: str
) -> None:
    with pytest.raises(MeasurementError, match=words) as caught:
        decode_sweep(sweep_to_mapping(sweep) | changes)
    assert caught.value.field == field
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_none_is_refused(sweep: Sweep, bad: float) -> None:
    trace = np.full(5, 1 + 0j, dtype=np.complex64)
    trace[3] = complex(0.0, bad)
    message = sweep_to_mapping(sweep) | {"traces": {"S21": trace.tobytes()}}
    with pytest.raises(MeasurementError, match=r"traces\.S21: holds NaN or infinity"):
        decode_sweep(message)


def test_double_precision_beyond_single_is_no_s_parameter(sweep: Sweep) -> None:
    trace = np.full(5, 1e200 + 0j, dtype=np.complex128)
    message = sweep_to_mapping(sweep) | {"traces": {"S21": trace.tobytes()}}
    with pytest.raises(MeasurementError, match="no S-parameter"):
        decode_sweep(message)


@pytest.mark.parametrize("message", [None, 5, [], "sweep"])
def test_a_message_must_be_a_map(message: object) -> None:
    with pytest.raises(MeasurementError, match="must be a map"):
        decode_sweep(message)


@pytest.mark.parametrize(
    "body", [b"", b"\xc1", b"\x91", b"\xdd\xff\xff\xff\xff", msgpack.packb([])]
)
def test_a_body_that_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(MeasurementError, match="body"):
        unpack_body(body)


def test_a_body_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(MeasurementError, match="at most"):
        unpack_body(bytes(MAX_BODY_BYTES + 1))


@given(body=st.binary(max_size=200))
def test_hostile_bytes_end_in_one_sentence(body: bytes) -> None:
    try:
        messages = unpack_body(body)
    except MeasurementError:
        return
    for message in messages:
        with pytest.raises(MeasurementError):
            decode_sweep(message)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"a": NaN}', b"[" * 100_000, b"\xff", b"1e999"]
)
def test_json_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(MeasurementError):
        decode_sweep(unpack_json_body(body)[0])


def test_reading_survives_json() -> None:
    reading = Reading(
        name="mixing_chamber_temperature_k",
        value=0.012,
        measured_at=datetime(2026, 1, 31, 3, tzinfo=UTC),
        cavity="cavity-1",
    )
    assert decode_reading(json.loads(json.dumps(reading_to_json(reading)))) == reading


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (5, "must be a map"),
        ({"name": "t_k", "value": 1.0}, "measured_at: is missing"),
        ({"name": 3, "value": 1.0, "measured_at": "x"}, "name: must be a text"),
        (
            {"name": "t", "value": 1.0, "measured_at": "2026-01-31T03:00:00Z"},
            "ends in its unit",
        ),
        (
            {"name": "t_k", "value": True, "measured_at": "2026-01-31T03:00:00Z"},
            "value: must be a number",
        ),
        (
            {"name": "t_k", "value": 1, "measured_at": "2026-01-31T03:00:00Z", "x": 1},
            "x: is no key",
        ),
        (
            {
                "name": "t_k",
                "value": 1,
                "measured_at": "2026-01-31T03:00:00Z",
                "cavity": 5,
            },
            "cavity: must be a text",
        ),
        (
            {
                "name": "t_k",
                "value": 1,
                "measured_at": "2026-01-31T03:00:00Z",
                "source": "a b",
            },
            "source: 'a b' is no identifier",
        ),
    ],
)
def test_a_wrong_reading_is_named(message: object, words: str) -> None:
    with pytest.raises(MeasurementError, match=words):
        decode_reading(message)


def test_times_are_written_in_utc_and_read_back() -> None:
    moment = datetime(2026, 1, 31, 3, 0, 0, 5, tzinfo=UTC)
    assert format_time(moment) == "2026-01-31T03:00:00.000005Z"
    assert parse_time("from", format_time(moment)) == moment
