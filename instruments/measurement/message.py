"""The sweep message: a sweep as msgpack or JSON, version 1.

The msgpack form carries arrays as little-endian bytes; the JSON form carries the
same keys with complex numbers as two lists, ``{"real": [...], "imag": [...]}``.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import msgpack
import numpy as np

from instruments.measurement.arrays import FrequencyAxis, TraceArray
from instruments.measurement.errors import MeasurementError
from instruments.measurement.limits import (
    MAX_BODY_BYTES,
    MAX_JSON_POINT_COUNT,
    MAX_POINT_COUNT,
    MAX_SWEEPS_PER_BODY,
    MAX_TRACE_COUNT,
)
from instruments.measurement.provenance import InstrumentIdentity
from instruments.measurement.reading import Reading
from instruments.measurement.sweep import Sweep, SweepPurpose, SweepSettings

SCHEMA = 1
"""Version of the message that this code writes and reads."""

MSGPACK_MEDIA_TYPE = "application/vnd.halowatch.sweep+msgpack"
"""Content type of the fast path."""

KEYS = frozenset(
    {
        "schema",
        "cavity",
        "measured_at",
        "purpose",
        "frequency_hz",
        "frequency_start_hz",
        "frequency_stop_hz",
        "point_count",
        "traces",
        "is_reference",
        "thermal_cycle",
        "run",
        "step",
        "settings",
        "instrument",
        "route",
        "conditions",
        "idempotency_key",
    }
)
"""Every key that a message may have; others are errors."""

_TEXT_KEYS = ("thermal_cycle", "run", "step", "route", "idempotency_key")


def sweep_to_mapping(sweep: Sweep) -> dict[str, Any]:
    """Write a sweep as the mapping that msgpack carries."""
    return _head(sweep) | {
        "frequency_hz": sweep.frequency_hz.astype("<f8", copy=False).tobytes(),
        "traces": {
            name: trace.astype(trace.dtype.newbyteorder("<"), copy=False).tobytes()
            for name, trace in sweep.traces.items()
        },
    }


def sweep_to_json(sweep: Sweep) -> dict[str, Any]:
    """Write a sweep as the mapping that JSON carries."""
    return _head(sweep) | {
        "frequency_hz": sweep.frequency_hz.tolist(),
        "traces": {
            name: {"real": trace.real.tolist(), "imag": trace.imag.tolist()}
            for name, trace in sweep.traces.items()
        },
    }


def encode_sweeps(sweeps: Sequence[Sweep]) -> bytes:
    """Pack sweeps into one msgpack body: a map for one, an array for several."""
    mappings = [sweep_to_mapping(sweep) for sweep in sweeps]
    payload = mappings[0] if len(mappings) == 1 else mappings
    return bytes(msgpack.packb(payload, use_bin_type=True))


def unpack_body(body: bytes) -> list[Any]:
    """Split a msgpack body into its messages, not yet checked.

    Raises
    ------
    MeasurementError
        If the body is not msgpack, is too large or holds too many messages.
    """
    if len(body) > MAX_BODY_BYTES:
        raise MeasurementError(
            "body", f"has {len(body)} bytes, at most {MAX_BODY_BYTES} are taken"
        )
    try:
        payload = msgpack.unpackb(
            body,
            raw=False,
            strict_map_key=True,
            max_map_len=4_096,
            max_array_len=MAX_SWEEPS_PER_BODY,
            max_ext_len=0,
        )
    except (ValueError, TypeError, msgpack.exceptions.UnpackException) as error:
        raise MeasurementError("body", f"is not a msgpack message ({error})") from None
    return _messages(payload)


def unpack_json_body(body: bytes) -> list[Any]:
    """Split a JSON body into its messages, not yet checked.

    Raises
    ------
    MeasurementError
        If the body is not JSON, holds NaN or holds too many messages.
    """
    try:
        payload = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MeasurementError("body", f"is not JSON ({error})") from None
    return _messages(payload)


def decode_sweep(message: Any) -> Sweep:
    """Read one message, in the msgpack or the JSON form.

    Parameters
    ----------
    message
        The unpacked map.

    Returns
    -------
    Sweep
        The checked sweep.

    Raises
    ------
    MeasurementError
        If anything is missing, unknown, of the wrong type or out of its limits;
        the sentence names the field.
    """
    if not isinstance(message, Mapping):
        raise MeasurementError("sweep", "must be a map with the keys of the message")
    unknown = sorted(str(key)[:40] for key in message.keys() - KEYS)
    if unknown:
        raise MeasurementError(unknown[0], "is no key of a sweep message")
    if message.get("schema", SCHEMA) != SCHEMA:
        raise MeasurementError("schema", f"must be {SCHEMA}")
    axis = _read_axis(message)
    return Sweep(
        cavity=_require(message, "cavity"),
        measured_at=_read_time("measured_at", _require(message, "measured_at")),
        purpose=_read_purpose(message),
        frequency_hz=axis,
        traces=_read_traces(_require(message, "traces"), axis.size),
        is_reference=_read_bool(message, "is_reference"),
        settings=_read_settings(message.get("settings")),
        instrument=_read_instrument(message.get("instrument")),
        conditions=_read_conditions(message.get("conditions")),
        **{name: _read_text(message, name) for name in _TEXT_KEYS},
    )


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """Write a reading as the mapping that JSON carries."""
    mapping = asdict(reading) | {"measured_at": format_time(reading.measured_at)}
    return {name: value for name, value in mapping.items() if value is not None}


def decode_reading(message: Any) -> Reading:
    """Read one reading message.

    Raises
    ------
    MeasurementError
        If anything is missing, unknown, of the wrong type or out of its limits.
    """
    if not isinstance(message, Mapping):
        raise MeasurementError("reading", "must be a map with name, value, measured_at")
    unknown = sorted(
        str(key)[:40]
        for key in message.keys() - {"name", "value", "measured_at", "cavity", "source"}
    )
    if unknown:
        raise MeasurementError(unknown[0], "is no key of a reading")
    name, value = _require(message, "name"), _require(message, "value")
    if not isinstance(name, str):
        raise MeasurementError("name", "must be a text")
    for key in ("cavity", "source"):
        if not isinstance(message.get(key), str | None):
            raise MeasurementError(key, "must be a text")
    return Reading(
        name=name,
        value=_number("value", value),
        measured_at=_read_time("measured_at", _require(message, "measured_at")),
        cavity=message.get("cavity"),
        source=message.get("source"),
    )


def format_time(moment: datetime) -> str:
    """Write an aware UTC time as RFC 3339 with microseconds and a Z."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_time(field: str, text: str) -> datetime:
    """Read an RFC 3339 time; a missing zone is an error.

    Raises
    ------
    MeasurementError
        If the text is no time, or has no zone.
    """
    return _read_time(field, text)


def _head(sweep: Sweep) -> dict[str, Any]:
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "cavity": sweep.cavity,
        "measured_at": format_time(sweep.measured_at),
        "purpose": sweep.purpose.value,
    }
    if sweep.is_reference:
        head["is_reference"] = True
    for name in _TEXT_KEYS:
        if (text := getattr(sweep, name)) is not None:
            head[name] = text
    for name, record in (
        ("settings", sweep.settings),
        ("instrument", sweep.instrument),
    ):
        known = {
            key: value for key, value in asdict(record).items() if value is not None
        }
        if known:
            head[name] = known
    if sweep.conditions:
        head["conditions"] = dict(sweep.conditions)
    return head


def _messages(payload: Any) -> list[Any]:
    messages = payload if isinstance(payload, list) else [payload]
    if not messages:
        raise MeasurementError("body", "holds no sweep")
    if len(messages) > MAX_SWEEPS_PER_BODY:
        raise MeasurementError(
            "body", f"holds {len(messages)} sweeps, at most {MAX_SWEEPS_PER_BODY}"
        )
    return messages


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number; leave the value out or send null")


def _require(message: Mapping[str, Any], name: str) -> Any:
    if message.get(name) is None:
        raise MeasurementError(name, "is missing")
    return message[name]


def _read_time(field: str, value: Any) -> datetime:
    if not isinstance(value, str):
        raise MeasurementError(field, "must be an RFC 3339 time as text")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise MeasurementError(
            field, f"{value[:40]!r} is no RFC 3339 time such as 2026-01-31T03:00:00Z"
        ) from None
    if moment.tzinfo is None:
        raise MeasurementError(
            field, f"{value[:40]!r} has no time zone; write 2026-01-31T03:00:00Z"
        )
    return moment


def _read_purpose(message: Mapping[str, Any]) -> SweepPurpose:
    value = _require(message, "purpose")
    try:
        return SweepPurpose(value)
    except ValueError:
        known = ", ".join(purpose.value for purpose in SweepPurpose)
        raise MeasurementError(
            "purpose", f"{str(value)[:40]!r} must be one of {known}"
        ) from None


def _read_bool(message: Mapping[str, Any], name: str) -> bool:
    value = message.get(name, False)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise MeasurementError(name, "must be true or false")
    return value


def _read_text(message: Mapping[str, Any], name: str) -> str | None:
    value = message.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is not None and not isinstance(value, str):
        raise MeasurementError(name, "must be a text")
    return value


def _number(field: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MeasurementError(field, "must be a number")
    try:
        number = float(value)
    except OverflowError:
        raise MeasurementError(field, "must be a finite number") from None
    if not math.isfinite(number):
        raise MeasurementError(field, "must be a finite number")
    return number


def _optional_number(message: Mapping[str, Any], group: str, name: str) -> float | None:
    value = message.get(name)
    return None if value is None else _number(f"{group}.{name}", value)


def _read_axis(message: Mapping[str, Any]) -> FrequencyAxis:
    value = message.get("frequency_hz")
    linear = ("frequency_start_hz", "frequency_stop_hz", "point_count")
    if value is None:
        if all(message.get(name) is None for name in linear):
            raise MeasurementError(
                "frequency_hz", f"is missing; send it, or {', '.join(linear)}"
            )
        start, stop = (_number(name, _require(message, name)) for name in linear[:2])
        count = _require(message, "point_count")
        if isinstance(count, bool) or not isinstance(count, int):
            raise MeasurementError("point_count", "must be a whole number")
        if not 1 <= count <= MAX_POINT_COUNT:
            raise MeasurementError(
                "point_count", f"is {count}, takes 1 to {MAX_POINT_COUNT}"
            )
        return np.linspace(start, stop, count, dtype=np.float64)
    if any(message.get(name) is not None for name in linear):
        raise MeasurementError(
            "frequency_hz", f"stands beside one of {', '.join(linear)}; send one form"
        )
    if isinstance(value, bytes):
        return _array("frequency_hz", value, "<f8")
    return _read_list("frequency_hz", value)


def _read_traces(value: Any, point_count: int) -> dict[str, TraceArray]:
    if not isinstance(value, Mapping):
        raise MeasurementError("traces", "must be a map from S-parameter to trace")
    if len(value) > MAX_TRACE_COUNT:
        raise MeasurementError(
            "traces", f"holds {len(value)} traces, at most {MAX_TRACE_COUNT} are taken"
        )
    return {
        str(name): _read_trace(f"traces.{str(name)[:40]}", trace, point_count)
        for name, trace in value.items()
    }


def _read_trace(field: str, value: Any, point_count: int) -> TraceArray:
    if isinstance(value, bytes):
        if len(value) == 16 * point_count:
            return _array(field, value, "<c16")
        if len(value) == 8 * point_count:
            return _array(field, value, "<c8")
        raise MeasurementError(
            field,
            f"has {len(value)} bytes, but {point_count} points take "
            f"{8 * point_count} (complex64) or {16 * point_count} (complex128)",
        )
    if isinstance(value, Mapping) and value.keys() == {"real", "imag"}:
        parts = (value["real"], value["imag"])
    elif isinstance(value, list) and len(value) == 2:
        parts = (value[0], value[1])
    else:
        raise MeasurementError(field, 'must be bytes, or {"real": [], "imag": []}')
    real, imag = (_read_list(field, part) for part in parts)
    if real.size != point_count or imag.size != point_count:
        raise MeasurementError(
            field,
            f"has {real.size} real and {imag.size} imaginary numbers, "
            f"but the axis has {point_count} points",
        )
    # Both parts are single precision numbers in disguise wherever a VNA wrote them.
    whole = real + 1j * imag
    single = whole.astype(np.complex64)
    return single if np.array_equal(single.astype(np.complex128), whole) else whole


def _array(field: str, value: bytes, dtype: str) -> np.ndarray[Any, Any]:
    itemsize = np.dtype(dtype).itemsize
    if len(value) % itemsize:
        raise MeasurementError(
            field, f"has {len(value)} bytes, which is no multiple of {itemsize}"
        )
    return np.frombuffer(value, dtype=dtype)


def _read_list(field: str, value: Any) -> FrequencyAxis:
    if not isinstance(value, list) or not value:
        raise MeasurementError(field, "must be a list of numbers")
    if len(value) > MAX_JSON_POINT_COUNT:
        raise MeasurementError(
            field,
            f"has {len(value)} points; JSON carries at most {MAX_JSON_POINT_COUNT}, "
            "send msgpack",
        )
    if not all(type(number) in (int, float) for number in value):
        raise MeasurementError(field, "must be a list of numbers")
    try:
        return np.asarray(value, dtype=np.float64)
    except (OverflowError, ValueError):
        raise MeasurementError(field, "must be a list of finite numbers") from None


def _section(value: Any, name: str, keys: frozenset[str]) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MeasurementError(name, "must be a map")
    unknown = sorted(str(key)[:40] for key in value.keys() - keys)
    if unknown:
        raise MeasurementError(f"{name}.{unknown[0]}", "is no key of a sweep message")
    return value


_SETTINGS = frozenset(
    {"if_bandwidth_hz", "source_power_dbm", "averaging_count", "sweep_time_s"}
)
_IDENTITY = frozenset({"vendor", "model", "serial", "firmware", "calibration"})


def _read_settings(value: Any) -> SweepSettings:
    section = _section(value, "settings", _SETTINGS)
    count = _optional_number(section, "settings", "averaging_count")
    if count is not None and (count < 1 or count != int(count)):
        raise MeasurementError("settings.averaging_count", "must be 1 or more")
    return SweepSettings(
        if_bandwidth_hz=_optional_number(section, "settings", "if_bandwidth_hz"),
        source_power_dbm=_optional_number(section, "settings", "source_power_dbm"),
        averaging_count=None if count is None else int(count),
        sweep_time_s=_optional_number(section, "settings", "sweep_time_s"),
    )


def _read_instrument(value: Any) -> InstrumentIdentity:
    section = _section(value, "instrument", _IDENTITY)
    for name, text in section.items():
        if text is not None and (not isinstance(text, str) or len(text) > 200):
            raise MeasurementError(f"instrument.{name}", "must be a short text")
    return InstrumentIdentity(**section)


def _read_conditions(value: Any) -> dict[str, float]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MeasurementError("conditions", "must be a map from name to number")
    return {
        str(name): _number(f"conditions.{str(name)[:40]}", number)
        for name, number in value.items()
        if number is not None
    }
