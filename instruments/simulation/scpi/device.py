"""An instrument that executes program messages."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from instruments.simulation.scpi.arguments import Arguments
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.scpi.execution import Execution, Steps
from instruments.simulation.scpi.program import CommandTable
from instruments.simulation.scpi.status import Event, Status

MAX_MESSAGE_BYTES = 1 << 20
"""Longest message that an instrument takes."""


@dataclass(frozen=True, slots=True)
class Call:
    """One command as its handler sees it.

    Attributes
    ----------
    suffixes
        Numeric suffixes, in the order of the pattern's ``#``.
    arguments
        What follows the header.
    is_raw_socket
        Whether the message came over a raw socket.
    """

    suffixes: tuple[int, ...]
    arguments: Arguments
    is_raw_socket: bool = False


Reply: TypeAlias = str | bytes
Query: TypeAlias = Callable[[Call], Reply | Awaitable[Reply]]
Command: TypeAlias = Callable[[Call], Awaitable[None] | None]


class ScpiDevice:
    """Commands, status and the common commands of IEEE 488.2.

    Parameters
    ----------
    identity
        Answer to ``*IDN?``.
    options
        Answer to ``*OPT?``.
    terminator
        End of every reply.
    write_integer, write_error
        How the device writes whole numbers and entries of its error queue.

    Attributes
    ----------
    keeps_newest_client
        A further client ends the session of the one before.
    clients
        For each open session what ends it.
    """

    keeps_newest_client = False

    def __init__(
        self,
        identity: str,
        options: str = '"0"',
        *,
        terminator: bytes = b"\n",
        write_integer: Callable[[int], str] = "{:+d}".format,
        write_error: Callable[[int, str], str] = '{:+d},"{}"'.format,
    ) -> None:
        self._terminator = terminator
        self._write_integer = write_integer
        self._write_error = write_error
        self.status = Status()
        self.clients: list[Callable[[], None]] = []
        self._table = CommandTable()
        self._idle = asyncio.Event()
        self._idle.set()
        self._announces_idle = False
        self._add_common(identity, options)

    def add(
        self,
        pattern: str,
        *,
        query: Query | None = None,
        command: Command | None = None,
    ) -> None:
        """Make the device understand a pattern such as ``SENSe#:AVERage[:STATe]``."""
        if query is not None:
            self._table.add(pattern, query, is_query=True)
        if command is not None:
            self._table.add(pattern, command, is_query=False)

    def reset(self) -> None:
        """Bring the device to its ``*RST`` state; devices extend this."""

    def trigger(self) -> None:
        """Carry out ``*TRG``; devices extend this."""

    def set_busy(self) -> None:
        """Tell that an overlapped operation has started."""
        self._idle.clear()

    def set_idle(self) -> None:
        """Tell that no overlapped operation is pending."""
        self._idle.set()
        if self._announces_idle:
            self._announces_idle = False
            self.status.raise_event(Event.OPERATION_COMPLETE)

    async def until_idle(self) -> None:
        """Wait until no overlapped operation is pending."""
        await self._idle.wait()

    async def execute(
        self, message: bytes, *, is_raw_socket: bool = False
    ) -> bytes | None:
        """Execute a message and return its replies, joined by semicolons.

        Parameters
        ----------
        is_raw_socket
            Whether the message came over a raw socket.

        Returns
        -------
        bytes | None
            Terminated; None where nothing was asked, or the question
            was not understood.
        """
        return await self.begin(message, is_raw_socket=is_raw_socket).finish()

    def begin(self, message: bytes, *, is_raw_socket: bool = False) -> Execution:
        """Execute a message up to the first thing that has to be waited for."""
        return Execution(self._steps(message, is_raw_socket))

    def _steps(self, message: bytes, is_raw_socket: bool) -> Steps:
        steps, broken = self._table.read(message)
        replies: list[bytes] = []
        try:
            for step in steps:
                arguments = Arguments(step.texts)
                call = Call(step.suffixes, arguments, is_raw_socket)
                try:
                    reply = step.handler(call)
                    if not (reply is None or isinstance(reply, str | bytes)):
                        reply = yield reply
                    arguments.nothing_more()
                except ScpiFault as fault:
                    if -200 < fault.number <= -100:
                        raise
                    self.status.report(fault)
                else:
                    if reply is not None:
                        text = reply.encode() if isinstance(reply, str) else reply
                        replies.append(text)
        except ScpiFault as fault:
            # A command error ends the message: what follows may have lost its sense.
            broken = fault
        if broken is not None:
            self.status.report(broken)
        return b";".join(replies) + self._terminator if replies else None

    def _add_common(self, identity: str, options: str) -> None:
        status, write = self.status, self._write_integer
        self.add("*IDN", query=lambda _: identity)
        self.add("*OPT", query=lambda _: options)
        self.add("*CLS", command=lambda _: self._clear_status())
        self.add("*RST", command=lambda _: self.reset())
        self.add("*TRG", command=lambda _: self.trigger())
        self.add("*TST", query=lambda _: write(0))
        self.add("*STB", query=lambda _: write(status.byte()))
        self.add("*ESR", query=lambda _: write(status.read_events()))
        self.add(
            "*ESE",
            query=lambda _: write(status.event_mask),
            command=self._set_event_mask,
        )
        self.add(
            "*SRE",
            query=lambda _: write(status.request_mask),
            command=self._set_request_mask,
        )
        self.add("*WAI", command=lambda _: self._wait())
        self.add("*OPC", query=self._when_idle, command=self._announce_idle)
        self.add(
            "SYSTem:ERRor[:NEXT]",
            query=lambda _: self._write_error(*status.next_error()),
        )
        self.add("SYSTem:ERRor:COUNt", query=lambda _: write(status.error_count))
        self.add("SYSTem:VERSion", query=lambda _: "1999.0")

    def _clear_status(self) -> None:
        self._announces_idle = False
        self.status.clear()

    def _set_event_mask(self, call: Call) -> None:
        self.status.event_mask = call.arguments.integer(0, 255)

    def _set_request_mask(self, call: Call) -> None:
        self.status.request_mask = call.arguments.integer(0, 255) & ~64

    def _when_idle(self, call: Call) -> Reply | Awaitable[Reply]:
        del call
        one = self._write_integer(1)
        return one if self._idle.is_set() else self._one_when_idle(one)

    async def _one_when_idle(self, one: str) -> str:
        await self._idle.wait()
        return one

    def _wait(self) -> Awaitable[None] | None:
        return None if self._idle.is_set() else self.until_idle()

    def _announce_idle(self, call: Call) -> None:
        del call
        if self._idle.is_set():
            self.status.raise_event(Event.OPERATION_COMPLETE)
        else:
            self._announces_idle = True
