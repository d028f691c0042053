"""Bounded reads from a TCP socket that another library owns.

pyvisa-py 0.8.1 spins on a SOCKET session whose peer has closed until its timeout, and
loses the bytes of a read that timed out. Looking before reading avoids both.
"""

import select
import socket
import time

from instruments.errors import InstrumentTimeoutError, NotConnectedError

CHUNK_BYTES = 4096
"""Most that pyvisa-py takes from a socket at once; asked for more, it reads ahead."""


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


def peek(connection: socket.socket, count: int, deadline_s: float) -> bytes:
    """Look at bytes that have arrived, without taking them.

    Parameters
    ----------
    connection
        The socket.
    count
        Most bytes to look at.
    deadline_s
        Time on the monotonic clock until which to wait for the first byte.

    Returns
    -------
    bytes
        At least one byte.

    Raises
    ------
    InstrumentTimeoutError
        If nothing came in time.
    NotConnectedError
        If the peer closed the connection.
    """
    wait_s = max(deadline_s - time.monotonic(), 0.0)
    readable, _, _ = select.select([connection], [], [], wait_s)
    if not readable:
        raise InstrumentTimeoutError("no reply before the deadline")
    seen = connection.recv(min(count, CHUNK_BYTES), socket.MSG_PEEK)
    if not seen:
        raise NotConnectedError("the instrument closed the connection")
    return seen


def has_unread(connection: socket.socket) -> bool:
    """Tell whether anything, a closing included, waits to be read."""
    readable, _, _ = select.select([connection], [], [], 0.0)
    return bool(readable)


def wait_writable(connection: socket.socket, timeout_s: float) -> None:
    """Wait until the peer takes more bytes.

    Raises
    ------
    InstrumentTimeoutError
        If it does not in time.
    """
    _, writable, _ = select.select([], [connection], [], timeout_s)
    if not writable:
        raise InstrumentTimeoutError("the instrument takes no more commands")
