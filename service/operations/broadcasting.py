"""Spreads stored events to every listener: encoded once, shared, bounded."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import orjson
import structlog

from service.errors import StorageUnavailableError
from service.operations.listening import CLIENT_QUEUE_BYTES, Listener
from service.storage.engine import Database
from service.storage.events import list_events, settled_events
from service.storage.records import EventRecord
from service.storage.watching import CommitWatch

REPLAY_LIMIT = 10_000
"""Most events that a resuming listener is sent at once. Its stream ends there, so that
it comes back for the rest."""

_PAGE = 1000

_LOOK_S = 1.0
"""Longest time without a look at the table, in seconds."""

_log = structlog.get_logger(__name__)


def encode_event(event: EventRecord) -> bytes:
    """Write an event as server-sent bytes."""
    text = f"id: {event.event_id}\nevent: {event.kind.value}\ndata: {event.body}\n\n"
    return text.encode()


def _first_of(events: Sequence[EventRecord]) -> Iterator[bytes]:
    """Encode as many events as a listener's queue would hold, one at least."""
    left = CLIENT_QUEUE_BYTES
    for number, event in enumerate(events):
        chunk = encode_event(event)
        left -= len(chunk)
        if left < 0 and number:
            return
        yield chunk


@dataclass(frozen=True, slots=True)
class _Page:
    """Events in the order of their numbers; none will ever come between them.

    Attributes
    ----------
    settled_number
        Up to which it holds every event, unless it is full.
    newest_number
        The last that was given by then.
    """

    events: list[EventRecord]
    settled_number: int
    newest_number: int


class Broadcaster:
    """Follows the event table and feeds the listeners of this process.

    Events come from several processes; the table is what they share. The broadcaster
    reads it only while somebody listens, when something was committed, and once a
    second in any case. Nobody is told of an event before every one with a lower number
    is committed or given up, so the last that a listener saw tells all that it saw. Who
    is too slow for its queue is told from the table behind it, until it has caught up.

    Parameters
    ----------
    poll_s
        Pause between two looks for commits, in seconds.
    """

    def __init__(self, database: Database, *, poll_s: float = 0.05) -> None:
        self._database = database
        self._poll_s = poll_s
        self._listeners: set[Listener] = set()
        self._last = 0
        self._task: asyncio.Task[None] | None = None
        self._watch = CommitWatch(database)
        self._is_closed = False

    @property
    def listeners(self) -> frozenset[Listener]:
        """Those that listen now."""
        return frozenset(self._listeners)

    @property
    def listener_count(self) -> int:
        """Clients that listen now."""
        return len(self._listeners)

    async def listen(
        self, after: int | None, heartbeat_s: float
    ) -> AsyncIterator[bytes]:
        """Yield encoded events until the broadcaster closes.

        Parameters
        ----------
        after
            Number of the last event that the client saw; None starts with now.
        heartbeat_s
            Longest silence in seconds; a comment line breaks it.
        """
        listener = Listener()
        await self._join(listener, after)
        try:
            async for chunk in self._catch_up(listener, REPLAY_LIMIT):
                yield chunk
            if not listener.is_closed:
                yield b": listening\n\n"
            while not listener.is_done:
                chunk_or_none = await listener.next(heartbeat_s)
                if chunk_or_none is None:
                    yield b": heartbeat\n\n"
                elif chunk_or_none:
                    yield chunk_or_none
                async for chunk in self._catch_up(listener):
                    yield chunk
        finally:
            self._listeners.discard(listener)

    @property
    def is_closed(self) -> bool:
        """Whether the service is about to end."""
        return self._is_closed

    def close(self) -> None:
        """End every listener's stream."""
        self._is_closed = True
        for listener in self._listeners:
            listener.close()
        if self._task is not None:
            self._task.cancel()

    async def _join(self, listener: Listener, after: int | None) -> None:
        if not self._listeners:
            settled = await asyncio.to_thread(self._settled)
            # Another may have joined meanwhile.
            if not self._listeners:
                self._last = settled
        listener.is_behind = after is not None
        listener.told = self._last if after is None else after
        self._listeners.add(listener)
        if self._is_closed:
            listener.close()
        elif self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())

    async def _catch_up(
        self, listener: Listener, most: float = math.inf
    ) -> AsyncIterator[bytes]:
        """Tell a listener that is behind from the table, at its own pace.

        Parameters
        ----------
        most
            Events after which the stream of who is still behind ends.
        """
        while listener.is_behind and not listener.is_closed:
            try:
                page = await asyncio.to_thread(self._read, listener.told, self._last)
            except StorageUnavailableError as error:
                _log.warning("stream_waits_for_storage", reason=str(error))
                yield b": waiting\n\n"
                await asyncio.sleep(1.0)
                continue
            if listener.told > page.newest_number:
                # A number of another database, or of one that was restored since.
                listener.told = page.settled_number
            chunks = list(_first_of(page.events))
            is_all = len(chunks) == len(page.events) < _PAGE
            if is_all and page.settled_number >= self._last:
                # From here on it is told of what is spread: before it is sent the page.
                listener.is_behind = False
            if chunks:
                listener.told = page.events[len(chunks) - 1].event_id
                most -= len(chunks)
                yield b"".join(chunks)
            if most <= 0 and listener.is_behind:
                listener.close()

    async def _follow(self) -> None:
        try:
            await self._follow_commits()
        finally:
            self._watch.close()

    async def _follow_commits(self) -> None:
        while self._listeners and not self._is_closed:
            try:
                page = await asyncio.to_thread(self._read, self._last)
            except StorageUnavailableError as error:
                _log.warning("stream_waits_for_storage", reason=str(error))
                page = _Page([], self._last, self._last)
                await asyncio.sleep(1.0)
            self._spread(page.events)
            if len(page.events) < _PAGE:
                await self._idle(
                    _LOOK_S if page.settled_number >= page.newest_number else 0.0
                )

    async def _idle(self, longest_s: float) -> None:
        """Pause, then wait until something was committed, at most so long."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + longest_s
        await asyncio.sleep(self._poll_s)
        while loop.time() < until_s and not self._is_closed:
            if await asyncio.to_thread(self._watch.has_news):
                return
            await asyncio.sleep(self._poll_s)

    def _spread(self, events: list[EventRecord]) -> None:
        for event in events:
            # While the page was read, all may have left and somebody have come.
            if event.event_id > self._last:
                self._last = event.event_id
                chunk = encode_event(event)
                for listener in self._listeners:
                    listener.push(event.event_id, chunk)

    def _read(self, after: int, known_settled: int = 0) -> _Page:
        """Read the next events; what was settled once stays so."""
        with self._database.read() as transaction:
            settled, newest = settled_events(transaction)
            up_to = max(settled, known_settled)
            events = list_events(transaction, after, _PAGE, up_to)
        return _Page(events, up_to, newest)

    def _settled(self) -> int:
        with self._database.read() as transaction:
            return settled_events(transaction)[0]


def health_event(status: str, server_time: str) -> bytes:
    """Write the event that tells listeners how the service is."""
    body = orjson.dumps({"status": status, "server_time": server_time})
    return b"event: health\ndata: " + body + b"\n\n"
