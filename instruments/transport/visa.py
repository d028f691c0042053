"""Wires through VISA; the only file that knows pyvisa.

Sessions that only look open, late replies, closed peers that are not noticed: the
facts behind each precaution are listed in ``docs/explanations/visa-sessions.md``.
"""

import contextlib
import logging
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyvisa
from pyvisa import rname
from pyvisa.constants import ResourceAttribute, StatusCode

from instruments.errors import (
    GarbledReplyError,
    InstrumentError,
    InstrumentTimeoutError,
    NotConnectedError,
)
from instruments.transport import sockets
from instruments.transport.framing import (
    MAX_LINE_BYTES,
    decode_line,
    parse_digit_count,
    parse_length,
)
from instruments.transport.wire import Wire

_CHUNK_BYTES = 1024 * 1024
_BYTES_PER_S = 1_000_000
"""Slowest transfer that a deadline for a block allows for."""

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
    host = _parse_host(resource) if backend == "@py" else None
    if host is not None:
        sockets.reach(*host, open_timeout_s)
    with _typed_errors(resource):
        session = _open_session(resource, backend, open_timeout_s)
    wire = VisaWire(session, resource=resource, io_timeout_s=io_timeout_s)
    try:
        wire.query("*IDN?")
    except InstrumentError:
        wire.close()
        raise
    return wire


class VisaWire(Wire):
    """One VISA session; dead after its first error."""

    def __init__(self, session: Any, *, resource: str, io_timeout_s: float) -> None:
        self._session = session
        self._resource = resource
        self._io_timeout_s = io_timeout_s
        self._dead_because: str | None = None
        self._socket = _socket_of(session)
        session.timeout = io_timeout_s * 1e3
        if self._socket is not None:
            sockets.tune(self._socket)
        else:
            _enable_keepalive(session)
            if resource.upper().endswith("SOCKET"):
                session.read_termination = "\n"

    def write(self, message: str) -> None:
        """Send a message that is not answered."""
        with self._alive():
            self._send(message)

    def query(self, message: str) -> str:
        """Send a message and read its text reply."""
        with self._alive():
            self._send(message)
            return decode_line(self._read_line(self._deadline_s()))

    def query_block(self, message: str) -> bytes:
        """Send a message and read the block that answers it, by its own length."""
        with self._alive():
            self._send(message)
            deadline_s = self._deadline_s()
            digit_count = parse_digit_count(self._read_exactly(2, deadline_s))
            length = parse_length(self._read_exactly(digit_count, deadline_s))
            payload = self._read_exactly(length, deadline_s + length / _BYTES_PER_S)
            end = self._read_line(self._deadline_s())
            if end.strip(b"\r\n"):
                raise GarbledReplyError(
                    f"{len(end)} bytes follow a block of {length} bytes"
                )
            return payload

    def close(self) -> None:
        """End the session, never the resource manager, which all sessions share."""
        self._dead_because = self._dead_because or "it was closed"
        with contextlib.suppress(pyvisa.errors.Error, OSError, AttributeError):
            self._session.close()

    @contextlib.contextmanager
    def _alive(self) -> Iterator[None]:
        if self._dead_because is not None:
            raise NotConnectedError(
                f"{self._resource}: the session is over, {self._dead_because}"
            )
        try:
            with _typed_errors(self._resource):
                yield
        except InstrumentError as error:
            self._dead_because = str(error)
            raise

    def _deadline_s(self) -> float:
        return time.monotonic() + self._io_timeout_s

    def _send(self, message: str) -> None:
        if self._socket is not None:
            if sockets.has_unread(self._socket):
                sockets.peek(self._socket, 1, self._deadline_s())
                raise GarbledReplyError("bytes arrived that nobody had asked for")
            sockets.wait_writable(self._socket, self._io_timeout_s)
        self._session.write_raw(f"{message}\n".encode("ascii"))

    def _read_exactly(self, count: int, deadline_s: float) -> bytes:
        received = bytearray()
        while len(received) < count:
            chunk = self._read_some(count - len(received), deadline_s, len)
            received += chunk
        return bytes(received)

    def _read_line(self, deadline_s: float) -> bytes:
        received = bytearray()
        while not received.endswith(b"\n"):
            if len(received) > MAX_LINE_BYTES:
                raise GarbledReplyError(f"a line exceeds {MAX_LINE_BYTES} bytes")
            try:
                received += self._read_some(4096, deadline_s, _through_newline)
            except _MessageEndError:
                break
        return bytes(received)

    def _read_some(
        self, count: int, deadline_s: float, take: Callable[[bytes], int]
    ) -> bytes:
        if self._socket is not None:
            seen = sockets.peek(self._socket, count, deadline_s)
            count = take(seen)
        elif time.monotonic() > deadline_s:
            raise InstrumentTimeoutError("no whole reply before the deadline")
        visa = self._session.visalib
        with self._session.ignore_warning(StatusCode.success_max_count_read):
            chunk, _ = visa.read(self._session.session, min(count, _CHUNK_BYTES))
        if not chunk:
            # HiSLIP marks the end of a message; pyvisa would ask for more for ever.
            raise _MessageEndError("the reply ends too early")
        return bytes(chunk)


class _MessageEndError(GarbledReplyError):
    """The message ended; an error where more bytes were announced."""


def _through_newline(seen: bytes) -> int:
    at = seen.find(b"\n")
    return len(seen) if at < 0 else at + 1


def _open_session(resource: str, backend: str, open_timeout_s: float) -> Any:
    with _manager_lock:
        manager = pyvisa.ResourceManager(backend)
    try:
        return manager.open_resource(resource, open_timeout=int(open_timeout_s * 1e3))
    except pyvisa.errors.VisaIOError as error:
        _close_half_open(error)
        # pyvisa-py reports every failed HiSLIP opening as a timeout.
        raise NotConnectedError("it does not open a session") from None


def _parse_host(resource: str) -> tuple[str, int] | None:
    try:
        parsed = rname.parse_resource_name(resource)
    except rname.InvalidResourceName as error:
        raise NotConnectedError(
            f"{resource} is no VISA resource such as "
            f"TCPIP::10.0.0.7::hislip0::INSTR ({error})"
        ) from None
    if isinstance(parsed, rname.TCPIPSocket):
        return parsed.host_address, int(parsed.port)
    if isinstance(parsed, rname.TCPIPInstr):
        device, _, port = parsed.lan_device_name.partition(",")
        if device.lower().startswith("hislip") and (port.isdigit() or not port):
            return parsed.host_address, int(port or 4880)
    return None


def _socket_of(session: Any) -> socket.socket | None:
    # pyvisa-py hides the socket of a SOCKET session, and offers no way to tune it.
    sessions = getattr(session.visalib, "sessions", {})
    interface = getattr(sessions.get(session.session), "interface", None)
    return interface if isinstance(interface, socket.socket) else None


def _enable_keepalive(session: Any) -> None:
    with contextlib.suppress(pyvisa.errors.Error, OSError, NotImplementedError):
        session.set_visa_attribute(ResourceAttribute.tcpip_keepalive, True)


@contextlib.contextmanager
def _typed_errors(resource: str) -> Iterator[None]:
    try:
        yield
    except InstrumentError as error:
        raise type(error)(f"{resource}: {error}") from None
    except pyvisa.errors.VisaIOError as error:
        if error.error_code == StatusCode.error_timeout:
            raise InstrumentTimeoutError(f"{resource}: no reply in time") from None
        raise NotConnectedError(f"{resource}: {error.description}") from None
    except TimeoutError:
        raise InstrumentTimeoutError(f"{resource}: no reply in time") from None
    except (AssertionError, struct.error, MemoryError, UnicodeError) as error:
        raise GarbledReplyError(
            f"{resource}: the reply breaks its protocol ({error!r:.120})"
        ) from None
    except (
        pyvisa.errors.Error,
        OSError,
        RuntimeError,
        ValueError,
        AttributeError,
    ) as error:
        raise NotConnectedError(f"{resource}: {error!r:.200}") from None


def _close_half_open(error: BaseException) -> None:
    """Close the sockets of a HiSLIP opening that failed half-way.

    pyvisa-py 0.8.1 leaves them to the garbage collector.
    """
    cause: BaseException | None = error
    while cause is not None:
        trace = cause.__traceback__
        while trace is not None:
            owner = trace.tb_frame.f_locals.get("self")
            for name in ("_sync", "_async"):
                if isinstance(half := getattr(owner, name, None), socket.socket):
                    half.close()
            trace = trace.tb_next
        cause = cause.__cause__ or cause.__context__
