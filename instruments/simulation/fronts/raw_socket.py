"""The raw-socket front: one program message a line."""

import asyncio
from contextlib import suppress

from instruments.simulation.faults import FaultKind
from instruments.simulation.fronts.instrument_front import InstrumentFront
from instruments.simulation.fronts.sessions import discard
from instruments.simulation.scpi.device import MAX_MESSAGE_BYTES
from instruments.simulation.wire_faults import Delivery


class RawSocketFront(InstrumentFront):
    """Serves an instrument as ``TCPIP::127.0.0.1::PORT::SOCKET``.

    Messages of one connection are executed in order, each to its end.
    """

    line_limit_bytes = MAX_MESSAGE_BYTES

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with self._admitted(writer.transport.abort) as is_welcome:
            if is_welcome:
                await self._converse(reader, writer)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        held = b""
        # A line longer than the limit raises ValueError: that connection ends.
        with suppress(ValueError):
            while line := await reader.readline():
                if self._wire.is_silent:
                    continue
                execution = self._device.begin(line.strip(), is_raw_socket=True)
                reply = execution.reply
                if not execution.is_done:
                    reply = await execution.finish()
                if reply is None:
                    continue
                if self._wire.takes(FaultKind.STALE_REPLY):
                    held += reply
                    continue
                if not await self._reply(writer, held + reply):
                    return
                held = b""

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
