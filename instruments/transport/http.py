"""A wire over HTTP: a message is a path, its reply the body of the answer."""

import threading
import time
from urllib.parse import quote

import httpx

from instruments.errors import (
    GarbledReplyError,
    InstrumentError,
    InstrumentTimeoutError,
    NotConnectedError,
)
from instruments.tls import make_tls_context
from instruments.transport.wire import ANY_LINE, Expected, Payload, Wire

MAX_BODY_BYTES = 64 * 1024
"""Longest body that is taken from an instrument."""

_KEPT = "/?=:;,&%+@"


def open_http_wire(
    url: str, *, open_timeout_s: float = 2.0, io_timeout_s: float = 5.0
) -> Wire:
    """Make a wire to ``http://HOST:PORT``; it connects anew for every message.

    Parameters
    ----------
    url
        Where the instrument listens; a path in it precedes every message.
    open_timeout_s, io_timeout_s
        Longest wait for the connection and for one reply, in s.

    Raises
    ------
    NotConnectedError
        If the address is none.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise NotConnectedError(f"{url} is no http://HOST:PORT ({error})") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise NotConnectedError(f"{url} is no http://HOST:PORT")
    return HttpWire(
        url.rstrip("/"), open_timeout_s=open_timeout_s, io_timeout_s=io_timeout_s
    )


class HttpWire(Wire):
    """Requests to one instrument; they never overlap. Dead after its first error."""

    def __init__(self, url: str, *, open_timeout_s: float, io_timeout_s: float) -> None:
        self._url = url
        self._io_timeout_s = io_timeout_s
        self._is_dead = False
        self._turn = threading.Lock()
        # Small embedded servers keep no connection well; the environment's proxies
        # lead away from the laboratory.
        self._client = httpx.Client(
            timeout=httpx.Timeout(io_timeout_s, connect=open_timeout_s),
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"Connection": "close"},
            trust_env=False,
            verify=make_tls_context(),
            follow_redirects=False,
        )

    def write(self, message: str) -> None:
        """Send a message; its reply is read and forgotten."""
        self.query(message)

    def query(self, message: str, expected: Expected = ANY_LINE) -> str:
        """Send a message and return the body of the answer."""
        with self._turn:
            if self._is_dead:
                raise NotConnectedError(f"{self._url}: the connection is over")
            try:
                timeout_s = expected.timeout_s or self._io_timeout_s
                return self._get(message, time.monotonic() + timeout_s)
            except InstrumentError as error:
                self._is_dead = True
                raise type(error)(f"{self._url}: {error}") from None

    def query_block(self, message: str, likely_bytes: int = 0) -> Payload:
        """Refuse: such instruments send no blocks."""
        del likely_bytes
        raise GarbledReplyError(f"{self._url}: {message[:40]} asks for a block")

    def close(self) -> None:
        """Hang up."""
        self._is_dead = True
        self._client.close()

    def _get(self, message: str, deadline_s: float) -> str:
        path = quote(message, safe=_KEPT)
        separator = "" if path.startswith("/") or not path else "/"
        try:
            with self._client.stream("GET", f"{self._url}{separator}{path}") as answer:
                if answer.status_code != 200:
                    raise GarbledReplyError(
                        f"{message[:40]} was answered with HTTP {answer.status_code}"
                    )
                body = _read_body(answer, deadline_s)
        except httpx.TimeoutException:
            raise InstrumentTimeoutError("no whole reply in time") from None
        except (httpx.RemoteProtocolError, httpx.DecodingError) as error:
            raise GarbledReplyError(f"the reply is no HTTP ({error})") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError) as error:
            raise NotConnectedError(f"cannot be reached ({error})") from None
        return body.strip()


def _read_body(answer: httpx.Response, deadline_s: float) -> str:
    body = bytearray()
    for chunk in answer.iter_bytes():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise GarbledReplyError(f"the reply exceeds {MAX_BODY_BYTES} bytes")
        if time.monotonic() > deadline_s:
            raise InstrumentTimeoutError("no whole reply in time")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise GarbledReplyError("the reply is no text") from None
