"""Reads request bodies within limits, while they arrive."""

from collections import Counter
from collections.abc import AsyncGenerator
from typing import Self

from fastapi import Request
from prometheus_client import Gauge
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from instruments.measurement.limits import MAX_BODY_BYTES
from instruments.measurement.long_bodies import Body
from service.access.routes import SWEEP_BODY_BYTES
from service.errors import (
    BodyTooLargeError,
    InvalidRequestError,
    QueueFullError,
    TooManyBytesError,
)

SMALL_BODY_BYTES = 1024 * 1024
"""Longest body of the calls that carry no sweep."""


_FEW_BODIES = 4


class BodyGate:
    """Counts the bytes of all bodies in hand and refuses more than fit.

    Parameters
    ----------
    limit_bytes
        Most bytes of bodies at once. One caller may have half of it, so that nobody
        shuts the others out.
    """

    def __init__(self, limit_bytes: int, gauge: Gauge) -> None:
        self._limit_bytes = limit_bytes
        # A single body must pass, or it never would.
        self._share_bytes = max(limit_bytes // 2, SWEEP_BODY_BYTES)
        self._held_bytes = 0
        self._bytes_of: Counter[str] = Counter()
        self._count = 0
        gauge.set_function(lambda: self._held_bytes)

    def hold(self, identity: str) -> "HeldBody":
        """Give a body whose bytes count until the block ends.

        Parameters
        ----------
        identity
            Who sends it; "" where nobody is told apart.
        """
        return HeldBody(self, identity)

    def enter(self) -> None:
        """Count one more body in hand."""
        self._count += 1

    def leave(self, size_bytes: int, identity: str) -> None:
        """Count one less, and its bytes."""
        self._count -= 1
        self._held_bytes -= size_bytes
        self._bytes_of[identity] -= size_bytes
        if not self._bytes_of[identity]:
            del self._bytes_of[identity]

    @property
    def is_crowded(self) -> bool:
        """Whether more bodies are in hand than a few pollers send."""
        return self._count > _FEW_BODIES

    def take(self, size_bytes: int, identity: str) -> None:
        """Count more bytes.

        Raises
        ------
        QueueFullError
            If the bodies in hand leave no room.
        TooManyBytesError
            If those of the caller alone leave it none.
        """
        own_bytes = self._bytes_of[identity]
        if identity and own_bytes + size_bytes > self._share_bytes:
            raise TooManyBytesError(
                f"{own_bytes} bytes of your bodies are in hand, one caller may have "
                f"{self._share_bytes}; wait for their answers"
            )
        if self._held_bytes and self._held_bytes + size_bytes > self._limit_bytes:
            raise QueueFullError(
                f"{self._held_bytes} bytes of other bodies are in hand; send it again"
            )
        self._held_bytes += size_bytes
        self._bytes_of[identity] += size_bytes


class HeldBody:
    """The bytes of one request, counted as they come, until the block ends."""

    def __init__(self, gate: BodyGate, identity: str) -> None:
        self._gate = gate
        self._identity = identity
        self.size_bytes = 0

    def __enter__(self) -> Self:
        """Take one body in hand."""
        self._gate.enter()
        return self

    def __exit__(self, *raised: object) -> None:
        """Give it back."""
        self._gate.leave(self.size_bytes, self._identity)

    async def read(self, request: Request, limit_bytes: int = MAX_BODY_BYTES) -> bytes:
        """Read the whole body.

        Raises
        ------
        BodyTooLargeError
            As soon as it is known to be longer than ``limit_bytes``; the rest is
            not read.
        QueueFullError, TooManyBytesError
            If other bodies leave no room.
        ClientDisconnect
            If it is broken off.
        """
        _check_length(declared_length(request), limit_bytes)
        return bytes(await self.collect(request.receive, limit_bytes))

    async def collect(self, receive: Receive, limit_bytes: int) -> Body:
        """Read the whole body, of whose announced length somebody has seen already.

        Raises
        ------
        As :meth:`read`.
        """
        chunks: list[Body] = []
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            more = message.get("more_body", False)
            if chunk := message.get("body"):
                self._gate.take(len(chunk), self._identity)
                self.size_bytes += len(chunk)
                _check_length(self.size_bytes, limit_bytes)
                chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def declared_length(request: Request) -> int:
    """Return the length that the request announces, 0 where it does not.

    Raises
    ------
    InvalidRequestError
        If the header is no number.
    """
    text = request.headers.get("content-length", "0")
    if not text.isdecimal():
        raise InvalidRequestError("Content-Length: must be a number")
    return int(text)


async def replay(body: bytes) -> AsyncGenerator[bytes, None]:
    """Yield a body that was read already, for parsers that want a stream."""
    yield body


def _check_length(size_bytes: int, limit_bytes: int) -> None:
    if size_bytes > limit_bytes:
        raise BodyTooLargeError(
            f"the body is longer than {limit_bytes} bytes; send fewer sweeps at once"
        )
