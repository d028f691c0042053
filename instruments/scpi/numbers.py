"""Numbers and truth values as instruments write and read them."""

import math

from instruments.errors import GarbledReplyError

NOT_A_NUMBER = 9.91e37
"""What SCPI sends for a point that was not measured (SCPI-99, section 7.2.1.5)."""


def format_number(value: float) -> str:
    """Write a finite number with every digit that it has.

    Raises
    ------
    ValueError
        If the number is NaN or infinite.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number that an instrument could be set to")
    return str(value) if isinstance(value, int) else repr(float(value))


def format_bool(value: bool) -> str:
    """Write a truth value as 1 or 0."""
    return "1" if value else "0"


def parse_number(reply: str) -> float:
    """Read one number.

    Raises
    ------
    GarbledReplyError
        If the reply is no finite number, or is SCPI's mark for none.
    """
    try:
        value = float(reply)
    except ValueError:
        raise GarbledReplyError(f"{reply[:80]!r} is no number") from None
    if not math.isfinite(value) or abs(value) >= NOT_A_NUMBER:
        raise GarbledReplyError(f"{reply[:80]!r} is the mark for a missing number")
    return value


def parse_integer(reply: str) -> int:
    """Read one whole number, also where it is written as ``+8.01E+002``.

    Raises
    ------
    GarbledReplyError
        If the reply is no whole number.
    """
    value = parse_number(reply)
    if value != int(value):
        raise GarbledReplyError(f"{reply[:80]!r} is no whole number")
    return int(value)


def parse_bool(reply: str) -> bool:
    """Read ``1``, ``0``, ``ON`` or ``OFF``.

    Raises
    ------
    GarbledReplyError
        If the reply is none of these.
    """
    match reply.strip().upper().lstrip("+"):
        case "1" | "ON":
            return True
        case "0" | "OFF":
            return False
        case _:
            raise GarbledReplyError(f"{reply[:80]!r} is neither 1 nor 0")
