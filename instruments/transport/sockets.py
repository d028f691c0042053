"""TCP sockets that another library opened: reached, tuned, their end noticed."""

import socket
import struct
from typing import Any, TypeAlias

from instruments.errors import InstrumentTimeoutError, NotConnectedError

_READ_AHEAD_BYTES = 65536
_SHORTEST_WAIT_US = 1

Buffer: TypeAlias = bytearray | memoryview
"""Where received bytes go."""


def reach(host: str, port: int, timeout_s: float) -> None:
    """Find out whether anybody listens, within a deadline.

    Raises
    ------
    NotConnectedError
        If nobody does, or the name is unknown.
    InstrumentTimeoutError
        If no answer came in time.
    """
    try:
        socket.create_connection((host, port), timeout=timeout_s).close()
    except TimeoutError:
        raise InstrumentTimeoutError(
            f"{host} port {port} does not answer within {timeout_s:g} s"
        ) from None
    except OSError as error:
        raise NotConnectedError(
            f"{host} port {port} cannot be reached ({error.strerror or error})"
        ) from None


def tune(connection: socket.socket) -> None:
    """Send small messages at once and notice a dead peer within minutes."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", 30),
        ("TCP_KEEPINTVL", 10),
        ("TCP_KEEPCNT", 3),
    ):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class NoticingSocket:
    """A socket on which the end of the connection is an error.

    pyvisa-py's VXI-11 client takes an empty read for a pause and spins.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        """Give everything else of the socket."""
        return getattr(self._connection, name)

    def recv(self, count: int) -> bytes:
        """Read some bytes; never none."""
        received = self._connection.recv(count)
        if not received:
            raise ConnectionResetError("the instrument closed the connection")
        return received


class ReadAheadSocket:
    """A socket that takes what has come in one call, and waits in the kernel.

    pyvisa-py's HiSLIP client reads a head and then what follows it, and Python polls
    before each call on a socket with a timeout. With many instruments every one of
    these calls is a fight for the interpreter's lock.

    Parameters
    ----------
    connection
        The socket; POSIX only. Its timeout becomes one of the kernel's.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._ahead = memoryview(bytearray(_READ_AHEAD_BYTES))
        self._begin = self._end = 0
        self.settimeout(connection.gettimeout())

    def __getattr__(self, name: str) -> Any:
        """Give everything else of the socket."""
        return getattr(self._connection, name)

    def settimeout(self, timeout_s: float | None) -> None:
        """Let each call wait at most so many seconds; None waits for ever."""
        wait_us = 0
        if timeout_s is not None:
            wait_us = max(round(1e6 * timeout_s), _SHORTEST_WAIT_US)
        wait = struct.pack("ll", *divmod(wait_us, 1_000_000))
        self._connection.settimeout(None)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, wait)

    def sendall(self, data: bytes) -> None:
        """Send bytes.

        Raises
        ------
        TimeoutError
            If the peer does not take them in time.
        """
        try:
            self._connection.sendall(data)
        except BlockingIOError:
            raise TimeoutError("the instrument takes no more commands") from None

    def recv_into(self, buffer: Buffer, count: int) -> int:
        """Read at least one byte and at most ``count``; 0 where the peer has closed.

        Raises
        ------
        TimeoutError
            If none comes in time.
        """
        if self._begin == self._end:
            if count >= _READ_AHEAD_BYTES:
                return self._receive_into(buffer, count)
            self._begin = 0
            self._end = self._receive_into(self._ahead, _READ_AHEAD_BYTES)
        taken = min(count, self._end - self._begin)
        buffer[:taken] = self._ahead[self._begin : self._begin + taken]
        self._begin += taken
        return taken

    def _receive_into(self, buffer: Buffer, count: int) -> int:
        try:
            return self._connection.recv_into(buffer, count)
        except BlockingIOError:
            raise TimeoutError("no reply in time") from None
