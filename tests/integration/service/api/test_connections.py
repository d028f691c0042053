"""Connections that say nothing, or say it slowly, stop nobody."""

import contextlib
import http.client
import socket
import threading
import time

import httpx
import pytest

from instruments.measurement.message import MSGPACK_MEDIA_TYPE, encode_sweeps
from service.access.routes import SWEEP_BODY_BYTES
from service.handlers import connections, lingering
from service.handlers.connections import GuardedConnection
from service.handlers.intake import BodyIntake

# The database plays no part in this.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def impatient(client, monkeypatch):
    """Shorten what a connection may take; what is undone is patient again."""
    del client
    with monkeypatch.context() as changed:
        changed.setattr(connections, "HEAD_DEADLINE_S", 0.5)
        changed.setattr(connections, "BODY_CHECK_S", 0.5)
        yield changed


def is_one_try_good(act, tries=10) -> bool:
    """Tell whether something succeeds in one of some tries.

    With a service that is impatient, a machine that stands still spoils a try.
    """
    for _ in range(tries):
        with contextlib.suppress(ConnectionError, http.client.HTTPException):
            act()
            return True
    return False


def connect(client) -> socket.socket:
    url = client.base_url
    return socket.create_connection((url.host, url.port), timeout=60)


def assert_closed(wire: socket.socket, within_s: float = 60.0) -> None:
    wire.settimeout(within_s)
    # A last answer may come before the end.
    with contextlib.suppress(ConnectionError):
        while wire.recv(1000):
            pass


def head_of(client, length: int) -> bytes:
    return (
        f"POST {client.base_url.path}sweeps HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: {MSGPACK_MEDIA_TYPE}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def test_a_connection_that_says_nothing_is_closed(client, impatient):
    with connect(client) as wire:
        assert_closed(wire)


def test_a_head_byte_by_byte_is_cut_off(client, impatient):
    with connect(client) as wire, contextlib.suppress(ConnectionError):
        started_s = time.monotonic()
        for byte in b"GET /healthz HTTP/1.1\r\nX-Slow: " + b"a" * 1000:
            wire.sendall(bytes([byte]))
            time.sleep(0.05)
            if time.monotonic() - started_s > 60:
                pytest.fail("the connection still takes bytes")
    impatient.undo()
    assert client.get("healthz").status_code == 200


def test_a_head_without_end_is_refused(client):
    with connect(client) as wire, contextlib.suppress(ConnectionError):
        wire.sendall(b"GET /healthz HTTP/1.1\r\n")
        for _ in range(200):
            wire.sendall(b"X-Long: " + b"a" * 8000)
        assert_closed(wire)
    with connect(client) as wire:
        wire.sendall(b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 70_000)
        assert b" 400 " in wire.recv(1000)


def test_a_body_byte_by_byte_is_cut_off_and_holds_no_bytes(client, impatient):
    with connect(client) as wire, contextlib.suppress(ConnectionError):
        wire.sendall(head_of(client, 1000) + b"\x81")
        for _ in range(900):
            wire.sendall(b"\x00")
            time.sleep(0.05)
        pytest.fail("the connection still takes bytes")
    impatient.undo()
    assert "halowatch_body_bytes 0.0" in client.get("metrics").text


def test_a_body_that_keeps_coming_is_taken(client, impatient, make_sweep, monkeypatch):
    monkeypatch.setattr(connections, "LEAST_BODY_BYTES", 100)
    body = encode_sweeps([make_sweep(points=401)])

    def send():
        with connect(client) as wire:
            wire.sendall(head_of(client, len(body)))
            for at in range(0, len(body), len(body) // 8):
                wire.sendall(body[at : at + len(body) // 8])
                time.sleep(0.2)
            with http.client.HTTPResponse(wire) as answer:
                answer.begin()
                if answer.status == 408:
                    raise ConnectionError("it stood still")
                assert answer.status == 201

    assert is_one_try_good(send)


def test_a_sender_that_reads_last_is_told_why_its_body_was_refused(client):
    length = SWEEP_BODY_BYTES + 4 * 1024 * 1024
    for _ in range(5):
        with connect(client) as wire:
            wire.sendall(head_of(client, length))
            for _ in range(0, length, 1024 * 1024):
                wire.sendall(bytes(1024 * 1024))
            with http.client.HTTPResponse(wire) as answer:
                answer.begin()
                assert answer.status == 413
                assert b"body_too_large" in answer.read()
            # Nothing more is said, and nothing more is waited for.
            assert wire.recv(1) == b""


def test_a_refused_body_that_goes_on_and_on_is_cut_off(client, monkeypatch):
    monkeypatch.setattr(lingering, "LINGER_S", 0.5)
    with connect(client) as wire, contextlib.suppress(ConnectionError):
        wire.sendall(head_of(client, SWEEP_BODY_BYTES + 1))
        assert b" 413 " in wire.recv(1000)
        for _ in range(900):
            wire.sendall(b"\x00")
            time.sleep(0.05)
        pytest.fail("the connection still takes bytes")


def test_a_body_that_comes_at_once_is_handed_on_whole(
    client, context, make_sweep, monkeypatch
):
    pieces = []
    receive = BodyIntake.receive

    async def count(intake):
        message = await receive(intake)
        pieces.append(len(message["body"]))
        return message

    monkeypatch.setattr(BodyIntake, "receive", count)
    monkeypatch.setattr(connections, "GATHER_S", 60.0)
    body = encode_sweeps([make_sweep(points=8001)])
    with connect(client) as wire:
        for _ in range(3):
            wire.sendall(head_of(client, len(body)) + body)
            assert b" 201 " in wire.recv(4000)
    assert pieces == 3 * [len(body)]


def test_a_client_that_thinks_between_requests_is_kept(client, impatient):
    def ask():
        with connect(client) as wire:
            for _ in range(3):
                wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                # Head and body may come in two pieces.
                with http.client.HTTPResponse(wire) as answer:
                    answer.begin()
                    assert answer.status == 200
                    assert answer.read()
                time.sleep(0.8)

    assert is_one_try_good(ask)


@pytest.mark.parametrize("wait_s", [1.5])
def test_a_slow_answer_is_waited_for(client, impatient, post, make_sweep):
    def ask():
        try:
            answer = post(client, make_sweep(), path="sweeps?wait=diagnosis")
        except httpx.TransportError as error:
            raise ConnectionError(error) from error
        assert answer.status_code == 201
        assert answer.json()["results"][0]["diagnosis"] is None

    assert is_one_try_good(ask)


def test_the_newest_connection_takes_the_place_of_an_idle_one(
    client, monkeypatch, post, make_sweep
):
    monkeypatch.setattr(GuardedConnection, "max_connections", 5)
    with contextlib.ExitStack() as wires:
        idle = [wires.enter_context(connect(client)) for _ in range(12)]
        assert post(client, make_sweep()).status_code == 201
        for wire in idle[:3]:
            assert_closed(wire)


def test_hundreds_of_idle_and_slow_connections_do_not_stop_ingest(
    client, post, make_sweep
):
    over = threading.Event()
    with contextlib.ExitStack() as wires:
        idle = [wires.enter_context(connect(client)) for _ in range(600)]
        for wire in idle[:200]:
            wire.sendall(b"POST /api/v1/sweeps HTTP/1.1\r\nHost: l")
        for wire in idle[200:400]:
            wire.sendall(head_of(client, 5000) + b"\x81")

        def dribble():
            while not over.wait(0.05):
                for wire in idle[:400:20]:
                    with contextlib.suppress(OSError):
                        wire.sendall(b"a")

        thread = threading.Thread(target=dribble)
        thread.start()
        try:
            for seed in range(40):
                assert post(client, make_sweep(seed)).status_code == 201
        finally:
            over.set()
            thread.join()
    assert len(client.get("sweeps", params={"limit": 100}).json()["sweeps"]) == 40


def test_a_body_that_is_broken_off_is_no_failure_of_ours(client):
    for _ in range(3):
        with connect(client) as wire:
            wire.sendall(head_of(client, 5000) + b"\x81")
    deadline_s = time.monotonic() + 60
    while "invalid_request" not in client.get("metrics").text:
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    text = client.get("metrics").text
    assert 'status="500"' not in text
    assert "halowatch_body_bytes 0.0" in text
