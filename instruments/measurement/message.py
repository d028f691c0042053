"""The sweep message: a sweep as msgpack or JSON, version 1.

The msgpack form carries arrays as little-endian bytes; the JSON form carries the
same keys with complex numbers as two lists, ``{"real": [...], "imag": [...]}``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgpack
import numpy as np

from instruments.measurement.arrays import FrequencyAxis, TraceArray
from instruments.measurement.errors import MeasurementError
from instruments.measurement.fields import (
    read_array,
    read_bool,
    read_list,
    read_names,
    read_number,
    read_optional_number,
    read_section,
    read_text,
    require,
)
from instruments.measurement.flags import check_flags
from instruments.measurement.known_axes import KnownAxes
from instruments.measurement.limits import MAX_POINT_COUNT, MAX_TRACE_COUNT
from instruments.measurement.long_bodies import lay_out
from instruments.measurement.provenance import InstrumentIdentity
from instruments.measurement.sweep import Sweep, SweepPurpose, SweepSettings
from instruments.measurement.times import format_time, parse_time

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
        "flags",
        "idempotency_key",
    }
)
"""Every key that a message may have; others are errors."""

_known_axes = KnownAxes()
_NO_SETTINGS = SweepSettings()
_NO_IDENTITY = InstrumentIdentity()

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
    if not isinstance(message, dict | Mapping):  # what most are is the cheaper question
        raise MeasurementError("sweep", "must be a map with the keys of the message")
    if not message.keys() <= KEYS:
        unknown = min(str(key)[:40] for key in message.keys() - KEYS)
        raise MeasurementError(unknown, "is no key of a sweep message")
    if message.get("schema", SCHEMA) != SCHEMA:
        raise MeasurementError("schema", f"must be {SCHEMA}")
    axis = _read_axis(message)
    return Sweep(
        cavity=require(message, "cavity"),
        measured_at=parse_time("measured_at", require(message, "measured_at")),
        purpose=_read_purpose(message),
        frequency_hz=axis,
        traces=_read_traces(require(message, "traces"), axis.size),
        is_reference=read_bool(message, "is_reference"),
        settings=_read_settings(message.get("settings")),
        instrument=_read_instrument(message.get("instrument")),
        conditions=_read_conditions(message.get("conditions")),
        flags=check_flags(read_names(message, "flags")),
        **{name: read_text(message, name) for name in _TEXT_KEYS if name in message},
    )


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
    if sweep.flags:
        head["flags"] = [flag.value for flag in sweep.flags]
    return head


def _read_purpose(message: Mapping[str, Any]) -> SweepPurpose:
    value = require(message, "purpose")
    try:
        return SweepPurpose(value)
    except ValueError:
        known = ", ".join(purpose.value for purpose in SweepPurpose)
        raise MeasurementError(
            "purpose", f"{str(value)[:40]!r} must be one of {known}"
        ) from None


def _read_axis(message: Mapping[str, Any]) -> FrequencyAxis:
    value = message.get("frequency_hz")
    linear = ("frequency_start_hz", "frequency_stop_hz", "point_count")
    if value is None:
        if all(message.get(name) is None for name in linear):
            raise MeasurementError(
                "frequency_hz", f"is missing; send it, or {', '.join(linear)}"
            )
        start, stop = (read_number(name, require(message, name)) for name in linear[:2])
        count = require(message, "point_count")
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
    if isinstance(value, bytes | memoryview):
        return _known_axes.find(value)
    return read_list("frequency_hz", value)


def _read_traces(value: Any, point_count: int) -> dict[str, TraceArray]:
    if not isinstance(value, Mapping):
        raise MeasurementError("traces", "must be a map from S-parameter to trace")
    if len(value) > MAX_TRACE_COUNT:
        raise MeasurementError(
            "traces", f"holds {len(value)} traces, at most {MAX_TRACE_COUNT} are taken"
        )
    if (rows := lay_out(value, point_count)) is not None:
        return rows
    return {
        str(name): _read_trace(f"traces.{str(name)[:40]}", trace, point_count)
        for name, trace in value.items()
    }


def _read_trace(field: str, value: Any, point_count: int) -> TraceArray:
    if isinstance(value, memoryview):
        value = bytes(value)
    if isinstance(value, bytes):
        if len(value) == 16 * point_count:
            return read_array(field, value, "<c16")
        if len(value) == 8 * point_count:
            return read_array(field, value, "<c8")
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
    real, imag = (read_list(field, part) for part in parts)
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


_SETTINGS = frozenset(
    {"if_bandwidth_hz", "source_power_dbm", "averaging_count", "sweep_time_s"}
)
_IDENTITY = frozenset({"vendor", "model", "serial", "firmware", "calibration"})


def _read_settings(value: Any) -> SweepSettings:
    if value is None:
        return _NO_SETTINGS
    section = read_section(value, "settings", _SETTINGS)
    count = read_optional_number(section, "settings", "averaging_count")
    if count is not None and (count < 1 or count != int(count)):
        raise MeasurementError("settings.averaging_count", "must be 1 or more")
    return SweepSettings(
        if_bandwidth_hz=read_optional_number(section, "settings", "if_bandwidth_hz"),
        source_power_dbm=read_optional_number(section, "settings", "source_power_dbm"),
        averaging_count=None if count is None else int(count),
        sweep_time_s=read_optional_number(section, "settings", "sweep_time_s"),
    )


def _read_instrument(value: Any) -> InstrumentIdentity:
    if value is None:
        return _NO_IDENTITY
    section = read_section(value, "instrument", _IDENTITY)
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
        str(name): read_number(f"conditions.{str(name)[:40]}", number)
        for name, number in value.items()
        if number is not None
    }
