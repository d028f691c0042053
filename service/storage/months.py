"""Months of receipt, read off the time-ordered ids: the unit of payload retention."""

import re
from datetime import UTC, datetime

from service.storage.times import to_us

_MONTH = re.compile(r"(\d{4})-(\d{2})")


def month_of(sweep_id: str) -> str:
    """Return the month in which a sweep was received, such as ``2026-11``."""
    return name_month(received_at(sweep_id))


def received_at(sweep_id: str) -> datetime:
    """Return when a sweep was received.

    The first 48 bits of its id are milliseconds since 1970 (RFC 9562).
    """
    milliseconds = int(sweep_id[:8] + sweep_id[9:13], 16)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def name_month(moment: datetime) -> str:
    """Return the name of the month of a time."""
    return moment.astimezone(UTC).strftime("%Y-%m")


def month_start(month: str, ahead: int = 0) -> datetime:
    """Return the beginning of a month, or of one so many months ``ahead``.

    Raises
    ------
    ValueError
        If the text names no month.
    """
    match = _MONTH.fullmatch(month)
    if match is None:
        raise ValueError(f"{month!r} is no month such as 2026-11")
    years, index = divmod(int(match[2]) - 1 + ahead, 12)
    return datetime(int(match[1]) + years, index + 1, 1, tzinfo=UTC)


def id_range(month: str) -> tuple[str, str]:
    """Return the half-open range of the ids of a month, as prefixes of ids."""
    return first_id(month_start(month)), first_id(month_start(month, 1))


def first_id(moment: datetime) -> str:
    """Return what sorts before every id that was made at a time or later."""
    digits = f"{to_us(moment) // 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}"
