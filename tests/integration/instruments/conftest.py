"""Small instruments on real sockets whose every answer a test decides."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

Answer = Callable[[str], "bytes | Drop | Late | None"]


@dataclass
class Drop:
    """Send these bytes, announced as more, then close."""

    first: bytes = b""


@dataclass
class Late:
    """Send these bytes when the test says so."""

    reply: bytes
    released: threading.Event = field(default_factory=threading.Event)


class ScriptedInstrument:
    """Answers each line by a function; raw SOCKET or HiSLIP, on a free port."""

    def __init__(self, answer: Answer, protocol: str) -> None:
        self.answer = answer
        self.protocol = protocol
        self.received: list[str] = []
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    @property
    def resource(self) -> str:
        if self.protocol == "socket":
            return f"TCPIP::127.0.0.1::{self.port}::SOCKET"
        return f"TCPIP::127.0.0.1::hislip0,{self.port}::INSTR"

    def stop(self) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            serve = {
                "socket": self._serve_lines,
                "hislip": self._serve_hislip,
                "stranger": self._serve_greeting,
            }[self.protocol]
            self._start(self._guarded, serve, connection)

    def _guarded(self, serve: Callable[..., None], connection: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), connection:
            serve(connection)

    def _serve_lines(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            while line := lines.readline():
                self._respond(line.decode().strip(), connection.sendall, connection)

    def _serve_greeting(self, connection: socket.socket) -> None:
        connection.sendall(b"220 welcome to what is no instrument at all\r\n")
        connection.recv(4096)

    def _serve_hislip(self, connection: socket.socket) -> None:
        while True:
            kind, parameter, payload = _read_hislip(connection)
            if kind == 0:
                connection.sendall(_hislip(1, 0x0100_0001))
            elif kind == 17:
                connection.sendall(_hislip(18, 0))
            elif kind == 15:
                connection.sendall(_hislip(16, 0, struct.pack("!Q", 1 << 20)))
            elif kind in (6, 7):
                self._respond(
                    payload.decode().strip(),
                    lambda reply, parameter=parameter: connection.sendall(
                        _hislip(7, parameter, reply)
                    ),
                    connection,
                    parameter,
                )

    def _respond(
        self,
        message: str,
        send: Callable[[bytes], None],
        connection: socket.socket,
        message_id: int | None = None,
    ) -> None:
        self.received.append(message)
        match self.answer(message):
            case bytes() as reply:
                send(reply)
            case Drop(first=first):
                if message_id is None:
                    connection.sendall(first)
                else:
                    head = _hislip(7, message_id, b"\0" * (len(first) + 999))[:16]
                    connection.sendall(head + first)
                connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            case Late(reply=reply, released=released):
                released.wait(10)
                send(reply)
            case None:
                pass


def _hislip(kind: int, parameter: int, payload: bytes = b"") -> bytes:
    return struct.pack("!2sBBIQ", b"HS", kind, 0, parameter, len(payload)) + payload


def _read_hislip(connection: socket.socket) -> tuple[int, int, bytes]:
    head = _exactly(connection, 16)
    _, kind, _, parameter, length = struct.unpack("!2sBBIQ", head)
    return kind, parameter, _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        chunk = connection.recv(count - len(received))
        if not chunk:
            raise EOFError
        received += chunk
    return received


@pytest.fixture(params=["socket", "hislip"])
def protocol(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def start_instrument() -> Iterator[Callable[..., ScriptedInstrument]]:
    started: list[ScriptedInstrument] = []

    def start(answer: Answer, protocol: str = "socket") -> ScriptedInstrument:
        started.append(ScriptedInstrument(answer, protocol))
        return started[-1]

    yield start
    for instrument in started:
        instrument.stop()


@pytest.fixture
def drop() -> type[Drop]:
    return Drop


@pytest.fixture
def late() -> type[Late]:
    return Late


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
