"""Bodies that are too long or too slow, and clients that never come to the point."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from service.access.routes import SMALL_BODY_BYTES, SWEEP_BODY_BYTES
from service.handlers import connections, intake

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What is tested here does not depend on the database."""

SOON_S = 0.3
PUT = b"PUT /api/v1/cavities/c HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def short_patience(client, monkeypatch) -> Iterator[pytest.MonkeyPatch]:
    """Shorten what a client may take; what is undone is patient again."""
    del client
    with monkeypatch.context() as changed:
        changed.setattr(connections, "HEAD_DEADLINE_S", SOON_S)
        changed.setattr(intake, "SILENCE_S", SOON_S)
        yield changed


@pytest.fixture
def dial(client) -> Iterator[Callable[..., socket.socket]]:
    opened: list[socket.socket] = []

    def dial(sent: bytes) -> socket.socket:
        wire = socket.create_connection(
            (client.base_url.host, client.base_url.port), 60
        )
        opened.append(wire)
        wire.sendall(sent)
        return wire

    yield dial
    for wire in opened:
        wire.close()


def everything(wire: socket.socket) -> bytes:
    parts = []
    try:
        while part := wire.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@pytest.mark.parametrize("sent", [b"", b"GET", PUT, PUT + b"X: y"])
def test_who_does_not_come_to_the_point_is_cut_off(client, dial, sent, short_patience):
    began_s = time.monotonic()
    assert everything(dial(sent)) == b""
    assert time.monotonic() - began_s > SOON_S / 2
    short_patience.undo()
    assert client.get("healthz").status_code == 200


def test_a_second_request_on_a_connection_must_come_to_the_point_too(dial, monkeypatch):
    wire = dial(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"200 OK" in wire.recv(65536)
    monkeypatch.setattr(connections, "HEAD_DEADLINE_S", SOON_S)
    wire.sendall(b"GET /hea")
    assert everything(wire) == b""


def test_a_body_that_stops_is_given_up(client, dial, monkeypatch):
    monkeypatch.setattr(intake, "SILENCE_S", SOON_S)
    wire = dial(PUT + b"Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
    answer = everything(wire)
    assert b"408 Request Timeout" in answer
    assert b"body_too_slow" in answer
    assert client.get("cavities/c").status_code == 404


def test_a_body_that_drips_is_given_up(dial, monkeypatch):
    monkeypatch.setattr(intake, "SILENCE_S", SOON_S)
    monkeypatch.setattr(intake, "SLOWEST_BYTES_PER_S", 1000.0)
    wire = dial(PUT + b"Content-Type: application/json\r\nContent-Length: 500\r\n\r\n")
    wire.settimeout(0.05)
    answer = b""
    for _ in range(900):
        try:
            wire.sendall(b" ")
            answer += wire.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            break
        if answer:
            break
    assert b"408 Request Timeout" in answer


@pytest.mark.parametrize(
    ("call", "limit"),
    [
        (b"PUT /api/v1/cavities/c", SMALL_BODY_BYTES),
        (b"POST /api/v1/alerts/a/acknowledge", SMALL_BODY_BYTES),
        (b"POST /api/v1/sweeps", SWEEP_BODY_BYTES),
    ],
)
def test_a_body_that_announces_too_much_is_not_read(dial, call, limit):
    length = str(limit + 1).encode()
    wire = dial(
        call + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
        b"application/json\r\nContent-Length: " + length + b"\r\n\r\n"
    )
    answer = everything(wire)
    assert b"413 " in answer
    assert b"body_too_large" in answer


@pytest.mark.parametrize("length", [b"-1", b"1e9", b"x", b"9" * 40])
def test_a_nonsensical_length_is_refused(client, dial, length):
    answer = everything(dial(PUT + b"Content-Length: " + length + b"\r\n\r\n"))
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413", b"HTTP/1.1 422"))
    assert client.get("healthz").status_code == 200


def test_a_body_without_a_length_is_cut_at_its_limit(client):
    def pieces() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * (SMALL_BODY_BYTES // 32)

    headers = {"content-type": "application/json"}
    answer = client.put("cavities/c", content=pieces(), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"
    assert client.get("cavities/c").status_code == 404


def test_a_long_body_that_flows_is_taken(client, post, make_sweep):
    assert post(client, make_sweep(points=20_001)).status_code == 201


def test_many_idle_connections_stop_nobody(client, dial, post, make_sweep):
    for _ in range(200):
        dial(b"GET /api/v1/cavities HTTP/1.1\r\n")
    assert post(client, make_sweep()).status_code == 201
