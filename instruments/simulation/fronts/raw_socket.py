"""The raw-socket front: one program message a line."""

import asyncio
from contextlib import suppress

from instruments.simulation.fronts.sessions import LoopbackServer, discard
from instruments.simulation.scpi.device import MAX_MESSAGE_BYTES, ScpiDevice
from instruments.simulation.wire_faults import WireFaults


class RawSocketFront(LoopbackServer):
    """Serves an instrument as ``TCPIP::127.0.0.1::PORT::SOCKET``.

    Messages of one connection are executed in order, each to its end.
    """

    line_limit_bytes = MAX_MESSAGE_BYTES

    def __init__(self, device: ScpiDevice, wire: WireFaults | None = None) -> None:
        super().__init__()
        self._device = device
        self._wire = wire or WireFaults()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        # A line longer than the limit raises ValueError: that connection ends.
        with suppress(ValueError):
            while line := await reader.readline():
                if self._wire.is_silent:
                    continue
                reply = await self._device.execute(line.strip())
                if reply is not None and not await self._send(writer, reply):
                    return

    async def _send(self, writer: asyncio.StreamWriter, reply: bytes) -> bool:
        if self._wire.delay_s > 0.0:
            await asyncio.sleep(self._wire.delay_s)
        if self._wire.is_silent:
            return True
        delivery = self._wire.deliver(reply)
        writer.write(delivery.payload)
        await writer.drain()
        if delivery.closes:
            await discard(writer)
        return not delivery.closes
