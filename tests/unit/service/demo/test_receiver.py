"""The webhook receiver takes messages over a real socket, and nothing else."""

from collections.abc import Iterator

import httpx
import pytest

from instruments.clock import SystemClock
from service.demo.receiver import MAX_MESSAGE_BYTES, WebhookReceiver


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    receiver = WebhookReceiver(SystemClock())
    receiver.start()
    yield receiver
    receiver.stop()


def test_a_message_is_kept_and_shown(receiver: WebhookReceiver) -> None:
    reply = httpx.post(
        receiver.url, json={"event": "raised", "summary": "ripple up"}, timeout=60
    )
    assert reply.status_code == 204
    (one,) = receiver.messages()
    assert one.message["summary"] == "ripple up"
    assert "ripple up" in httpx.get(receiver.url, timeout=60).text


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 413), (b"{", 400), (b"x" * (MAX_MESSAGE_BYTES + 1), 413)],
)
def test_garbage_is_refused(
    receiver: WebhookReceiver, content: bytes, status: int
) -> None:
    try:
        assert (
            httpx.post(receiver.url, content=content, timeout=60).status_code == status
        )
    except httpx.TransportError:
        # The refusal may close the connection before all of a long body is sent.
        assert len(content) > MAX_MESSAGE_BYTES
    assert receiver.messages() == []
