"""The raw-socket front: one program message a line."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from instruments.simulation.faults import FaultKind
from instruments.simulation.fronts.instrument_front import InstrumentFront
from instruments.simulation.fronts.sessions import OfferingReader, discard
from instruments.simulation.scpi.device import MAX_MESSAGE_BYTES
from instruments.simulation.scpi.execution import Execution
from instruments.simulation.wire_faults import Delivery


@dataclass(eq=False)
class _Session:
    """One connection: a reply that is held back, a line that is begun and not read."""

    writer: asyncio.StreamWriter
    held: bytes = b""
    begun: Execution | None = None


class RawSocketFront(InstrumentFront):
    """Serves an instrument as ``TCPIP::127.0.0.1::PORT::SOCKET``.

    Messages of one connection are executed in order, each to its end.
    """

    line_limit_bytes = MAX_MESSAGE_BYTES

    async def _serve(
        self, reader: OfferingReader, writer: asyncio.StreamWriter
    ) -> None:
        session = _Session(writer)
        with self._admitted(writer.transport.abort) as is_welcome:
            try:
                if is_welcome:
                    await self._converse(reader, session)
            finally:
                if session.begun is not None:
                    session.begun.abandon()

    async def _converse(self, reader: OfferingReader, session: _Session) -> None:
        answer_at_once = partial(self._answer_at_once, session)
        reader.offer_to(answer_at_once)
        # A line longer than the limit raises ValueError: that connection ends.
        with suppress(ValueError):
            while line := await reader.readline():
                if not await self._take(session, line):
                    return
                reader.offer_to(answer_at_once)

    def _answer_at_once(self, session: _Session, data: bytes) -> bool:
        """Answer a whole line that nothing has to be waited for, and tell so.

        One that has to wait is begun; it is read and finished as any other.
        """
        if data.find(b"\n") != len(data) - 1 or session.held:
            return False
        buffered_bytes = session.writer.transport.get_write_buffer_size()
        if buffered_bytes or not self._wire.is_well:
            return False
        execution = self._device.begin(data.strip(), is_raw_socket=True)
        if not execution.is_done:
            session.begun = execution
            return False
        if execution.reply is not None:
            session.writer.write(execution.reply)
        return True

    async def _take(self, session: _Session, line: bytes) -> bool:
        """Act on a line and tell whether the connection goes on."""
        begun, session.begun = session.begun, None
        if self._wire.is_silent:
            if begun is not None:
                begun.abandon()
            return True
        execution = begun or self._device.begin(line.strip(), is_raw_socket=True)
        reply = execution.reply
        if not execution.is_done:
            reply = await execution.finish()
        if reply is None:
            return True
        if self._wire.takes(FaultKind.STALE_REPLY):
            session.held += reply
            return True
        reply, session.held = session.held + reply, b""
        return await self._reply(session.writer, reply)

    async def _reply(self, writer: asyncio.StreamWriter, reply: bytes) -> bool:
        if self._wire.delay_s > 0.0:
            await asyncio.sleep(self._wire.delay_s)
        if self._wire.is_silent:
            return True
        delivery: Delivery = self._wire.deliver(reply)
        await self._send(writer, delivery)
        if delivery.closes:
            await discard(writer)
        return not delivery.closes
