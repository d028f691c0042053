"""A wire of text lines over TCP or Telnet, without VISA: plain socket, deadlines."""

import re
import select
import socket
import threading
import time

from instruments.errors import (
    GarbledReplyError,
    InstrumentError,
    InstrumentTimeoutError,
    NotConnectedError,
)
from instruments.transport import sockets
from instruments.transport.framing import MAX_LINE_BYTES, decode_line
from instruments.transport.wire import ANY_LINE, Expected, Payload, Wire

_RESOURCE = re.compile(
    r"TCPIP\d*::(?P<host>[^:]+)::(?P<port>\d{1,5})::SOCKET", re.IGNORECASE
)
_TELNET_COMMAND = re.compile(rb"\xff(?:[\xfb-\xfe].|[\xf0-\xfa])", re.DOTALL)
_MAX_GREETING_LINES = 4
_BLANK = b"\r\n \t\0"


def open_line_wire(
    resource: str,
    *,
    open_timeout_s: float = 2.0,
    io_timeout_s: float = 5.0,
    greeting: str | None = None,
) -> Wire:
    """Connect to an instrument that answers a line with a line.

    Parameters
    ----------
    resource
        ``TCPIP::HOST::PORT::SOCKET``.
    open_timeout_s, io_timeout_s
        Longest wait for the connection and for one reply, in s.
    greeting
        Word in the last line that the instrument says to a new client; None where
        it says nothing.

    Raises
    ------
    NotConnectedError
        If nobody listens there, or the name is no such resource.
    InstrumentTimeoutError
        If no answer came in time.
    """
    match = _RESOURCE.fullmatch(resource.strip())
    if match is None:
        raise NotConnectedError(f"{resource} is no TCPIP::HOST::PORT::SOCKET")
    try:
        address = (match["host"], int(match["port"]))
        connection = socket.create_connection(address, timeout=open_timeout_s)
    except TimeoutError:
        raise InstrumentTimeoutError(
            f"{resource}: does not answer within {open_timeout_s:g} s"
        ) from None
    except (OSError, OverflowError, UnicodeError) as error:
        raise NotConnectedError(f"{resource}: cannot be reached ({error})") from None
    sockets.tune(connection)
    wire = LineWire(connection, resource=resource, io_timeout_s=io_timeout_s)
    if greeting is not None:
        try:
            wire.skip_greeting(greeting)
        except InstrumentError:
            wire.close()
            raise
    return wire


class LineWire(Wire):
    """One connection; dead after its first error. Questions never overlap."""

    def __init__(
        self, connection: socket.socket, *, resource: str, io_timeout_s: float
    ) -> None:
        self._connection = connection
        self._resource = resource
        self._io_timeout_s = io_timeout_s
        self._received = bytearray()
        self._is_dead = False
        self._turn = threading.Lock()

    def skip_greeting(self, word: str) -> None:
        """Read lines through the one that holds a word, a few at most.

        Raises
        ------
        InstrumentError
            If it does not come in time, or other lines come.
        """
        deadline_s = time.monotonic() + self._io_timeout_s
        for _ in range(_MAX_GREETING_LINES):
            if word in decode_line(self._read_line(deadline_s, MAX_LINE_BYTES)):
                return
        self._is_dead = True
        raise GarbledReplyError(f"{self._resource}: is greeted by no {word}")

    def write(self, message: str) -> None:
        """Send a line."""
        with self._turn:
            try:
                self._send(message, time.monotonic() + self._io_timeout_s)
            except InstrumentError:
                self._is_dead = True
                raise

    def query(self, message: str, expected: Expected = ANY_LINE) -> str:
        """Send a line and read the next one that is not empty."""
        with self._turn:
            try:
                self._check_silence()
                timeout_s = expected.timeout_s or self._io_timeout_s
                deadline_s = time.monotonic() + timeout_s
                self._send(message, deadline_s)
                return decode_line(self._read_line(deadline_s, expected.max_bytes))
            except InstrumentError as error:
                self._is_dead = True
                raise type(error)(f"{self._resource}: {error}") from None

    def query_block(self, message: str, likely_bytes: int = 0) -> Payload:
        """Refuse: such instruments send no blocks."""
        del likely_bytes
        raise GarbledReplyError(f"{self._resource}: {message[:40]} asks for a block")

    def close(self) -> None:
        """End the connection."""
        self._is_dead = True
        self._connection.close()

    def _check_silence(self) -> None:
        """Refuse what arrived unasked; prompts and empty lines are no words."""
        if not self._is_dead and _has_unread(self._connection):
            self._receive(time.monotonic() + self._io_timeout_s)
        self._received = _without_telnet(self._received)
        if self._received.strip(_BLANK):
            raise GarbledReplyError("bytes arrived that nobody had asked for")
        self._received.clear()

    def _send(self, message: str, deadline_s: float) -> None:
        if self._is_dead:
            raise NotConnectedError("the connection is over")
        try:
            self._connection.settimeout(_left_s(deadline_s))
            self._connection.sendall(f"{message}\r\n".encode("ascii"))
        except TimeoutError:
            raise InstrumentTimeoutError("it takes no message") from None
        except (OSError, UnicodeError) as error:
            raise NotConnectedError(f"the connection was lost ({error})") from None

    def _read_line(self, deadline_s: float, max_bytes: int) -> bytes:
        while True:
            self._received = _without_telnet(self._received)
            self._received = self._received.lstrip(_BLANK)
            line, end, rest = self._received.partition(b"\n")
            if end:
                self._received = rest
                return bytes(line)
            if len(self._received) > min(max_bytes, MAX_LINE_BYTES):
                raise GarbledReplyError("the reply is longer than expected")
            self._receive(deadline_s)

    def _receive(self, deadline_s: float) -> None:
        try:
            self._connection.settimeout(_left_s(deadline_s))
            received = self._connection.recv(4096)
        except TimeoutError:
            raise InstrumentTimeoutError("no whole reply in time") from None
        except OSError as error:
            raise NotConnectedError(f"the connection was lost ({error})") from None
        if not received:
            raise NotConnectedError("the other side has hung up")
        self._received += received


def _has_unread(connection: socket.socket) -> bool:
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    return bool(poller.poll(0))


def _without_telnet(received: bytearray) -> bytearray:
    return bytearray(_TELNET_COMMAND.sub(b"", bytes(received)))


def _left_s(deadline_s: float) -> float:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0.0:
        raise InstrumentTimeoutError("no whole reply in time")
    return left_s
