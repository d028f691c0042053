"""Spreads stored events to every listener: encoded once, shared, bounded."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

import orjson
import structlog

from service.errors import StorageUnavailableError
from service.storage.engine import Database
from service.storage.events import list_events, settled_events
from service.storage.records import EventRecord
from service.storage.watching import CommitWatch

CLIENT_QUEUE_BYTES = 1024 * 1024
"""Most bytes that wait for one slow listener; the oldest are dropped beyond."""

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


class Listener:
    """One client's queue of encoded events; drops the oldest when it overflows."""

    def __init__(self, limit_bytes: int = CLIENT_QUEUE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self.replayed_to = -1
        self.dropped = 0
        self.is_closed = False

    def push(self, event_id: int, chunk: bytes) -> None:
        """Queue shared bytes for this client."""
        self._waiting.append((event_id, chunk))
        self._waiting_bytes += len(chunk)
        while self._waiting_bytes > self._limit_bytes and len(self._waiting) > 1:
            self._waiting_bytes -= len(self._waiting.popleft()[1])
            self.dropped += 1
        self._arrived.set()

    def close(self) -> None:
        """End the client's stream once its queue is empty."""
        self.is_closed = True
        self._arrived.set()

    async def next(self, timeout_s: float) -> bytes | None:
        """Return all that waits, or None after ``timeout_s`` without anything.

        What was replayed is left out; empty bytes mean that the stream ends.
        """
        if not self._waiting and not self.is_closed:
            try:
                await asyncio.wait_for(self._arrived.wait(), timeout_s)
            except TimeoutError:
                return None
        chunk = b"".join(
            chunk for number, chunk in self._waiting if number > self.replayed_to
        )
        self._waiting.clear()
        self._waiting_bytes = 0
        self._arrived.clear()
        return chunk if chunk or self.is_closed else None


@dataclass(frozen=True, slots=True)
class _Page:
    """Events in the order of their numbers; none will ever come between them.

    Attributes
    ----------
    is_whole
        Whether it holds every event whose number was given by then.
    """

    events: list[EventRecord]
    is_whole: bool


class Broadcaster:
    """Follows the event table and feeds the listeners of this process.

    Events come from several processes; the table is what they share. The broadcaster
    reads it only while somebody listens, when something was committed, and once a
    second in any case. Nobody is told of an event before every one with a lower number
    is committed or given up, so the last that a listener saw tells all that it saw.

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
        await self._join(listener)
        try:
            if after is not None:
                async for chunk in self._replay(after, listener):
                    yield chunk
                if listener.is_closed:
                    return
            yield b": listening\n\n"
            while chunk_or_none := await self._wait(listener, heartbeat_s):
                yield chunk_or_none
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End every listener's stream."""
        self._is_closed = True
        for listener in self._listeners:
            listener.close()
        if self._task is not None:
            self._task.cancel()

    async def _wait(self, listener: Listener, heartbeat_s: float) -> bytes:
        chunk = await listener.next(heartbeat_s)
        return b": heartbeat\n\n" if chunk is None else chunk

    async def _join(self, listener: Listener) -> None:
        if not self._listeners:
            settled = await asyncio.to_thread(self._settled)
            # Another may have joined meanwhile.
            if not self._listeners:
                self._last = settled
        self._listeners.add(listener)
        if self._is_closed:
            listener.close()
        elif self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())

    async def _replay(self, after: int, listener: Listener) -> AsyncIterator[bytes]:
        # The listener joined first, so nothing falls between replay and live.
        left = REPLAY_LIMIT
        while left > 0:
            dropped = listener.dropped
            page = await asyncio.to_thread(self._read, after, self._last)
            if page.events:
                after = listener.replayed_to = page.events[-1].event_id
                left -= len(page.events)
                yield b"".join(encode_event(event) for event in page.events)
            elif listener.dropped == dropped:
                return
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
                page = _Page([], is_whole=True)
                await asyncio.sleep(1.0)
            self._spread(page.events)
            if len(page.events) < _PAGE:
                await self._idle(_LOOK_S if page.is_whole else 0.0)

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
        return _Page(events, is_whole=up_to >= newest)

    def _settled(self) -> int:
        with self._database.read() as transaction:
            return settled_events(transaction)[0]


def health_event(status: str, server_time: str) -> bytes:
    """Write the event that tells listeners how the service is."""
    body = orjson.dumps({"status": status, "server_time": server_time})
    return b"event: health\ndata: " + body + b"\n\n"
