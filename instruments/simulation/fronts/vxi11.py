"""The VXI-11 front: the core channel on a port of its own, without a portmapper."""

import asyncio
import struct
from contextlib import ExitStack

from instruments.simulation.fronts.instrument_front import InstrumentFront
from instruments.simulation.fronts.rpc import (
    Call,
    Outcome,
    RpcError,
    XdrReader,
    pack_opaque,
    read_call,
)
from instruments.simulation.fronts.sessions import PORT_ANY, LoopbackServer, discard
from instruments.simulation.fronts.vxi11_link import LinkError, Vxi11Link
from instruments.simulation.scpi.device import MAX_MESSAGE_BYTES, ScpiDevice
from instruments.simulation.wire_faults import Delivery, WireFaults

CORE_PROGRAM, ABORT_PROGRAM, VERSION = 0x0607AF, 0x0607B0, 1
"""Programs of VXI-11 and their version."""

MAX_LINKS = 64
"""Most links at a time."""

_END_FLAG, _CHARACTER_FLAG = 8, 128
_Answer = tuple[bytes, bool]


class Vxi11Front(InstrumentFront):
    """Serves an instrument as ``TCPIP::127.0.0.1,PORT::inst0::INSTR``."""

    def __init__(self, device: ScpiDevice, wire: WireFaults | None = None) -> None:
        super().__init__(device, wire)
        self._links: dict[int, Vxi11Link] = {}
        self._next_link = 1
        self._lock_holder: int | None = None
        self._aborts = _AbortChannel(self._links)
        self._abort_port = 0

    async def start(self, port: int = PORT_ANY) -> int:
        """Listen on 127.0.0.1 and return the port of the core channel."""
        self._abort_port = await self._aborts.start()
        return await super().start(port)

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        await self._aborts.close()
        await super().close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        own: set[int] = set()
        with ExitStack() as clients:
            try:
                while True:
                    call = await read_call(reader)
                    if self._wire.is_silent:
                        await self._wire.until_speaking()
                    record, is_cut = await self._answer(call, own, clients, writer)
                    if is_cut:
                        writer.write(record[: len(record) // 2])
                        await writer.drain()
                        await discard(writer)
                        return
                    await self._send(writer, Delivery(record))
            except RpcError:
                # Whoever speaks another language is let go.
                return
            finally:
                for number in own:
                    self._destroy(number)

    async def _answer(
        self,
        call: Call,
        own: set[int],
        clients: ExitStack,
        writer: asyncio.StreamWriter,
    ) -> _Answer:
        if call.program_id != CORE_PROGRAM:
            return call.reply(Outcome.PROGRAM_UNAVAILABLE), False
        if call.version_number != VERSION:
            versions = struct.pack("!II", VERSION, VERSION)
            return call.reply(Outcome.PROGRAM_MISMATCH, versions), False
        if call.procedure_number == 0:
            return call.reply(Outcome.SUCCESS), False
        try:
            if call.procedure_number == 10:
                result = self._create(call.arguments, own, clients, writer)
                return call.reply(Outcome.SUCCESS, result), False
            return await self._operate(call, own)
        except RpcError:
            return call.reply(Outcome.GARBAGE_ARGUMENTS), False

    def _create(
        self,
        arguments: XdrReader,
        own: set[int],
        clients: ExitStack,
        writer: asyncio.StreamWriter,
    ) -> bytes:
        arguments.integer()
        wants_lock = bool(arguments.integer())
        arguments.unsigned()
        arguments.opaque()
        error = LinkError.NONE
        if len(self._links) >= MAX_LINKS:
            error = LinkError.OUT_OF_RESOURCES
        elif wants_lock and self._lock_holder is not None:
            error = LinkError.LOCKED
        elif not own and not clients.enter_context(
            self._admitted(writer.transport.abort)
        ):
            error = LinkError.OUT_OF_RESOURCES
        if error:
            return struct.pack("!iiII", error, 0, 0, 0)
        number, self._next_link = self._next_link, self._next_link % 0x7FFF_FFFF + 1
        self._links[number] = Vxi11Link(self._device, self._wire)
        own.add(number)
        if wants_lock:
            self._lock_holder = number
        return struct.pack("!iiII", 0, number, self._abort_port, MAX_MESSAGE_BYTES)

    async def _operate(self, call: Call, own: set[int]) -> _Answer:
        """Carry out a procedure of one link."""
        number = call.arguments.integer()
        link = self._links.get(number) if number in own else None
        if link is None:
            return call.reply(Outcome.SUCCESS, _error(LinkError.INVALID_LINK)), False
        if self._lock_holder not in (None, number) and call.procedure_number != 23:
            return call.reply(Outcome.SUCCESS, _error(LinkError.LOCKED)), False
        match call.procedure_number:
            case 11:
                result = await self._write(link, call.arguments)
            case 12:
                result, is_cut = await self._read(link, call.arguments)
                return call.reply(Outcome.SUCCESS, result), is_cut
            case 13:
                result = struct.pack("!iI", LinkError.NONE, link.status())
            case _:
                error = self._control(call.procedure_number, number, link)
                if error is None:
                    return call.reply(Outcome.PROCEDURE_UNAVAILABLE), False
                result = struct.pack("!i", error)
                if call.procedure_number == 23:
                    own.discard(number)
        return call.reply(Outcome.SUCCESS, result), False

    async def _write(self, link: Vxi11Link, arguments: XdrReader) -> bytes:
        timeout_s = arguments.unsigned() / 1e3
        arguments.unsigned()
        flags, data = arguments.integer(), arguments.opaque()
        is_end = bool(flags & _END_FLAG)
        error = await link.write(data, is_end=is_end, timeout_s=timeout_s)
        return struct.pack("!iI", error, 0 if error else len(data))

    async def _read(self, link: Vxi11Link, arguments: XdrReader) -> tuple[bytes, bool]:
        count, timeout_s = arguments.unsigned(), arguments.unsigned() / 1e3
        arguments.unsigned()
        flags, character = arguments.integer(), arguments.integer()
        if self._wire.delay_s > 0.0:
            await asyncio.sleep(self._wire.delay_s)
        error, reason, delivery = await link.read(
            count,
            timeout_s=timeout_s,
            end_character=character & 255 if flags & _CHARACTER_FLAG else None,
        )
        head = struct.pack("!ii", error, reason)
        return head + pack_opaque(delivery.payload), delivery.closes

    def _control(self, procedure: int, number: int, link: Vxi11Link) -> int | None:
        """Carry out a procedure that needs no more than its link."""
        match procedure:
            case 14:
                self._device.trigger()
            case 15:
                link.clear()
            case 16 | 17:
                # Remote and local: there is no front panel to lock.
                pass
            case 18:
                self._lock_holder = number
            case 19:
                if self._lock_holder != number:
                    return LinkError.NO_LOCK
                self._lock_holder = None
            case 20 | 22 | 25 | 26:
                return LinkError.NOT_SUPPORTED
            case 23:
                self._destroy(number)
            case _:
                return None
        return LinkError.NONE

    def _destroy(self, number: int) -> None:
        link = self._links.pop(number, None)
        if link is not None:
            link.clear()
        if self._lock_holder == number:
            self._lock_holder = None


class _AbortChannel(LoopbackServer):
    """Ends a read that another connection waits for."""

    def __init__(self, links: dict[int, Vxi11Link]) -> None:
        super().__init__()
        self._links = links

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while True:
                call = await read_call(reader)
                writer.write(self._answer(call))
                await writer.drain()
        except RpcError:
            return

    def _answer(self, call: Call) -> bytes:
        if call.program_id != ABORT_PROGRAM:
            return call.reply(Outcome.PROGRAM_UNAVAILABLE)
        if call.procedure_number == 0:
            return call.reply(Outcome.SUCCESS)
        link = self._links.get(call.arguments.integer())
        if link is None:
            return call.reply(Outcome.SUCCESS, _error(LinkError.INVALID_LINK))
        link.abort()
        return call.reply(Outcome.SUCCESS, _error(LinkError.NONE))


def _error(error: LinkError) -> bytes:
    """Return an error with zeros after it, long enough for every procedure."""
    return struct.pack("!iii", error, 0, 0)
