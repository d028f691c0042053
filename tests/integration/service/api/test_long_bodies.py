"""A long body is taken whole, however it comes, and what follows it is read right."""

import contextlib
import http.client
import socket
import time

import numpy as np
import pytest

from instruments.measurement.message import MSGPACK_MEDIA_TYPE, encode_sweeps
from service.access.routes import SWEEP_BODY_BYTES
from service.handlers import connections
from service.handlers.connections import GuardedConnection
from service.storage.sweep_queries import SweepFilter, list_sweeps, load_sweep

# The database plays no part in this.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

POINTS = 16_001
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(autouse=True)
def filled(monkeypatch) -> list[int]:
    """What was read past the parser."""
    sizes: list[int] = []
    fill = GuardedConnection.room_filled

    def count(connection, size_bytes):
        sizes.append(size_bytes)
        fill(connection, size_bytes)

    monkeypatch.setattr(GuardedConnection, "room_filled", count)
    return sizes


@pytest.fixture
def connect(client):
    url = client.base_url
    return lambda: socket.create_connection((url.host, url.port), timeout=60)


@pytest.fixture
def wire(connect):
    with connect() as wire:
        yield wire


def head(length: int | None, *more: str) -> bytes:
    framing = "Transfer-Encoding: chunked"
    if length is not None:
        framing = f"Content-Length: {length}"
    lines = ("Host: localhost", f"Content-Type: {MSGPACK_MEDIA_TYPE}", framing, *more)
    return "\r\n".join(("POST /api/v1/sweeps HTTP/1.1", *lines, "", "")).encode()


def answer(wire: socket.socket) -> tuple[int, bytes]:
    # Byte by byte: what is read ahead belongs to the next answer.
    with wire.makefile("rb", buffering=0) as file:
        status = int(file.readline().split()[1])
        length = int(http.client.parse_headers(file)["content-length"])
        text = b""
        while len(text) < length:
            text += file.read(length - len(text))
        return status, text


def assert_stored(context, *sweeps) -> None:
    with context.database.read() as transaction:
        stored = {
            record.content_hash: load_sweep(transaction, record)
            for record in list_sweeps(transaction, SweepFilter(), limit=10)
        }
    assert stored == {sweep.content_hash(): sweep for sweep in sweeps}


def test_head_body_and_the_next_request_come_in_any_pieces(
    context, wire, make_sweep, filled
):
    sweeps = [make_sweep(seed, points=POINTS) for seed in range(4)]
    for sweep, split in zip(sweeps, (0, 1, 70_000, 200_000), strict=True):
        body = encode_sweeps([sweep])
        message = head(len(body)) + body + GET
        wire.sendall(message[:split])
        time.sleep(0.05)
        wire.sendall(message[split:])
        assert answer(wire)[0] == 201
        assert answer(wire)[0] == 200
        wire.sendall(GET)
        assert answer(wire)[0] == 200
    assert sum(filled) > 2 * len(body)
    assert_stored(context, *sweeps)


def test_what_waits_for_more_is_handed_on(
    context, wire, make_sweep, monkeypatch, filled
):
    monkeypatch.setattr(connections, "GATHER_S", 0.05)
    sweep = make_sweep(points=POINTS)
    body = encode_sweeps([sweep])
    step = len(body) // 4
    # Where the machine stands still, pieces come together.
    for _ in range(10):
        filled.clear()
        wire.sendall(head(len(body)))
        for at in range(0, len(body), step):
            wire.sendall(body[at : at + step])
            time.sleep(0.15)
        assert answer(wire)[0] == 201
        if len(filled) > 2:
            break
    assert len(filled) > 2
    assert_stored(context, sweep)


def test_a_body_of_many_rooms_is_taken(context, wire, make_sweep, filled):
    sweeps = [make_sweep(seed, points=POINTS) for seed in range(4)]
    body = encode_sweeps(sweeps)
    for _ in range(2):
        wire.sendall(head(len(body)) + body)
        assert answer(wire)[0] == 201
    assert sum(filled) > len(body)
    assert_stored(context, *sweeps)


def test_requests_behind_each_other_are_answered_in_turn(wire, make_sweep):
    bodies = [encode_sweeps([make_sweep(seed, points=POINTS)]) for seed in range(3)]
    wire.sendall(b"".join(head(len(body)) + body + GET for body in bodies))
    assert [answer(wire)[0] for _ in range(6)] == 3 * [201, 200]


def test_a_chunked_body_is_parsed(context, wire, make_sweep, filled):
    sweep = make_sweep(points=POINTS)
    body = encode_sweeps([sweep])
    wire.sendall(head(None))
    for at in range(0, len(body), 100_000):
        chunk = body[at : at + 100_000]
        wire.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
    wire.sendall(b"0\r\n\r\n" + GET)
    assert answer(wire)[0] == 201
    assert answer(wire)[0] == 200
    assert not filled
    assert_stored(context, sweep)


def test_two_lengths_are_refused(connect, filled):
    for line in (
        "Transfer-Encoding: chunked",
        "Content-Length: 7",
        "Content-Length: 1e6",
    ):
        with connect() as wire:
            wire.sendall(head(400_000, line) + bytes(100_000))
            assert wire.recv(4000).startswith(b"HTTP/1.1 400 ")
    assert not filled


def test_a_client_that_asks_first_is_told_to_go_on(wire, make_sweep):
    body = encode_sweeps([make_sweep(points=POINTS)])
    wire.sendall(head(len(body), "Expect: 100-continue"))
    assert wire.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.sendall(body + GET)
    assert answer(wire)[0] == 201
    assert answer(wire)[0] == 200
    wire.sendall(head(len(body), "Connection: close") + body)
    assert answer(wire)[0] == 201
    assert wire.recv(1) == b""


def test_garbage_of_full_length_is_refused_and_what_follows_is_read(wire):
    rng = np.random.default_rng(0)
    for first in (b"", b"\x81\xa6traces", b"\x85"):
        body = first + rng.bytes(400_000)
        wire.sendall(head(len(body)) + body + GET)
        status, text = answer(wire)
        assert status == 422, text
        assert answer(wire)[0] == 200


def test_a_body_that_is_broken_off_in_its_room_holds_nothing(client, connect, filled):
    for _ in range(3):
        with connect() as wire:
            wire.sendall(head(400_000) + bytes(200_000))
            time.sleep(0.1)
    deadline_s = time.monotonic() + 60
    while "halowatch_body_bytes 0.0" not in client.get("metrics").text or not filled:
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    assert client.get("sweeps").json()["sweeps"] == []


def test_a_body_that_dries_up_in_its_room_is_cut_off(wire, monkeypatch, filled):
    monkeypatch.setattr(connections, "BODY_CHECK_S", 0.3)
    wire.sendall(head(400_000) + bytes(200_000))
    with contextlib.suppress(ConnectionError):
        for _ in range(900):
            wire.sendall(b"\0")
            time.sleep(0.05)
        pytest.fail("the connection still takes bytes")
    assert filled


def test_a_body_that_is_refused_goes_past_and_what_follows_is_read(wire):
    wire.sendall(head(400_000, "Sec-Fetch-Site: cross-site") + bytes(400_000) + GET)
    assert answer(wire)[0] == 403
    with contextlib.suppress(ConnectionError):
        assert wire.recv(100)[:12] in (b"", b"HTTP/1.1 200")


def test_more_than_is_taken_is_refused_before_it_is_read(wire, filled):
    wire.sendall(head(SWEEP_BODY_BYTES + 1))
    assert answer(wire)[0] == 413
    assert not filled


def test_json_and_files_of_that_length_are_bytes(client, filled):
    content = b"not a file" * 40_000
    answered = client.post(
        "sweeps", files={"file": ("a.s2p", content)}, data={"cavity": "cavity-1"}
    )
    assert answered.status_code == 422
    answered = client.post(
        "sweeps",
        content=b'{"a": "' + content + b'"}',
        headers={"content-type": "application/json"},
    )
    assert answered.status_code == 422
    assert filled
