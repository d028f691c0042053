"""The control port: HTTP on this machine alone, for the DAQ.

Bodies, threads and waits are bounded. Requests that a web page could make a browser
send (with an ``Origin``, or under another name than this machine's) are refused.
"""

import json
import logging
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from instruments.polling.control.calls import Answer, ControlCalls, refusal

MAX_BODY_BYTES = 16 * 1024
"""Longest body."""

MAX_THREADS = 16
"""Calls that are answered at the same time; further ones are told to come again."""

_READ_TIMEOUT_S = 5.0
_REQUEST_DEADLINE_S = 10.0
_POLL_S = 0.1
_LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})

_log = logging.getLogger(__name__)


class ControlPortError(Exception):
    """The port cannot be opened; the sentence names it and the mend."""


class ControlPort:
    """Serves the control port from threads of its own.

    Parameters
    ----------
    calls
        Answers the calls.
    port
        TCP port on 127.0.0.1; 0 for a free one.

    Raises
    ------
    ControlPortError
        If the port is taken.
    """

    def __init__(self, calls: ControlCalls, *, port: int) -> None:
        try:
            self._server = _Server(calls, port)
        except OSError as error:
            raise ControlPortError(
                f"control.port {port} on 127.0.0.1 cannot be opened "
                f"({error.strerror or error}); name another one, or 0"
            ) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(_POLL_S,),
            name="control-port",
            daemon=True,
        )

    @property
    def port(self) -> int:
        """The TCP port."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """End; calls that are being answered are cut off."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.cut_off()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Joined by ``cut_off``, after their sockets are shut.
    block_on_close = False
    request_queue_size = 64

    def __init__(self, calls: ControlCalls, port: int) -> None:
        self.calls = calls
        self._places = threading.Semaphore(MAX_THREADS)
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._unread: dict[socket.socket, float] = {}
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, or refuse where too many run."""
        if not self._places.acquire(blocking=False):
            self._refuse(request)
            return
        thread = threading.Thread(
            target=self._answer,
            args=(request, client_address),
            name="control-call",
            daemon=True,
        )
        with self._lock:
            self._open[request] = thread
            self._unread[request] = time.monotonic() + _REQUEST_DEADLINE_S
        thread.start()

    def service_actions(self) -> None:
        """Hang up on whoever sends a request too slowly."""
        now_s = time.monotonic()
        with self._lock:
            slow = [one for one, end_s in self._unread.items() if end_s < now_s]
        for connection in slow:
            _shut(connection)

    def note_read(self, request: Any) -> None:
        """Note that a whole request has come."""
        with self._lock:
            self._unread.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note a call that broke; the server goes on."""
        del request, client_address
        _log.debug("a call to the control port broke off", exc_info=True)

    def cut_off(self) -> None:
        """Shut the connections that are open, and wait for their threads."""
        with self._lock:
            running = list(self._open.items())
        for connection, thread in running:
            _shut(connection)
            thread.join(_READ_TIMEOUT_S)

    def _answer(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.pop(request, None)
                self._unread.pop(request, None)
            self._places.release()

    def _refuse(self, request: socket.socket) -> None:
        body = b'{"error": "too many calls at once; try again"}\n'
        head = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
        head += b"Content-Type: application/json\r\nConnection: close\r\n"
        head += f"Content-Length: {len(body)}\r\n\r\n".encode()
        try:
            request.settimeout(_POLL_S)
            request.sendall(head + body)
        except OSError:
            _log.debug("a call that was refused did not wait for the answer")
        self.shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "halowatch"
    sys_version = ""
    timeout = _READ_TIMEOUT_S
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Answer a call."""
        # A connection that stays open would keep a place.
        self.close_connection = True
        answer = self._refuse_strangers() or self._call()
        body = json.dumps(answer.document, allow_nan=False).encode() + b"\n"
        self.send_response(answer.status_code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET  # noqa: N815 - http.server wants these names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        """Keep quiet: the DAQ calls often."""

    def _call(self) -> Answer:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdigit():
            return refusal(411, "the body needs a Content-Length")
        if int(length) > MAX_BODY_BYTES:
            return refusal(413, f"the body may have {MAX_BODY_BYTES} bytes")
        body = self.rfile.read(int(length))
        self.server.note_read(self.connection)
        return self.server.calls.answer(self.command, self.path, body)

    def _refuse_strangers(self) -> Answer | None:
        name = self.headers.get("Host", "127.0.0.1").rpartition(":")
        host = name[0] or name[2]
        if host in _LOCAL_NAMES and "Origin" not in self.headers:
            return None
        return refusal(403, "this port answers programs on this machine, no web page")


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        _log.debug("a connection was closed already")
