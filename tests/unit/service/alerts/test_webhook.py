"""One attempt at a real socket, and what it teaches."""

import socket

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
    with make_client(2.0) as client:
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
    assert "Timeout" in str(sent.error)


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
