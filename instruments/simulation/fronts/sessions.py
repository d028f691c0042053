"""Connections of a front: counted, and ended when the front closes."""

import abc
import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

LOOPBACK = "127.0.0.1"
"""Emulated instruments listen here and nowhere else."""

PORT_ANY = 0
"""Lets the system choose a free port."""

MAX_SESSIONS = 32
"""Most connections at a time; a further one is closed at once."""

Serve: TypeAlias = Callable[
    [asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]
]


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

    def guard(self, serve: Serve) -> Serve:
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
        self._server = await asyncio.start_server(
            self._connections.guard(self._serve),
            LOOPBACK,
            port,
            limit=self.line_limit_bytes,
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        await self._connections.close()

    @abc.abstractmethod
    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Talk over one connection until it ends."""
