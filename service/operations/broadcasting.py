"""Spreads stored events to every listener: encoded once, shared, bounded."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator

import orjson
import structlog

from service.errors import StorageUnavailableError
from service.storage.engine import Database
from service.storage.events import list_events, newest_event_id
from service.storage.records import EventRecord
from service.storage.watching import CommitWatch

CLIENT_QUEUE_BYTES = 1024 * 1024
"""Most bytes that wait for one slow listener; the oldest are dropped beyond."""

REPLAY_LIMIT = 10_000
"""Most events that a resuming listener is sent at once."""

_OVERLAP = 256
"""Numbers that are looked at again: PostgreSQL commits them out of order."""

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
        self.replayed: set[int] = set()
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
            chunk for number, chunk in self._waiting if number not in self.replayed
        )
        self._waiting.clear()
        self._waiting_bytes = 0
        self._arrived.clear()
        return chunk if chunk or self.is_closed else None


class Broadcaster:
    """Follows the event table and feeds the listeners of this process.

    Events come from several processes; the table is what they share. The broadcaster
    reads it only while somebody listens, when something was committed, and once a
    second in any case.

    Parameters
    ----------
    poll_s
        Pause between two looks for commits, in seconds.
    """

    def __init__(self, database: Database, *, poll_s: float = 0.05) -> None:
        self._database = database
        self._poll_s = poll_s
        self._overlap = 0 if database.is_sqlite else _OVERLAP
        self._listeners: set[Listener] = set()
        self._last = 0
        self._seen: OrderedDict[int, None] = OrderedDict()
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
            self._last, seen = await asyncio.to_thread(self._newest)
            self._seen = OrderedDict.fromkeys(seen)
        self._listeners.add(listener)
        if self._is_closed:
            listener.close()
        elif self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())

    async def _replay(self, after: int, listener: Listener) -> AsyncIterator[bytes]:
        # The listener joined first, so nothing falls between replay and live.
        while len(listener.replayed) < REPLAY_LIMIT:
            events = await asyncio.to_thread(self._read, after)
            if not events:
                return
            listener.replayed.update(event.event_id for event in events)
            yield b"".join(encode_event(event) for event in events)
            after = events[-1].event_id

    async def _follow(self) -> None:
        try:
            await self._follow_commits()
        finally:
            self._watch.close()

    async def _follow_commits(self) -> None:
        while self._listeners and not self._is_closed:
            try:
                events = await asyncio.to_thread(self._read, self._last - self._overlap)
            except StorageUnavailableError as error:
                _log.warning("stream_waits_for_storage", reason=str(error))
                events = []
                await asyncio.sleep(1.0)
            self._spread(
                [event for event in events if event.event_id not in self._seen]
            )
            if len(events) < _PAGE:
                await self._idle()

    async def _idle(self) -> None:
        """Wait until something was committed, at most so long."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + _LOOK_S
        while loop.time() < until_s and not self._is_closed:
            await asyncio.sleep(self._poll_s)
            if await asyncio.to_thread(self._watch.has_news):
                return

    def _spread(self, events: list[EventRecord]) -> None:
        for event in events:
            chunk = encode_event(event)
            for listener in self._listeners:
                listener.push(event.event_id, chunk)
            self._last = max(self._last, event.event_id)
            self._seen[event.event_id] = None
        while len(self._seen) > 4 * _OVERLAP + _PAGE:
            self._seen.popitem(last=False)

    def _read(self, after: int) -> list[EventRecord]:
        with self._database.read() as transaction:
            return list_events(transaction, after, _PAGE)

    def _newest(self) -> tuple[int, list[int]]:
        with self._database.read() as transaction:
            newest = newest_event_id(transaction)
            events = list_events(transaction, newest - self._overlap, _PAGE)
        return newest, [event.event_id for event in events]


def health_event(status: str, server_time: str) -> bytes:
    """Write the event that tells listeners how the service is."""
    body = orjson.dumps({"status": status, "server_time": server_time})
    return b"event: health\ndata: " + body + b"\n\n"
