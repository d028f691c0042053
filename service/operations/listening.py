"""One client's place in the stream."""

import asyncio
from collections import deque

CLIENT_QUEUE_BYTES = 1024 * 1024
"""Most bytes that wait for one listener; who is slower reads on from the table."""


class Listener:
    """One client's queue of encoded events; emptied when it overflows.

    What was in it is not lost: the events are stored in the order of their numbers, and
    the client reads on behind the last that it was told, until it has caught up.

    Parameters
    ----------
    limit_bytes
        Most bytes in the queue.

    Attributes
    ----------
    told
        Number of the last event that the client was told, or need not be told.
    is_behind
        Whether it must be told from the table; nothing is queued meanwhile.
    """

    def __init__(self, limit_bytes: int = CLIENT_QUEUE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self.told = 0
        self.is_behind = False
        self.is_closed = False

    @property
    def held_bytes(self) -> int:
        """Bytes that wait for the client."""
        return self._waiting_bytes

    @property
    def is_done(self) -> bool:
        """Whether the stream ends: it was closed, and nothing waits."""
        return self.is_closed and not self._waiting

    def push(self, event_id: int, chunk: bytes) -> None:
        """Queue shared bytes for this client, unless it knows them or is behind."""
        if self.is_behind or event_id <= self.told:
            return
        self._waiting.append((event_id, chunk))
        self._waiting_bytes += len(chunk)
        if self._waiting_bytes > self._limit_bytes:
            self._empty()
            self.is_behind = True
        self._arrived.set()

    def close(self) -> None:
        """End the client's stream once its queue is empty."""
        self.is_closed = True
        self._arrived.set()

    async def next(self, timeout_s: float) -> bytes | None:
        """Return all that waits, or None after ``timeout_s`` without anything.

        Empty bytes mean that the client has fallen behind, or that the stream ends.
        """
        if not (self._waiting or self.is_behind or self.is_closed):
            try:
                await asyncio.wait_for(self._arrived.wait(), timeout_s)
            except TimeoutError:
                return None
        if self._waiting:
            self.told = self._waiting[-1][0]
        chunk = b"".join(chunk for _, chunk in self._waiting)
        self._empty()
        self._arrived.clear()
        return chunk

    def _empty(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0
