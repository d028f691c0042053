"""A message on its way through a device."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any, TypeAlias

from instruments.simulation.scpi.errors import ScpiFault

Steps: TypeAlias = Generator[Awaitable[Any], Any, bytes | None]
"""Yields what has to be waited for, returns the replies."""


class Execution:
    """A message that is being executed: at once as far as nothing has to be waited for.

    Attributes
    ----------
    reply
        Replies so far that are all, terminated; None where there are none.
    is_done
        Whether the whole message has been executed.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._awaited: Awaitable[Any] | None = None
        self.reply: bytes | None = None
        self.is_done = False
        self._go(partial(next, steps))

    async def finish(self) -> bytes | None:
        """Execute the rest and return the replies."""
        while self._awaited is not None:
            try:
                result = await self._awaited
            except ScpiFault as fault:
                self._go(partial(self._steps.throw, fault))
            else:
                self._go(partial(self._steps.send, result))
        return self.reply

    def start(self) -> "asyncio.Task[bytes | None]":
        """Return a task that executes the rest; it may be cancelled at any time."""
        task = asyncio.create_task(self.finish())
        task.add_done_callback(self._abandon)
        return task

    def abandon(self) -> None:
        """Leave the rest, which nobody has started to wait for."""
        if isinstance(self._awaited, Coroutine):
            self._awaited.close()

    def _abandon(self, task: "asyncio.Task[bytes | None]") -> None:
        # A task that is cancelled before its first step never awaits what it was given.
        if task.cancelled():
            self.abandon()

    def _go(self, resume: Callable[[], Awaitable[Any]]) -> None:
        try:
            self._awaited = resume()
        except StopIteration as done:
            self._awaited, self.reply, self.is_done = None, done.value, True
