"""TCP sockets that another library opened: reached, tuned, their end noticed."""

import socket
from typing import Any

from instruments.errors import InstrumentTimeoutError, NotConnectedError


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
