"""One attempt at a real socket, and what it teaches."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from service.alerts.webhook import make_client, send


@pytest.mark.parametrize(
    ("status", "delivered", "permanent"),
    [
        (200, True, False),
        (204, True, False),
        (302, False, True),
        (400, False, True),
        (404, False, True),
        (408, False, False),
        (429, False, False),
        (500, False, False),
        (503, False, False),
    ],
)
def test_the_status_decides_on_retry(webhook, status, delivered, permanent):
    webhook.status = status
    with make_client(60.0) as client:
        sent = send(client, webhook.url, {"alert_id": "a"})
    assert (sent.is_delivered, sent.is_permanent) == (delivered, permanent)
    assert sent.http_status == status
    assert webhook.messages + webhook.refused == [{"alert_id": "a"}]


def test_a_silent_webhook_is_left_after_the_timeout(webhook):
    webhook.hold.clear()
    with make_client(0.2) as client:
        sent = send(client, webhook.url, {})
    assert not sent.is_delivered
    assert not sent.is_permanent
    assert "within 0.2 s" in str(sent.error)


class Drip:
    """Answers byte by byte, each well within any timeout of a read, without an end."""

    def __init__(self, first: bytes) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._first = first
        self._stop = threading.Event()
        self.was_cut = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self.port = self._listener.getsockname()[1]

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(self._first)
            while not self._stop.wait(0.02):
                try:
                    connection.sendall(b"x")
                except OSError:
                    self.was_cut.set()
                    return

    def close(self) -> None:
        self._stop.set()
        self._thread.join(60.0)
        self._listener.close()


@pytest.fixture
def drip(request) -> Iterator[Drip]:
    server = Drip(request.param)
    yield server
    server.close()


@pytest.mark.parametrize(
    ("drip", "scheme"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Endless: ", "http"),
        # The header of a TLS record of 16,000 bytes: a handshake that never ends.
        (b"\x16\x03\x03\x3e\x80\x02", "https"),
    ],
    indirect=["drip"],
)
def test_an_answer_that_drips_is_cut_off_at_the_deadline(drip, scheme):
    began_s = time.monotonic()
    with make_client(0.4) as client:
        sent = send(client, f"{scheme}://127.0.0.1:{drip.port}/alerts", {})
    assert time.monotonic() - began_s < 5.0
    assert not sent.is_delivered
    assert not sent.is_permanent
    assert "within 0.4 s" in sent.error or "timed out" in sent.error
    assert drip.was_cut.wait(60.0)


def test_an_answer_with_an_endless_body_counts_by_its_status():
    server = Drip(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
    with make_client(60.0) as client:
        sent = send(client, f"http://127.0.0.1:{server.port}/alerts", {})
    server.close()
    assert sent.is_delivered


def test_a_name_server_that_is_silent_is_not_waited_for(monkeypatch):
    asked = threading.Event()
    answer = threading.Event()

    def wait(*_: object, **__: object) -> None:
        asked.set()
        answer.wait(60.0)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    with make_client(0.2) as client:
        sent = send(client, "https://slow.example/alerts", {})
    answer.set()
    assert asked.is_set()
    assert not sent.is_delivered
    assert not sent.is_permanent


def test_a_closed_port_is_worth_another_try():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/alerts"
    with make_client(0.5) as client:
        sent = send(client, url, {})
    assert not sent.is_delivered
    assert not sent.is_permanent
    assert sent.http_status is None


def test_a_url_that_is_none_is_given_up():
    with make_client(0.5) as client:
        sent = send(client, "http://h\x00/", {})
    assert sent.is_permanent
