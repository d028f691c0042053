"""Where a long body is read to, straight from the socket, and how it is handed on."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

ROOM_BYTES = 512 * 1024
"""Most bytes of a body that are handed on as one piece where they come at once: each
piece wakes whoever reads it."""

_LEAST_BYTES = 16 * 1024
"""Less than this to come is not worth a room."""

_MOST_PER_BYTE = 16
"""Room for one byte that came: who announces much and sends little holds little."""


class Lender(Protocol):
    """Has memory that is better for some bodies than our own."""

    def lend(self, size_bytes: int) -> memoryview | None:
        """Lend that much, for as long as anything looks at it; None where not."""


class BodyRoom:
    """Where a body is read to whose length is known.

    Parameters
    ----------
    first
        What came of it already and was not handed on, fewer bytes than
        :data:`ROOM_BYTES`.
    left_bytes
        What is to come, at least one byte.
    lender
        Asked first for memory, where the body is to be one piece.
    """

    def __init__(
        self, first: bytes, left_bytes: int, lender: Lender | None = None
    ) -> None:
        self._left_bytes = left_bytes
        size_bytes = len(first) + left_bytes
        lent = lender.lend(size_bytes) if lender and size_bytes <= ROOM_BYTES else None
        self._view = _make_view(size_bytes) if lent is None else lent
        self._view[: len(first)] = first
        self._filled = len(first)
        self._taken = 0

    @property
    def space(self) -> memoryview:
        """Where the next bytes go; at least one as long as the body is not whole."""
        return self._view[self._filled :]

    @property
    def is_full(self) -> bool:
        """Whether what is there has to be taken before more can come."""
        return self._filled == len(self._view)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is to come."""
        return self._left_bytes == 0

    def fill(self, size_bytes: int) -> None:
        """Count bytes that were read into :attr:`space`."""
        self._filled += size_bytes
        self._left_bytes -= size_bytes

    def take(self) -> memoryview:
        """Return what came since the last call; nothing else is ever written there."""
        piece = self._view[self._taken : self._filled]
        self._taken = self._filled
        if self.is_full and not self.is_whole:
            self._view = _make_view(self._left_bytes)
            self._taken = self._filled = 0
        return piece


def find_room(
    headers: Sequence[tuple[bytes, bytes]],
    came_bytes: int,
    waiting: Sequence[bytes],
    lender: Lender | None = None,
) -> BodyRoom | None:
    """Return a room for the rest of a body; None where it has to be parsed.

    Parameters
    ----------
    headers
        Of the request, with names in lower case, as the parser has accepted them.
    came_bytes
        What came of the body.
    waiting
        The end of it, which was not handed on.
    lender
        As in :class:`BodyRoom`.
    """
    length = b""
    for name, value in headers:
        if name == b"content-length":
            length = value.strip()
        elif name == b"transfer-encoding":
            return None
    if not length.isdigit():
        return None
    left_bytes = int(length) - came_bytes
    room_bytes = min(int(length), ROOM_BYTES)
    if left_bytes < _LEAST_BYTES:
        return None
    if came_bytes * _MOST_PER_BYTE < room_bytes:
        return None
    first = b"".join(waiting)
    if len(first) >= ROOM_BYTES:
        return None
    return BodyRoom(first, left_bytes, lender)


def _make_view(size_bytes: int) -> memoryview:
    # Not a bytearray, which is filled with zeros first.
    return np.empty(min(size_bytes, ROOM_BYTES), np.uint8).data


class RoomyCycle(RequestResponseCycle):
    """A request whose body is handed on as it lies in its room.

    Attributes
    ----------
    views
        Pieces that wait, behind ``body``.
    """

    views: tuple[memoryview, ...] = ()

    async def receive(self) -> ASGIReceiveEvent:
        """Return what came of the body, as a view where it lies in one piece."""
        message = await super().receive()
        if self.views and message["type"] == "http.request":
            views, self.views = self.views, ()
            is_one = len(views) == 1 and not message["body"]
            message["body"] = (
                views[0] if is_one else b"".join((message["body"], *views))  # type: ignore[typeddict-item]
            )
        return message
