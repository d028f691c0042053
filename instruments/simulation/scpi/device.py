"""An instrument that executes program messages."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import isawaitable
from typing import TypeAlias

from instruments.simulation.scpi.arguments import Arguments
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.scpi.grammar import Spelling, Unit, parse_units, spellings
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
    """

    suffixes: tuple[int, ...]
    arguments: Arguments


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
    """

    def __init__(
        self, identity: str, options: str = "0", *, terminator: bytes = b"\n"
    ) -> None:
        self._terminator = terminator
        self.status = Status()
        self._queries: dict[tuple[str, ...], tuple[Spelling, Query]] = {}
        self._commands: dict[tuple[str, ...], tuple[Spelling, Command]] = {}
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
        for spelling in spellings(pattern):
            if query is not None:
                self._queries[spelling.mnemonics] = (spelling, query)
            if command is not None:
                self._commands[spelling.mnemonics] = (spelling, command)

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

    async def execute(self, message: bytes) -> bytes | None:
        """Execute a message and return its replies, joined by semicolons.

        Returns
        -------
        bytes | None
            Terminated; None where nothing was asked, or the question
            was not understood.
        """
        replies: list[bytes] = []
        try:
            text = message.decode("ascii")
        except UnicodeDecodeError:
            self.status.report(ScpiFault(-101, "Invalid character"))
            return None
        try:
            for unit in parse_units(text):
                reply = await self._execute_unit(unit)
                if reply is not None:
                    replies.append(reply)
        except ScpiFault as fault:
            # A command error ends the message: what follows may have lost its sense.
            self.status.report(fault)
        return b";".join(replies) + self._terminator if replies else None

    async def _execute_unit(self, unit: Unit) -> bytes | None:
        table = self._queries if unit.header.is_query else self._commands
        found = table.get(unit.header.mnemonics)
        if found is None:
            raise ScpiFault(-113, "Undefined header", str(unit.header)[:60])
        spelling, handler = found
        call = Call(spelling.suffixes(unit.header), Arguments(unit.arguments))
        try:
            result = handler(call)
            reply = await result if isawaitable(result) else result
            call.arguments.nothing_more()
        except ScpiFault as fault:
            if -200 < fault.number <= -100:
                raise
            self.status.report(fault)
            return None
        return reply.encode() if isinstance(reply, str) else reply

    def _add_common(self, identity: str, options: str) -> None:
        status = self.status
        self.add("*IDN", query=lambda _: identity)
        self.add("*OPT", query=lambda _: f'"{options}"')
        self.add("*CLS", command=lambda _: self._clear_status())
        self.add("*RST", command=lambda _: self.reset())
        self.add("*TRG", command=lambda _: self.trigger())
        self.add("*TST", query=lambda _: "+0")
        self.add("*STB", query=lambda _: f"{status.byte():+d}")
        self.add("*ESR", query=lambda _: f"{status.read_events():+d}")
        self.add(
            "*ESE",
            query=lambda _: f"{status.event_mask:+d}",
            command=self._set_event_mask,
        )
        self.add(
            "*SRE",
            query=lambda _: f"{status.request_mask:+d}",
            command=self._set_request_mask,
        )
        self.add("*WAI", command=lambda _: self.until_idle())
        self.add("*OPC", query=self._wait_then_one, command=self._announce_idle)
        self.add(
            "SYSTem:ERRor[:NEXT]",
            query=lambda _: '{:+d},"{}"'.format(*status.next_error()),
        )
        self.add("SYSTem:ERRor:COUNt", query=lambda _: f"{status.error_count:+d}")
        self.add("SYSTem:VERSion", query=lambda _: "1999.0")

    def _clear_status(self) -> None:
        self._announces_idle = False
        self.status.clear()

    def _set_event_mask(self, call: Call) -> None:
        self.status.event_mask = call.arguments.integer(0, 255)

    def _set_request_mask(self, call: Call) -> None:
        self.status.request_mask = call.arguments.integer(0, 255) & ~64

    async def _wait_then_one(self, call: Call) -> str:
        del call
        await self.until_idle()
        return "+1"

    def _announce_idle(self, call: Call) -> None:
        del call
        if self._idle.is_set():
            self.status.raise_event(Event.OPERATION_COMPLETE)
        else:
            self._announces_idle = True
