"""Answers that differ from family to family."""

from instruments.errors import GarbledReplyError
from instruments.scpi import ErrorEntry, parse_integer

_ESR_ERRORS = 0b0011_1100
"""Query, device, execution and command error (IEEE 488.2, section 11.5.1.1)."""


def parse_pairs(reply: str) -> dict[str, str]:
    """Read ``"name,S11,name,S21"`` as trace name to S-parameter.

    Raises
    ------
    GarbledReplyError
        If the names and parameters do not come in pairs.
    """
    parts = _parts(reply)
    if len(parts) % 2:
        raise GarbledReplyError(f"{reply[:80]!r} is no catalogue of traces")
    return dict(zip(parts[::2], parts[1::2], strict=True))


def parse_names(reply: str) -> dict[str, str]:
    """Read ``S11,S21`` as names of traces, whose S-parameters it does not tell."""
    return dict.fromkeys(_parts(reply), "")


def parse_channels(reply: str) -> list[int]:
    """Read ``"1,2"`` as channel numbers.

    Raises
    ------
    GarbledReplyError
        If the reply holds anything else.
    """
    parts = _parts(reply)
    if not all(part.isdigit() for part in parts):
        raise GarbledReplyError(f"{reply[:80]!r} is no catalogue of channels")
    return [int(part) for part in parts]


def parse_named_channels(reply: str) -> list[int]:
    """Read ``'1,Ch1,2,Ch2'`` as channel numbers.

    Raises
    ------
    GarbledReplyError
        If numbers and names do not come in pairs.
    """
    numbers = list(parse_pairs(reply))
    if not all(number.isdigit() for number in numbers):
        raise GarbledReplyError(f"{reply[:80]!r} is no catalogue of channels")
    return [int(number) for number in numbers]


def parse_event_errors(reply: str) -> ErrorEntry:
    """Read ``*ESR?`` as an error queue of at most one entry."""
    events = parse_integer(reply) & _ESR_ERRORS
    if not events:
        return ErrorEntry(error_code=0, text="No error")
    return ErrorEntry(error_code=-100, text=f"the event status register reads {events}")


def is_false(reply: str) -> bool:
    """Tell whether a reply is FALSE or 0."""
    return reply.strip().upper() in ("FALSE", "0", "+0")


def has_no_phase_lock_fault(reply: str) -> bool:
    """Tell from a questionable register whether bit 1, a lost lock, is clear."""
    return not parse_integer(reply) & 0b10


def _parts(reply: str) -> list[str]:
    text = reply.strip().strip("\"'").strip()
    if not text or text.upper() == "NO CATALOG":
        return []
    return [part.strip() for part in text.split(",") if part.strip()]
