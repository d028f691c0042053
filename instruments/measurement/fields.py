"""Single fields of an unpacked message, each read with the type that it must have."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from instruments.measurement.arrays import FrequencyAxis
from instruments.measurement.errors import MeasurementError
from instruments.measurement.limits import MAX_JSON_POINT_COUNT


def require(message: Mapping[str, Any], name: str) -> Any:
    """Return a value that must be there.

    Raises
    ------
    MeasurementError
        If it is not that; the sentence names the field.
    """
    if message.get(name) is None:
        raise MeasurementError(name, "is missing")
    return message[name]


def read_bool(message: Mapping[str, Any], name: str) -> bool:
    """Return true or false; absent is false.

    Raises
    ------
    MeasurementError
        If it is not that; the sentence names the field.
    """
    value = message.get(name, False)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise MeasurementError(name, "must be true or false")
    return value


def read_text(message: Mapping[str, Any], name: str) -> str | None:
    """Return a text; a whole number is taken as its digits.

    Raises
    ------
    MeasurementError
        If it is not that; the sentence names the field.
    """
    value = message.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is not None and not isinstance(value, str):
        raise MeasurementError(name, "must be a text")
    return value


def read_names(message: Mapping[str, Any], name: str) -> list[str]:
    """Return a list of texts; absent is none.

    Raises
    ------
    MeasurementError
        If it is not that; the sentence names the field.
    """
    value = message.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise MeasurementError(name, "must be a list of texts")
    return value


def read_number(field: str, value: Any) -> float:
    """Return a finite number.

    Raises
    ------
    MeasurementError
        If it is not that; the sentence names the field.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MeasurementError(field, "must be a number")
    try:
        number = float(value)
    except OverflowError:
        raise MeasurementError(field, "must be a finite number") from None
    if not math.isfinite(number):
        raise MeasurementError(field, "must be a finite number")
    return number


def read_optional_number(
    message: Mapping[str, Any], group: str, name: str
) -> float | None:
    """Return a finite number of a section, or None.

    Raises
    ------
    MeasurementError
        If it is not that; the sentence names the field.
    """
    value = message.get(name)
    return None if value is None else read_number(f"{group}.{name}", value)


def read_array(
    field: str, value: bytes | memoryview, dtype: str
) -> np.ndarray[Any, Any]:
    """Return numbers that were sent as little-endian bytes.

    Raises
    ------
    MeasurementError
        If it is not that; the sentence names the field.
    """
    itemsize = np.dtype(dtype).itemsize
    if len(value) % itemsize:
        raise MeasurementError(
            field, f"has {len(value)} bytes, which is no multiple of {itemsize}"
        )
    return np.frombuffer(value, dtype=dtype)


def read_list(field: str, value: Any) -> FrequencyAxis:
    """Return numbers that were sent as a list.

    Raises
    ------
    MeasurementError
        If it is not that; the sentence names the field.
    """
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


def read_section(value: Any, name: str, keys: frozenset[str]) -> Mapping[str, Any]:
    """Return a map that has no other keys than these.

    Raises
    ------
    MeasurementError
        If it is not that; the sentence names the field.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MeasurementError(name, "must be a map")
    unknown = sorted(str(key)[:40] for key in value.keys() - keys)
    if unknown:
        raise MeasurementError(f"{name}.{unknown[0]}", "is no key of a sweep message")
    return value
