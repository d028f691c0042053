"""The error queue: what ``SYST:ERR?`` answers."""

import re
from dataclasses import dataclass

from instruments.errors import GarbledReplyError

_ENTRY = re.compile(r"""\s*([+-]?\d{1,6})\s*(?:,\s*"?(.*?)"?\s*)?$""", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEntry:
    """One entry of the queue.

    Attributes
    ----------
    error_code
        0 where the queue is empty, negative for the standard errors of SCPI.
    text
        What the instrument says about it.
    """

    error_code: int
    text: str

    def __str__(self) -> str:
        """Write the entry as an instrument does."""
        return f'{self.error_code:+d},"{self.text}"'


def parse_error_entry(reply: str) -> ErrorEntry:
    """Read one answer, such as ``+0,"No error"`` or a bare ``No Error``.

    Raises
    ------
    GarbledReplyError
        If the reply is no entry of an error queue.
    """
    if reply.strip().lower() == "no error":
        return ErrorEntry(error_code=0, text="No error")
    match = _ENTRY.fullmatch(reply)
    if match is None:
        raise GarbledReplyError(f"{reply[:80]!r} is no entry of an error queue")
    return ErrorEntry(error_code=int(match[1]), text=match[2] or "")
