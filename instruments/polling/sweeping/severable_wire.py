"""A wire that can be taken from a thread that hangs on it."""

from collections.abc import Callable

from instruments.errors import NotConnectedError
from instruments.transport import Expected, Payload, Transport, Wire
from instruments.transport.wire import ANY_LINE


class SeverableWire(Wire):
    """Another wire, until it is severed: an abandoned thread that wakes says no more.

    It would otherwise speak to an instrument that has a new master.

    Parameters
    ----------
    wire
        The wire.
    is_severed
        Asked before every message.
    """

    def __init__(self, wire: Wire, is_severed: Callable[[], bool]) -> None:
        self._wire = wire
        self._is_severed = is_severed

    @property
    def transport(self) -> Transport:
        """What carries the messages."""
        return self._wire.transport

    def write(self, message: str) -> None:
        """Send a message that is not answered."""
        self._check()
        self._wire.write(message)

    def query(self, message: str, expected: Expected = ANY_LINE) -> str:
        """Send a message and read its reply."""
        self._check()
        return self._wire.query(message, expected)

    def query_block(self, message: str, likely_bytes: int = 0) -> Payload:
        """Send a message and read the block that answers it."""
        self._check()
        return self._wire.query_block(message, likely_bytes)

    def close(self) -> None:
        """End the session."""
        self._wire.close()

    def _check(self) -> None:
        if self._is_severed():
            raise NotConnectedError("the session was given up, another one has begun")
