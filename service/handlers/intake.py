"""Lets a body in only as long, and only as slowly, as its route takes."""

import asyncio
from collections.abc import Generator
from functools import partial
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from service.access.origins import header
from service.errors import (
    BodyTooLargeError,
    InvalidRequestError,
    ServiceError,
    SlowBodyError,
)
from service.handlers.answers import problem_response

SILENCE_S = 8.0
"""Longest wait for the next piece of a body, in seconds."""

SLOWEST_BYTES_PER_S = 16_384.0
"""A body that comes more slowly than this, after :data:`SILENCE_S`, is given up."""


class BodyIntake:
    """The ``receive`` and ``send`` of one request, held to its limits.

    What a handler makes of a body that was cut off does not matter: the answer is then
    ours.

    Parameters
    ----------
    limit_bytes
        Longest body in bytes.
    takes_views
        Whether pieces may be views of where they lie; bytes where False, as
        applications expect.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        limit_bytes: int,
        *,
        takes_views: bool = False,
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._limit_bytes = limit_bytes
        self._takes_views = takes_views
        self._size_bytes = 0
        self._is_complete = False
        self._started_s = 0.0
        self._error: ServiceError | None = None
        self._has_answered = False

    def check_announced(self) -> None:
        """Refuse a body that says beforehand that it is too long.

        Raises
        ------
        BodyTooLargeError, InvalidRequestError
            If it is, or says nonsense.
        """
        text = header(self._scope["headers"], b"content-length")
        if text is None:
            return
        if not text.isdecimal():
            raise InvalidRequestError("Content-Length: must be a number")
        if int(text) > self._limit_bytes:
            raise self._too_large()

    async def receive(self) -> Message:
        """Return the next piece of the body.

        Raises
        ------
        BodyTooLargeError, SlowBodyError
            If the body breaks a limit.
        """
        if self._is_complete:
            # What comes now is the end of the connection, however late.
            return await self._receive()
        if self._error is not None:
            raise self._error
        message = await self._next()
        body = message.get("body", b"")
        self._size_bytes += len(body)
        if not self._takes_views and isinstance(body, memoryview):
            message["body"] = bytes(body)
        self._is_complete = not message.get("more_body", False)
        if self._size_bytes > self._limit_bytes:
            self._error = self._too_large()
            raise self._error
        return message

    async def send(self, message: Message) -> None:
        """Send a piece of the answer, or our own where the body broke a limit."""
        if self._error is None:
            await self._send(message)
        elif not self._has_answered:
            self._has_answered = True
            answer = problem_response(self._error, self._scope["path"])
            await answer(self._scope, self._receive, self._send)

    async def _next(self) -> Message:
        # Mostly it is there already, and nothing has to watch over the wait.
        steps = self._receive().__await__()
        try:
            waited = next(steps)
        except StopIteration as done:
            message: Message = done.value
            return message
        loop = asyncio.get_running_loop()
        self._started_s = self._started_s or loop.time()
        latest_s = self._started_s + SILENCE_S + self._size_bytes / SLOWEST_BYTES_PER_S
        task = asyncio.current_task()
        assert task is not None
        # What asyncio.timeout does, at a third of its cost: this is the busiest path.
        deadline = loop.call_at(
            min(loop.time() + SILENCE_S, latest_s), self._give_up, task
        )
        try:
            return await _Begun(steps, waited)
        except asyncio.CancelledError:
            if self._error is None or task.uncancel() > 0:
                raise
            raise self._error from None
        finally:
            deadline.cancel()

    def _give_up(self, task: "asyncio.Task[object]") -> None:
        self._error = SlowBodyError(
            f"the body stopped after {self._size_bytes} bytes; send it again"
        )
        task.cancel()

    def _too_large(self) -> BodyTooLargeError:
        return BodyTooLargeError(
            f"the body is longer than {self._limit_bytes} bytes, which is what this "
            "call takes; send less at once"
        )


class _Begun:
    """What an awaitable still has to do, once it was begun by hand."""

    def __init__(self, steps: Generator[Any, Any, Message], waited: Any) -> None:
        self._steps = steps
        self._waited = waited

    def __await__(self) -> Generator[Any, Any, Message]:
        """Go on as ``await`` would have done."""
        waited = self._waited
        while True:
            try:
                go_on = partial(self._steps.send, (yield waited))
            except BaseException as error:  # noqa: BLE001 - it is the awaitable's
                go_on = partial(self._steps.throw, error)
            try:
                waited = go_on()
            except StopIteration as done:
                message: Message = done.value
                return message
