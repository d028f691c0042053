"""Line and HTTP wires: deadlines, garbage, hang-ups, and one question at a time."""

import asyncio
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from instruments.errors import (
    GarbledReplyError,
    InstrumentTimeoutError,
    NotConnectedError,
)
from instruments.simulation.switches.box import BoxFaults
from instruments.simulation.switches.fronts import (
    TELNET_GREETING,
    HttpFront,
    LineFront,
)
from instruments.transport import open_http_wire, open_line_wire


class Scripted:
    """A TCP server that sends what it is told to, in pieces."""

    def __init__(self, *pieces, greeting=b"", hangs_up=True):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pieces, self._greeting, self._hangs_up = pieces, greeting, hangs_up
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        self._listener.settimeout(60)
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(60)
            connection.sendall(self._greeting)
            for piece in self._pieces:
                if not connection.recv(65536):
                    return
                connection.sendall(piece)
            if not self._hangs_up:
                self._ended.wait(60)

    def stop(self):
        self._ended.set()
        self._listener.close()
        self._thread.join(60)


@pytest.fixture
def scripted():
    running = []

    def start(*pieces, **habits):
        running.append(Scripted(*pieces, **habits))
        return running[-1].port

    yield start
    for one in running:
        one.stop()


PATIENT_S = 20.0
"""Longest wait for who is well; a machine may stand still for seconds."""


def line_wire(port, io_timeout_s=PATIENT_S, **settings):
    return open_line_wire(
        f"TCPIP::127.0.0.1::{port}::SOCKET",
        open_timeout_s=PATIENT_S,
        io_timeout_s=io_timeout_s,
        **settings,
    )


def http_wire(port, io_timeout_s=PATIENT_S):
    return open_http_wire(
        f"http://127.0.0.1:{port}", open_timeout_s=PATIENT_S, io_timeout_s=io_timeout_s
    )


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"", NotConnectedError),
        (b"half a line", NotConnectedError),
        (b"\xfe\xfd\n", GarbledReplyError),
        (b"x" * (2 << 20) + b"\n", GarbledReplyError),
    ],
)
def test_bad_line_is_an_error_and_the_wire_is_dead(reply, error, scripted):
    wire = line_wire(scripted(reply))
    with pytest.raises(error):
        wire.query("MN?")
    with pytest.raises((NotConnectedError, GarbledReplyError)):
        wire.query("MN?")
    wire.close()


def test_silence_ends_at_the_deadline(scripted):
    for wire in (
        line_wire(scripted(b"", hangs_up=False), 0.4),
        http_wire(scripted(b"", hangs_up=False), 0.4),
    ):
        began_s = time.monotonic()
        with pytest.raises(InstrumentTimeoutError):
            wire.query("MN?")
        assert time.monotonic() - began_s < 10.0
        wire.close()


def test_words_nobody_asked_for_are_refused(scripted):
    wire = line_wire(scripted(b"one\r\ntwo\r\n", b"three\r\n", hangs_up=False))
    assert wire.query("MN?") == "one"
    with pytest.raises(GarbledReplyError, match="nobody had asked"):
        wire.query("SN?")
    wire.close()


def test_offers_and_prompts_of_telnet_are_overlooked(scripted):
    offer = b"\xff\xfb\x01\xff\xfd\x1f\r\n"
    wire = line_wire(scripted(offer + b"MN=RC\r\n", b"SN=1\r\n", greeting=offer))
    assert wire.query("MN?") == "MN=RC"
    assert wire.query("SN?") == "SN=1"
    wire.close()


def test_greeting_is_read_and_another_one_refused(scripted):
    port = scripted(b"8\r\n", greeting=b"Model 430\r\nHello.\r\n")
    wire = line_wire(port, greeting="Hello")
    assert wire.query("FIELD:MAG?") == "8"
    wire.close()
    with pytest.raises((InstrumentTimeoutError, NotConnectedError, GarbledReplyError)):
        line_wire(scripted(greeting=b"a\r\nb\r\nc\r\nd\r\n"), greeting="Hello")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"", GarbledReplyError),
        (b"nonsense\r\n\r\n", GarbledReplyError),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", GarbledReplyError),
        (b"HTTP/1.1 302 Go\r\nLocation: http://x/\r\n\r\n", GarbledReplyError),
        (OK + b"\xff\xfe", GarbledReplyError),
        (OK[:20], GarbledReplyError),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * 99999,
            GarbledReplyError,
        ),
    ],
)
def test_bad_http_reply_is_an_error_and_the_wire_is_dead(reply, error, scripted):
    wire = http_wire(scripted(reply))
    with pytest.raises(error):
        wire.query("/MN?")
    with pytest.raises(NotConnectedError, match="is over"):
        wire.query("/MN?")
    wire.close()


@pytest.mark.parametrize(
    "address", ["", "ftp://x", "http://", "10.0.0.1", "http://[::1"]
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(NotConnectedError):
        open_http_wire(address)
    with pytest.raises(NotConnectedError):
        open_line_wire(address)


def test_nobody_there_is_told(free_port):
    with pytest.raises(NotConnectedError):
        line_wire(free_port)
    with pytest.raises(NotConnectedError):
        http_wire(free_port).query("/MN?")


class Speaking:
    faults = BoxFaults(reply_delay_s=0.005)


@pytest.mark.parametrize("kind", ["http", "telnet"])
def test_questions_never_overlap_and_get_their_own_answers(kind):
    loop, ready, ended = asyncio.new_event_loop(), Future(), asyncio.Event()
    front = (
        HttpFront(str.upper, Speaking())
        if kind == "http"
        else LineFront(str.upper, Speaking(), greeting=TELNET_GREETING)
    )

    async def serve():
        ready.set_result(await front.start())
        await ended.wait()
        await front.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    port = ready.result(60)
    wire = http_wire(port) if kind == "http" else line_wire(port)
    try:
        with ThreadPoolExecutor(8) as pool:
            asked = [f"word{number}" for number in range(40)]
            assert list(pool.map(wire.query, asked)) == [one.upper() for one in asked]
        assert front.most_open_count == 1
    finally:
        wire.close()
        loop.call_soon_threadsafe(ended.set)
        thread.join(60)
        loop.close()
