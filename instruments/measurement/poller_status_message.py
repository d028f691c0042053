"""The poller status message: a poller's status as JSON."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, fields
from datetime import datetime
from typing import Any, TypeVar

from instruments.measurement.errors import MeasurementError
from instruments.measurement.fields import read_number, read_text, require
from instruments.measurement.poller_status import (
    CavityMode,
    CavityStatus,
    InstrumentStatus,
    PollerStatus,
    SpoolStatus,
    SweepCounts,
)
from instruments.measurement.times import format_time, parse_time

Record = TypeVar("Record")

_TIMES = frozenset({"reported_at", "started_at", "since", "until"})
_NUMBERS = frozenset({"oldest_age_s", "lateness_s", "period_s"})
_TEXTS = frozenset({"last_error", "reason", "poller", "name", "kind", "state"})


def poller_status_to_json(status: PollerStatus) -> dict[str, Any]:
    """Write a status as the mapping that JSON carries; absent values are left out."""
    sections = ("spool", "sweeps", "instruments", "cavities")
    return _plain(
        {
            one.name: getattr(status, one.name)
            for one in fields(status)
            if one.name not in sections
        }
    ) | {
        "spool": _plain(asdict(status.spool)),
        "sweeps": _counts(status.sweeps),
        "instruments": [_plain(asdict(one)) for one in status.instruments],
        "cavities": [_plain(asdict(one)) for one in status.cavities],
    }


def decode_poller_status(message: Any) -> PollerStatus:
    """Read one status message.

    Raises
    ------
    MeasurementError
        If anything is missing, unknown, of the wrong type or out of its limits.
    """
    values = _read(PollerStatus, message, "status")
    values["spool"] = _build(SpoolStatus, values.get("spool", {}), "spool")
    values["sweeps"] = _build(SweepCounts, values.get("sweeps", {}), "sweeps")
    for name, kind in (("instruments", InstrumentStatus), ("cavities", CavityStatus)):
        entries = values.get(name, [])
        if not isinstance(entries, list):
            raise MeasurementError(name, "must be a list")
        values[name] = tuple(_build(kind, entry, name) for entry in entries)
    return PollerStatus(**values)


def _counts(counts: SweepCounts) -> dict[str, Any]:
    names = [one.name for one in fields(counts) if one.name != "failed"]
    return {name: getattr(counts, name) for name in names} | {
        "failed": dict(counts.failed)
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: format_time(value) if isinstance(value, datetime) else value
        for name, value in values.items()
        if value is not None
    }


def _build(kind: Callable[..., Record], message: Any, where: str) -> Record:
    return kind(**_read(kind, message, where))


def _read(kind: Any, message: Any, where: str) -> dict[str, Any]:
    """Return the known keys of a section with their types; nulls are left out."""
    if not isinstance(message, Mapping):
        raise MeasurementError(where, "must be a map")
    known = {one.name for one in fields(kind)}
    unknown = sorted(str(key)[:40] for key in message.keys() - known)
    if unknown:
        raise MeasurementError(f"{where}.{unknown[0]}", "is no key of a poller status")
    for one in fields(kind):
        if one.default is MISSING and one.default_factory is MISSING:
            require(message, one.name)
    return {
        name: _value(f"{where}.{name}", name, value)
        for name, value in message.items()
        if value is not None
    }


def _value(field: str, name: str, value: Any) -> Any:
    if name in _TIMES:
        return parse_time(field, value)
    if name in _NUMBERS:
        return read_number(field, value)
    if name in _TEXTS:
        return read_text({field: value}, field)
    if name == "mode":
        return _mode(field, value)
    if name == "is_refusing" and not isinstance(value, bool):
        raise MeasurementError(field, "must be true or false")
    if name == "failed" and not isinstance(value, Mapping):
        raise MeasurementError(field, "must be a map from reason to count")
    return value


def _mode(field: str, value: Any) -> CavityMode:
    try:
        return CavityMode(value)
    except ValueError:
        known = ", ".join(mode.value for mode in CavityMode)
        raise MeasurementError(
            field, f"{str(value)[:40]!r} must be one of {known}"
        ) from None
