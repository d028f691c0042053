"""Lines and blocks from a TCP socket that another library opened.

pyvisa-py 0.8.1 spins on a SOCKET session whose peer has closed until its timeout, reads
at most 4096 bytes at once and loses the bytes of a read that timed out. Bytes of such a
session therefore come straight from its socket.
"""

import select
import socket
import time

from instruments.errors import (
    GarbledReplyError,
    InstrumentTimeoutError,
    NotConnectedError,
)
from instruments.transport.framing import (
    BYTES_PER_S,
    check_block_end,
    find_payload,
)

_CHUNK_BYTES = 65536
_LONGEST_END_BYTES = 1024


class SocketStream:
    """Text lines and counted bytes from a connected socket, each by a deadline.

    Parameters
    ----------
    connection
        The socket; it stays its owner's to close.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()
        self._chunk = memoryview(bytearray(_CHUNK_BYTES))

    def send(self, data: bytes, deadline_s: float) -> None:
        """Send a message, after making sure that nothing waits to be read.

        Raises
        ------
        GarbledReplyError
            If bytes arrived that nobody had asked for.
        NotConnectedError
            If the peer closed the connection.
        InstrumentTimeoutError
            If the peer does not take the bytes in time.
        """
        if self._buffer or self._is_ready(0.0):
            if not self._buffer:
                self._receive(deadline_s)
            raise GarbledReplyError("bytes arrived that nobody had asked for")
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._connection.send(rest, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                self._wait_for_room(deadline_s)

    def read_line(self, deadline_s: float, max_bytes: int) -> bytes:
        """Read through the next newline.

        Raises
        ------
        GarbledReplyError
            If the line is longer than ``max_bytes``.
        InstrumentTimeoutError, NotConnectedError
            If it does not come whole.
        """
        searched = 0
        while (at := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > max_bytes:
                raise GarbledReplyError(f"a line exceeds {max_bytes} bytes")
            self._receive(deadline_s)
        line = bytes(self._buffer[: at + 1])
        del self._buffer[: at + 1]
        return line

    def read_block(self, deadline_s: float) -> bytearray:
        """Read a block by its own length, and the end of its line.

        Returns
        -------
        bytearray
            The payload.

        Raises
        ------
        GarbledReplyError
            If it is no block, or something follows it.
        InstrumentTimeoutError, NotConnectedError
            If it does not come whole.
        """
        while (found := find_payload(self._buffer)) is None:
            self._receive(deadline_s)
        begin, end = found
        del self._buffer[:begin]
        length = end - begin
        deadline_s += length / BYTES_PER_S
        payload = self._read_exactly(length, deadline_s)
        check_block_end(self.read_line(deadline_s, _LONGEST_END_BYTES), length)
        return payload

    def _read_exactly(self, count: int, deadline_s: float) -> bytearray:
        received = self._buffer[:count]
        del self._buffer[:count]
        have = len(received)
        received.extend(bytes(count - have))
        with memoryview(received) as view:
            while have < count:
                self._wait(deadline_s)
                got = self._connection.recv_into(view[have:])
                if not got:
                    raise NotConnectedError("the instrument closed the connection")
                have += got
        return received

    def _receive(self, deadline_s: float) -> None:
        self._wait(deadline_s)
        got = self._connection.recv_into(self._chunk)
        if not got:
            raise NotConnectedError("the instrument closed the connection")
        self._buffer += self._chunk[:got]

    def _wait_for_room(self, deadline_s: float) -> None:
        wait_s = max(deadline_s - time.monotonic(), 0.0)
        _, writable, _ = select.select([], [self._connection], [], wait_s)
        if not writable:
            raise InstrumentTimeoutError("the instrument takes no more commands")

    def _wait(self, deadline_s: float) -> None:
        if not self._is_ready(max(deadline_s - time.monotonic(), 0.0)):
            raise InstrumentTimeoutError("no reply before the deadline")

    def _is_ready(self, wait_s: float) -> bool:
        readable, _, _ = select.select([self._connection], [], [], wait_s)
        return bool(readable)
