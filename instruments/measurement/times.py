"""Times as text: RFC 3339 with a zone, UTC when written."""

from datetime import datetime
from typing import Any

from instruments.measurement.errors import MeasurementError


def format_time(moment: datetime) -> str:
    """Write an aware UTC time as RFC 3339 with microseconds and a Z."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_time(field: str, value: Any) -> datetime:
    """Read an RFC 3339 time; a missing zone is an error.

    Parameters
    ----------
    field
        Name of the field in the error message.
    value
        The text.

    Raises
    ------
    MeasurementError
        If it is no time, or has no zone.
    """
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
