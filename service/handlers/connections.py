"""Connections that cost little while their other end says nothing, or little."""

from asyncio import TimerHandle
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.handlers.body_rooms import ROOM_BYTES, Lender, RoomyCycle, find_room
from service.handlers.lingering import LingeringTransport
from service.handlers.socket_reading import SocketReader

HEAD_DEADLINE_S = 10.0
"""Longest that a request's head may take, from the first byte, or from the opening of
its connection, in seconds."""

MAX_HEAD_BYTES = 64 * 1024
"""Longest head of a request."""

BODY_CHECK_S = 10.0
"""Time between two looks at a body that is coming, in seconds."""

LEAST_BODY_BYTES = 10 * 1024
"""Fewest bytes of a body between two looks; below, its connection is closed."""

GATHER_S = 0.25
"""Longest that a piece of a body waits for the next, in seconds."""


class GuardedConnection(HttpToolsProtocol):
    """An HTTP connection that is closed where its client keeps it waiting.

    Whoever opens ten thousand connections, or sends a byte every few seconds, holds
    descriptors and memory for seconds only. Where there are too many connections, one
    that waits for a request gives way to the newest.

    Attributes
    ----------
    lender
        Has memory for some long bodies; None where all are read to our own.
    """

    max_connections = 20_000
    lender: ClassVar[Lender | None] = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._timer: TimerHandle | None = None
        self._gathering: TimerHandle | None = None
        self._pieces: list[bytes] = []
        self._piece_bytes = 0
        self._reader = SocketReader(self)
        self._head_bytes: int | None = 0
        self._body_bytes = 0
        self._came_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Open; the head of the first request is expected soon."""
        transport.set_protocol(self._reader)
        super().connection_made(transport)
        self.transport: Any = LingeringTransport(transport, self.loop)
        if len(self.connections) > self.max_connections:
            self._make_room()
        self._watch(HEAD_DEADLINE_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Close."""
        super().connection_lost(exc)
        self._rest()
        self._hand_on()
        self._reader.room = None

    def room_filled(self, size_bytes: int) -> None:
        """Take bytes of a body that were read into its room."""
        room = self._reader.room
        assert room is not None
        if self.transport.is_lingering:
            self.transport.forget(size_bytes)
            return
        self._unset_keepalive_if_required()
        self._body_bytes += size_bytes
        room.fill(size_bytes)
        if room.is_whole:
            self._forgo_parser()
            self.on_message_complete()
            return
        if room.is_full:
            if not self.cycle.response_complete:
                self.flow.pause_reading()
            self._hand_on()
        self._keep_watch()

    def data_received(self, data: bytes | memoryview) -> None:
        """Take bytes, and count them while a head or a body is unfinished."""
        if self.transport.is_lingering:
            self.transport.forget(len(data))
            return
        if self._head_bytes is None:
            self._body_bytes += len(data)
        else:
            self._head_bytes += len(data)
        super().data_received(data)  # type: ignore[arg-type]  # the parser reads both
        if self._head_bytes == 0:
            return
        # Most requests come whole and need none of these.
        if (
            self._pieces
            and self._head_bytes is None
            and not self.cycle.response_complete
        ):
            self._reader.room = find_room(
                self.headers, self._came_bytes, self._pieces, self.lender
            )
            if self._reader.room is not None:
                self._pieces, self._piece_bytes = [], 0
        self._keep_watch()
        if self._head_bytes is not None and self._head_bytes > MAX_HEAD_BYTES:
            self.send_400_response("The head of the request is too long.")

    def on_headers_complete(self) -> None:
        """Begin the request; its body is expected to keep coming."""
        self._head_bytes = None
        self._body_bytes = self._came_bytes = 0
        self._rest()
        self.transport.body_is_coming = True
        super().on_headers_complete()
        self.cycle.__class__ = RoomyCycle

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body; it is handed on with those that come at once."""
        self._came_bytes += len(body)
        if self.cycle.response_complete:
            return
        self._pieces.append(body)
        self._piece_bytes += len(body)
        if self._piece_bytes + len(self.cycle.body) > ROOM_BYTES:
            self.flow.pause_reading()
            self._hand_on()

    def on_message_complete(self) -> None:
        """End the request; the next head may come at any time."""
        self._head_bytes = 0
        self.transport.body_is_coming = False
        self._rest()
        self._hand_on()
        self._reader.room = None
        super().on_message_complete()

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _keep_watch(self) -> None:
        is_body = self._head_bytes is None
        if self._timer is None:
            self._watch(BODY_CHECK_S if is_body else HEAD_DEADLINE_S)
        if is_body and self._gathering is None and (self._pieces or self._reader.room):
            self._gathering = self.loop.call_later(GATHER_S, self._hand_on)

    def _watch(self, delay_s: float) -> None:
        self._timer = self.loop.call_later(delay_s, self._look)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hand_on(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if self._reader.room is not None:
            self._hand_on_view(self._reader.room.take())
            return
        if not self._pieces:
            return
        if self.cycle.body:
            self._pieces.insert(0, bytes(self.cycle.body))
        pieces, self._pieces, self._piece_bytes = self._pieces, [], 0
        # What is no bytearray is not copied when it is read.
        self.cycle.body = pieces[0] if len(pieces) == 1 else b"".join(pieces)  # type: ignore[assignment]
        self.cycle.message_event.set()

    def _hand_on_view(self, view: memoryview) -> None:
        if view and not self.cycle.response_complete:
            assert isinstance(self.cycle, RoomyCycle)
            self.cycle.views += (view,)
            self.cycle.message_event.set()

    def _forgo_parser(self) -> None:
        # The old one waits for the rest of a body that went past it.
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)

    def _look(self) -> None:
        """Close what says too little; a paused body waits for us, not we for it."""
        self._timer = None
        is_slow = self._head_bytes is not None or self._body_bytes < LEAST_BODY_BYTES
        if is_slow and not self.flow.read_paused:
            self.transport.abort()
            return
        self._body_bytes = 0
        self._watch(BODY_CHECK_S)

    def _make_room(self) -> None:
        for other in self.connections:
            if other is self or not isinstance(other, GuardedConnection):
                continue
            if other.is_idle:
                other.transport.abort()
                return
