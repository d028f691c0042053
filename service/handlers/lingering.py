"""Lets a refused body run out, so that its sender gets to read why it was refused."""

from asyncio import AbstractEventLoop, Transport

LINGER_S = 5.0
"""Longest that the rest of a body is taken and forgotten, in seconds."""

LINGER_BYTES = 64 * 1024 * 1024
"""Most bytes of it."""

HELD_BYTES = 4096
"""The head of an answer up to here is sent with what follows at once: each time
something is sent, the other side wakes up."""


class LingeringTransport:
    """A transport whose ``close`` ends what we say, and lets a body run out.

    A socket that is closed with bytes unread is reset, and the reset overtakes the
    answer: the sender sees a broken connection instead of 413, and a proxy says 502.
    """

    def __init__(self, transport: Transport, loop: AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._left_bytes = LINGER_BYTES
        self._held = b""
        self.body_is_coming = False
        self.is_lingering = False

    def write(self, data: bytes) -> None:
        """Send bytes, a few with those of the next call, if that comes at once."""
        if self._held:
            data, self._held = self._held + data, b""
        elif len(data) <= HELD_BYTES:
            self._held = data
            self._loop.call_soon(self._send_held)
            return
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Tell whether nothing more is said."""
        return self.is_lingering or self._transport.is_closing()

    def close(self) -> None:
        """Say no more; while a body comes, its sender ends the connection, or time."""
        if self.is_closing():
            return
        self._send_held()
        if not (self.body_is_coming and self._transport.can_write_eof()):
            self._transport.close()
            return
        self.is_lingering = True
        self._transport.write_eof()
        self._transport.resume_reading()
        self._loop.call_later(LINGER_S, self._transport.abort)

    def abort(self) -> None:
        """End the connection."""
        self._transport.abort()

    def forget(self, size_bytes: int) -> None:
        """Count bytes that came too late to matter."""
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            self._transport.abort()

    def _send_held(self) -> None:
        data, self._held = self._held, b""
        if data and not self.is_closing():
            self._transport.write(data)
