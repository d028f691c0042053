"""What the doors of one instrument share: who may come in, and how replies go out."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from instruments.simulation.faults import Fault, FaultKind
from instruments.simulation.fronts.sessions import LoopbackServer
from instruments.simulation.scpi.device import ScpiDevice
from instruments.simulation.wire_faults import PIECE_PAUSE_S, Delivery, WireFaults


class InstrumentFront(LoopbackServer):
    """A server in front of a device, with the faults of its wire.

    Parameters
    ----------
    device
        What executes the messages.
    wire
        Switches of what is wrong with the wire; nothing where None.
    """

    def __init__(self, device: ScpiDevice, wire: WireFaults | None = None) -> None:
        super().__init__()
        self._device = device
        self._wire = wire or WireFaults()
        self._wire.listen(self._happen)

    @contextmanager
    def _admitted(self, end: Callable[[], None]) -> Iterator[bool]:
        """Count a client, and tell whether it may come in.

        Parameters
        ----------
        end
            Ends the client's session; called when a newer one takes its place.
        """
        clients = self._device.clients
        if clients and self._wire.has(FaultKind.SECOND_CLIENT_REFUSED):
            yield False
            return
        if self._device.keeps_newest_client:
            for end_older in list(clients):
                end_older()
        clients.append(end)
        try:
            yield True
        finally:
            clients.remove(end)

    async def _send(self, writer: asyncio.StreamWriter, delivery: Delivery) -> None:
        """Write a delivery, in pieces where the wire is so."""
        is_split = self._wire.has(FaultKind.SPLIT_PACKETS)
        for number, piece in enumerate(delivery.pieces(is_split=is_split)):
            if number:
                await asyncio.sleep(PIECE_PAUSE_S)
            writer.write(piece)
            await writer.drain()

    def _happen(self, fault: Fault) -> None:
        if fault.kind is FaultKind.POWER_CYCLE:
            self._connections.drop()
