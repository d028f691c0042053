"""Reads a socket into memory of ours, so that a long body is copied once."""

import threading
from asyncio import BaseTransport, BufferedProtocol
from typing import Protocol

from service.handlers.body_rooms import BodyRoom

SCRATCH_BYTES = 64 * 1024
"""Read at a time before it is known where the bytes belong: most requests whole."""


class Reading(Protocol):
    """A connection that takes its bytes where they belong."""

    def room_filled(self, size_bytes: int) -> None:
        """Take bytes that were read into the room."""

    def data_received(self, data: memoryview) -> None:
        """Take bytes that have to be parsed; they are overwritten afterwards."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Close."""

    def eof_received(self) -> bool | None:
        """Take the end of what the other side says."""

    def pause_writing(self) -> None:
        """Wait with more."""

    def resume_writing(self) -> None:
        """Go on."""


class _Scratch(threading.local):
    """Memory of one event loop: what is read is taken before anybody reads again."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(SCRATCH_BYTES))


_scratch = _Scratch()


class SocketReader(BufferedProtocol):
    """Stands between a transport and a connection, and chooses where to read to.

    Attributes
    ----------
    room
        Where the next bytes belong; None where they have to be parsed.
    """

    def __init__(self, connection: Reading) -> None:
        self._connection = connection
        self._scratch = _scratch.view
        self.room: BodyRoom | None = None

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's
        """Give memory to read to."""
        return self._scratch if self.room is None else self.room.space

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what was read."""
        if self.room is None:
            self._connection.data_received(self._scratch[:nbytes])
        else:
            self._connection.room_filled(nbytes)

    def connection_made(self, transport: BaseTransport) -> None:
        """Do nothing: the connection was open before."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the connection."""
        self._connection.connection_lost(exc)

    def eof_received(self) -> bool | None:
        """Tell the connection that no more comes."""
        return self._connection.eof_received()

    def pause_writing(self) -> None:
        """Tell the connection to wait."""
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        """Tell the connection to go on."""
        self._connection.resume_writing()
