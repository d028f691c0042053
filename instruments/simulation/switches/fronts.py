"""Doors of small instruments that answer text: HTTP and Telnet."""

import abc
import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol
from urllib.parse import unquote

from instruments.simulation.fronts.sessions import LOOPBACK, LoopbackServer
from instruments.simulation.switches.box import BoxFaults

TELNET_GREETING = b"\r\n"
"""What a Telnet box sends to a new client."""

MAX_REQUEST_LINES = 64
"""Most lines of one HTTP request."""


class Speaker(Protocol):
    """What stands behind a door, and what is wrong with it."""

    @property
    def faults(self) -> BoxFaults:
        """What is wrong."""
        ...


class _SilenceError(Exception):
    """The client waits in vain until it hangs up."""


class TextFront(LoopbackServer):
    """A server that answers a text with a text.

    Parameters
    ----------
    answer
        Makes the reply; None where there is none.
    speaker
        Whose faults reach the wire.

    Attributes
    ----------
    most_open_count
        Most requests that were under way at a time.
    """

    line_limit_bytes = 8 * 1024

    def __init__(self, answer: Callable[[str], str | None], speaker: Speaker) -> None:
        super().__init__()
        self._answer = answer
        self._speaker = speaker
        self._open_count = 0
        self.most_open_count = 0

    async def _reply(self, request: str) -> str | None:
        """Return what is said, after what is wrong has had its way."""
        self._open_count += 1
        self.most_open_count = max(self.most_open_count, self._open_count)
        try:
            faults = self._speaker.faults
            await asyncio.sleep(faults.reply_delay_s)
            if faults.is_silent:
                raise _SilenceError
            return secrets.token_hex(12) if faults.is_garbled else self._answer(request)
        finally:
            self._open_count -= 1

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            # A line longer than the limit raises ValueError: that connection ends.
            with suppress(ValueError):
                await self._converse(reader, writer)
        except _SilenceError:
            while await reader.read(self.line_limit_bytes):
                pass

    @abc.abstractmethod
    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer the requests of one connection."""


class LineFront(TextFront):
    """Serves text as ``TCPIP::127.0.0.1::PORT::SOCKET``, a line for a line.

    Parameters
    ----------
    greeting
        What is sent to a new client.
    terminator
        End of every reply.
    """

    def __init__(
        self,
        answer: Callable[[str], str | None],
        speaker: Speaker,
        *,
        greeting: bytes = b"",
        terminator: bytes = b"\r\n",
    ) -> None:
        super().__init__(answer, speaker)
        self._greeting = greeting
        self._terminator = terminator

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(self._greeting)
        while line := await reader.readline():
            request = line.decode("ascii", "replace").strip()
            reply = await self._reply(request) if request else None
            if reply is not None:
                writer.write(reply.encode() + self._terminator)
                await writer.drain()


class HttpFront(TextFront):
    """Serves text as the body of ``GET /TEXT``, one request a connection."""

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        first = (await reader.readline()).decode("ascii", "replace").split()
        for _ in range(MAX_REQUEST_LINES):
            if not (await reader.readline()).strip():
                break
        if len(first) < 2 or first[0] not in ("GET", "POST"):
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return
        body = await self._reply(unquote(first[1].removeprefix("/")))
        status = "404 Not Found" if body is None else "200 OK"
        content = (body or "").encode()
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode() + content)
        await writer.drain()


class HttpAddress:
    """Where an HTTP door is."""

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def resource(self) -> str:
        """Address on this machine."""
        return f"http://{LOOPBACK}:{self.port}"
