"""The wire: what a driver may do with a connection."""

from typing import Protocol


class Wire(Protocol):
    """One session with one instrument, used by one thread.

    Every call ends within finite time. After any error the wire is dead and must be
    closed: a late reply would otherwise answer the next question.
    """

    def write(self, message: str) -> None:
        """Send a message that is not answered.

        Raises
        ------
        NotConnectedError
            If the connection is gone.
        """
        ...

    def query(self, message: str) -> str:
        """Send a message and read its reply, without the terminator.

        Raises
        ------
        NotConnectedError
            If the connection is gone.
        InstrumentTimeoutError
            If no whole reply came in time.
        GarbledReplyError
            If the reply is no text.
        """
        ...

    def query_block(self, message: str) -> bytes:
        """Send a message and read the payload of the block that answers it.

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
