"""Times in the database: whole microseconds since 1970, UTC, 64 bit."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Convert an aware time to microseconds since 1970.

    Raises
    ------
    ValueError
        If the time has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; only aware times are stored")
    return (moment - _EPOCH) // _MICROSECOND


def from_us(stamp_us: int) -> datetime:
    """Convert microseconds since 1970 to an aware UTC time."""
    return _EPOCH + timedelta(microseconds=stamp_us)


def optional_us(moment: datetime | None) -> int | None:
    """Convert a time that may be absent."""
    return None if moment is None else to_us(moment)


def optional_time(stamp_us: int | None) -> datetime | None:
    """Convert a stamp that may be absent."""
    return None if stamp_us is None else from_us(stamp_us)
