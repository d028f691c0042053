"""The wire: what a driver may do with a connection."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from instruments.transport.framing import MAX_LINE_BYTES

Payload: TypeAlias = bytes | bytearray | memoryview
"""The bytes of a block, owned by whoever asked for them."""


class Transport(StrEnum):
    """What carries the messages; some instruments do less over one than another."""

    SOCKET = "socket"
    HISLIP = "hislip"
    VXI11 = "vxi11"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is known about a reply before it comes.

    Attributes
    ----------
    timeout_s
        Longest wait for it in s; None for the wire's own.
    max_bytes
        Longest text that is taken.
    skips_empty_lines
        Whether lines without text come before the reply, as from an instrument that
        answers every command with one.
    """

    timeout_s: float | None = None
    max_bytes: int = MAX_LINE_BYTES
    skips_empty_lines: bool = False


ANY_LINE = Expected()


class Wire(Protocol):
    """One session with one instrument, used by one thread.

    Every call ends within finite time. After any error the wire is dead and must be
    closed: a late reply would otherwise answer the next question.
    """

    @property
    def transport(self) -> Transport:
        """What carries the messages."""
        return Transport.OTHER

    def write(self, message: str) -> None:
        """Send a message that is not answered.

        Raises
        ------
        NotConnectedError
            If the connection is gone.
        """
        ...

    def query(self, message: str, expected: Expected = ANY_LINE) -> str:
        """Send a message and read its reply, without the terminator.

        Raises
        ------
        NotConnectedError
            If the connection is gone.
        InstrumentTimeoutError
            If no whole reply came in time.
        GarbledReplyError
            If the reply is no text, or longer than expected.
        """
        ...

    def query_block(self, message: str, likely_bytes: int = 0) -> Payload:
        """Send a message and read the payload of the block that answers it.

        Parameters
        ----------
        message
            The question.
        likely_bytes
            Payload that is expected; another one is read too, but slower.

        Raises
        ------
        NotConnectedError, InstrumentTimeoutError
            As ``query``.
        GarbledReplyError
            If the reply is no block, or longer than ``MAX_BLOCK_BYTES``.
        """
        ...

    def close(self) -> None:
        """End the session; closing twice is no error."""
        ...
