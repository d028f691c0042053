"""Wires through VISA.

Sessions that only look open, late replies, closed peers that are not noticed: the
facts behind each precaution are listed in ``docs/explanations/visa-sessions.md``.
"""

import contextlib
import logging
import os
import socket
import threading
import time
from typing import Any

import pyvisa
from pyvisa.constants import ResourceAttribute

from instruments.errors import InstrumentError, NotConnectedError
from instruments.transport import sockets
from instruments.transport.addresses import parse_address
from instruments.transport.framing import decode_line
from instruments.transport.messages import VisaMessages
from instruments.transport.stream import SocketStream
from instruments.transport.visa_errors import as_instrument_error, close_half_open
from instruments.transport.wire import ANY_LINE, Expected, Payload, Transport, Wire

_MAX_EMPTY_LINES = 1000

_manager_lock = threading.Lock()
# A failed opening is a typed error here; pyvisa-py would print its traceback too.
logging.getLogger("pyvisa").setLevel(logging.CRITICAL)


def open_wire(
    resource: str,
    *,
    backend: str = "@py",
    open_timeout_s: float = 2.0,
    io_timeout_s: float = 5.0,
) -> Wire:
    """Open a session and prove with ``*IDN?`` that somebody answers.

    Parameters
    ----------
    resource
        VISA resource, for instance ``TCPIP::10.0.0.7::hislip0::INSTR``.
    backend
        VISA library, ``"@py"`` or ``"@ivi"``.
    open_timeout_s, io_timeout_s
        Longest wait for the connection and for one reply.

    Returns
    -------
    Wire
        A session for one thread.

    Raises
    ------
    NotConnectedError
        If the instrument cannot be reached or the name is no VISA resource.
    InstrumentTimeoutError
        If it does not answer in time.
    GarbledReplyError
        If its answer is no text.
    """
    address = parse_address(resource)
    if backend == "@py" and address.host is not None and address.port is not None:
        sockets.reach(address.host, address.port, open_timeout_s)
    session = _open_session(resource, backend, open_timeout_s)
    wire = VisaWire(
        session,
        resource=resource,
        transport=address.transport,
        io_timeout_s=io_timeout_s,
    )
    try:
        # An instrument that answers every command with a line may owe some.
        wire.query("*IDN?", Expected(skips_empty_lines=True))
    except InstrumentError:
        wire.close()
        raise
    return wire


class VisaWire(Wire):
    """One VISA session; dead after its first error."""

    def __init__(
        self, session: Any, *, resource: str, transport: Transport, io_timeout_s: float
    ) -> None:
        self._session = session
        self._resource = resource
        self._transport = transport
        self._io_timeout_s = io_timeout_s
        self._dead_because: str | None = None
        self._messages: VisaMessages | None = None
        self._stream: SocketStream | None = None
        session.timeout = io_timeout_s * 1e3
        connection = _tuned_socket(session)
        if connection is not None and transport is Transport.SOCKET:
            self._stream = SocketStream(connection)
        else:
            is_socket = transport is Transport.SOCKET
            self._messages = VisaMessages(session, marks_end=not is_socket)
            if is_socket:
                session.read_termination = "\n"

    @property
    def transport(self) -> Transport:
        """What carries the messages."""
        return self._transport

    def write(self, message: str) -> None:
        """Send a message that is not answered."""
        self._check_alive()
        try:
            self._send(message, self._deadline_s())
        except Exception as error:  # noqa: BLE001 - pyvisa-py raises bare Exception
            raise self._died(error) from None

    def query(self, message: str, expected: Expected = ANY_LINE) -> str:
        """Send a message and read its text reply."""
        self._check_alive()
        try:
            if expected.timeout_s is None or self._messages is None:
                return self._query(message, expected)
            self._session.timeout = 1e3 * max(expected.timeout_s, self._io_timeout_s)
            reply = self._query(message, expected)
            self._session.timeout = 1e3 * self._io_timeout_s
        except Exception as error:  # noqa: BLE001 - pyvisa-py raises bare Exception
            raise self._died(error) from None
        return reply

    def query_block(self, message: str, likely_bytes: int = 0) -> Payload:
        """Send a message and read the block that answers it, by its own length."""
        self._check_alive()
        deadline_s = self._deadline_s()
        try:
            self._send(message, deadline_s)
            if self._stream is not None:
                return self._stream.read_block(deadline_s)
            assert self._messages is not None
            return self._messages.read_block(deadline_s, likely_bytes)
        except Exception as error:  # noqa: BLE001 - pyvisa-py raises bare Exception
            raise self._died(error) from None

    def close(self) -> None:
        """End the session, never the resource manager, which all sessions share."""
        self._dead_because = self._dead_because or "it was closed"
        with contextlib.suppress(Exception):
            self._session.close()

    def _query(self, message: str, expected: Expected) -> str:
        deadline_s = self._deadline_s(expected.timeout_s)
        self._send(message, deadline_s)
        reader = self._stream or self._messages
        assert reader is not None
        line = decode_line(reader.read_line(deadline_s, expected.max_bytes))
        for _ in range(_MAX_EMPTY_LINES if expected.skips_empty_lines else 0):
            if line:
                break
            line = decode_line(reader.read_line(deadline_s, expected.max_bytes))
        return line

    def _check_alive(self) -> None:
        if self._dead_because is not None:
            raise NotConnectedError(
                f"{self._resource}: the session is over, {self._dead_because}"
            )

    def _died(self, error: Exception) -> InstrumentError:
        typed = as_instrument_error(error, self._resource)
        self._dead_because = str(typed)
        return typed

    def _deadline_s(self, timeout_s: float | None = None) -> float:
        return time.monotonic() + max(timeout_s or 0.0, self._io_timeout_s)

    def _send(self, message: str, deadline_s: float) -> None:
        data = f"{message}\n".encode("ascii")
        if self._stream is not None:
            self._stream.send(data, deadline_s)
        else:
            assert self._messages is not None
            self._messages.send(data, deadline_s)


def _open_session(resource: str, backend: str, open_timeout_s: float) -> Any:
    with _manager_lock:
        manager = pyvisa.ResourceManager(backend)
    try:
        return manager.open_resource(resource, open_timeout=int(open_timeout_s * 1e3))
    except Exception as error:  # noqa: BLE001 - pyvisa-py raises bare Exception
        close_half_open(error)
        # pyvisa-py reports every failed HiSLIP opening as a timeout.
        raise NotConnectedError(f"{resource}: it does not open a session") from None


def _tuned_socket(session: Any) -> socket.socket | None:
    # pyvisa-py hides the sockets of its sessions, and offers no way to tune them.
    sessions = getattr(session.visalib, "sessions", {})
    interface = getattr(sessions.get(session.session), "interface", None)
    if isinstance(interface, socket.socket):
        sockets.tune(interface)
        return interface
    connection = getattr(interface, "sock", None)
    if interface is not None and isinstance(connection, socket.socket):
        sockets.tune(connection)
        interface.sock = sockets.NoticingSocket(connection)
        return None
    with contextlib.suppress(pyvisa.errors.Error, OSError, NotImplementedError):
        session.set_visa_attribute(ResourceAttribute.tcpip_keepalive, True)
    connection = getattr(interface, "_sync", None)
    is_posix = os.name == "posix"
    if interface is not None and is_posix and isinstance(connection, socket.socket):
        interface._sync = sockets.ReadAheadSocket(connection)  # noqa: SLF001
    return None
