"""Connections of a front: counted, and ended when the front closes."""

import abc
import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import SupportsIndex, TypeAlias

LOOPBACK = "127.0.0.1"
"""Emulated instruments listen here and nowhere else."""

PORT_ANY = 0
"""Lets the system choose a free port."""

MAX_SESSIONS = 32
"""Most connections at a time; a further one is closed at once."""


class OfferingReader(asyncio.StreamReader):
    """A stream reader that may offer what comes before a task is woken to read it.

    Waking a task takes longer than most messages.
    """

    def __init__(self, *, limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=limit, loop=loop)
        self._unread_bytes = 0
        self._take: Callable[[bytes], bool] | None = None

    def offer_to(self, take: Callable[[bytes], bool]) -> None:
        """Offer what comes from now on, unless older bytes wait to be read.

        Parameters
        ----------
        take
            Gets what has just come and tells whether it has dealt with it. From the
            first bytes on that it refuses, all are to be read.
        """
        self._take = None if self._unread_bytes else take

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        """Offer bytes, or keep them to be read."""
        chunk = bytes(data)
        if self._take is not None:
            if self._take(chunk):
                return
            self._take = None
        self._unread_bytes += len(chunk)
        super().feed_data(chunk)

    async def readexactly(self, n: int) -> bytes:
        """Read so many bytes."""
        data = await super().readexactly(n)
        self._unread_bytes -= len(data)
        return data

    async def readline(self) -> bytes:
        """Read through the next newline."""
        line = await super().readline()
        self._unread_bytes -= len(line)
        return line


Serve: TypeAlias = Callable[[OfferingReader, asyncio.StreamWriter], Awaitable[None]]


async def discard(writer: asyncio.StreamWriter) -> None:
    """Close a connection, whatever state it is in."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


class Sessions:
    """The open connections of one front."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._dropped: set[asyncio.Task[None]] = set()
        self._is_closing = False

    def drop(self) -> None:
        """End every connection; new ones are welcome."""
        self._dropped |= self._tasks
        for task in list(self._tasks):
            task.cancel()

    def guard(
        self, serve: Serve
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        """Return a connection handler that ends with the front, and ends quietly.

        A peer that goes away in the middle of something is an everyday event.
        """

        async def guarded(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            task = asyncio.current_task()
            assert task is not None
            if len(self._tasks) >= MAX_SESSIONS:
                await discard(writer)
                return
            self._tasks.add(task)
            try:
                assert isinstance(reader, OfferingReader)
                with suppress(OSError, asyncio.IncompleteReadError):
                    await serve(reader, writer)
            except asyncio.CancelledError:
                if not self._is_closing and task not in self._dropped:
                    raise
            finally:
                self._tasks.discard(task)
                self._dropped.discard(task)
                writer.close()

        return guarded

    async def close(self) -> None:
        """End every connection and wait for it."""
        self._is_closing = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class LoopbackServer(abc.ABC):
    """A TCP server on 127.0.0.1 whose connections end with it.

    Attributes
    ----------
    line_limit_bytes
        Longest line that a connection may send.
    """

    line_limit_bytes = 64 * 1024

    def __init__(self) -> None:
        self._connections = Sessions()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = PORT_ANY) -> int:
        """Listen on 127.0.0.1 and return the port.

        Raises
        ------
        OSError
            If the port is taken.
        """
        loop = asyncio.get_running_loop()
        serve = self._connections.guard(self._serve)

        def make_protocol() -> asyncio.StreamReaderProtocol:
            reader = OfferingReader(limit=self.line_limit_bytes, loop=loop)
            return asyncio.StreamReaderProtocol(reader, serve, loop=loop)

        self._server = await loop.create_server(make_protocol, LOOPBACK, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        await self._connections.close()

    @abc.abstractmethod
    async def _serve(
        self, reader: OfferingReader, writer: asyncio.StreamWriter
    ) -> None:
        """Talk over one connection until it ends."""
