"""The raw-socket front: one program message a line."""

import asyncio
from contextlib import suppress

from instruments.simulation.fronts.sessions import (
    LOOPBACK,
    PORT_ANY,
    Sessions,
    discard,
)
from instruments.simulation.scpi.device import MAX_MESSAGE_BYTES, ScpiDevice
from instruments.simulation.wire_faults import WireFaults


class RawSocketFront:
    """Serves an instrument as ``TCPIP::127.0.0.1::PORT::SOCKET``.

    Messages of one connection are executed in order, each to its end.
    """

    def __init__(self, device: ScpiDevice, wire: WireFaults | None = None) -> None:
        self._device = device
        self._wire = wire or WireFaults()
        self._sessions = Sessions()
        self._server: asyncio.Server | None = None

    async def start(self, port: int = PORT_ANY) -> int:
        """Listen on 127.0.0.1 and return the port.

        Raises
        ------
        OSError
            If the port is taken.
        """
        self._server = await asyncio.start_server(
            self._sessions.guard(self._serve), LOOPBACK, port, limit=MAX_MESSAGE_BYTES
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        await self._sessions.close()

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
