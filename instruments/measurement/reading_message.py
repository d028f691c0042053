"""The reading message: a reading as JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from instruments.measurement.errors import MeasurementError
from instruments.measurement.fields import read_number, require
from instruments.measurement.reading import Reading
from instruments.measurement.times import format_time, parse_time


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
    name, value = require(message, "name"), require(message, "value")
    if not isinstance(name, str):
        raise MeasurementError("name", "must be a text")
    for key in ("cavity", "source"):
        if not isinstance(message.get(key), str | None):
            raise MeasurementError(key, "must be a text")
    return Reading(
        name=name,
        value=read_number("value", value),
        measured_at=parse_time("measured_at", require(message, "measured_at")),
        cavity=message.get("cavity"),
        source=message.get("source"),
    )
