"""The local webhook receiver: keeps every alert message and shows them on a page."""

import html
import json
import threading
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from instruments.clock import Clock

MAX_MESSAGE_BYTES = 1_000_000
"""Largest message that is read."""

MAX_MESSAGE_COUNT = 10_000
"""Messages kept; older ones go first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """One webhook message and when it arrived."""

    received_at: datetime
    message: dict[str, Any]


class WebhookReceiver:
    """An HTTP server on a free port of this machine that remembers what it got."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._messages: list[ReceivedMessage] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler_class())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where messages are posted, and where the page is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End the server and its thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5.0)

    def messages(self) -> list[ReceivedMessage]:
        """Return what has arrived so far, oldest first."""
        with self._lock:
            return list(self._messages)

    def _keep(self, message: dict[str, Any]) -> None:
        with self._lock:
            self._messages.append(
                ReceivedMessage(received_at=self._clock.now(), message=message)
            )
            del self._messages[:-MAX_MESSAGE_COUNT]

    def _handler_class(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10.0

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                if not 0 < length <= MAX_MESSAGE_BYTES:
                    self.send_error(413)
                    return
                try:
                    message = json.loads(self.rfile.read(length))
                except ValueError:
                    self.send_error(400, "not JSON")
                    return
                receiver._keep(message)
                self.send_response(204)
                self.end_headers()

            def do_GET(self) -> None:
                page = render_page(receiver.messages()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
                del format, args

        return Handler


def render_page(messages: list[ReceivedMessage]) -> str:
    """Write the received messages as one page, newest first."""
    rows = "".join(
        "<tr>"
        + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in describe(received))
        + "</tr>"
        for received in reversed(messages)
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta http-equiv=refresh content=2>"
        '<meta name=color-scheme content="dark light">'
        "<title>On-call channel</title><style>"
        "body{font:16px system-ui;margin:2rem}td,th{padding:.4rem 1rem;text-align:left;"
        "border-bottom:1px solid #8886}</style><h1>On-call channel of the demo</h1>"
        f"<p>{len(messages)} messages received by webhook</p><table><tr><th>received"
        f"<th>event<th>severity<th>where<th>what</tr>{rows}</table></html>"
    )


def describe(received: ReceivedMessage) -> tuple[str, str, str, str, str]:
    """Say a message in five words or phrases: when, event, severity, where, what."""
    message = received.message
    return (
        received.received_at.strftime("%H:%M:%S"),
        str(message.get("event", "?")),
        str(message.get("severity", "?")),
        str(message.get("cavity") or "array"),
        str(message.get("summary") or message.get("title") or ""),
    )
