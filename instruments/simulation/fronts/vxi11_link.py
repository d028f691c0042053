"""One VXI-11 link: what it was sent, what it has to say, who holds the lock."""

import asyncio
from enum import IntEnum, IntFlag

from instruments.simulation.faults import FaultKind
from instruments.simulation.scpi.device import (
    MAX_MESSAGE_BYTES,
    ScpiDevice,
)
from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.wire_faults import Delivery, WireFaults

MESSAGE_AVAILABLE = 16
"""Bit of the status byte that says that a reply can be read."""


class LinkError(IntEnum):
    """Error codes of VXI-11 (specification B.5.2)."""

    NONE = 0
    INVALID_LINK = 4
    NOT_SUPPORTED = 8
    OUT_OF_RESOURCES = 9
    LOCKED = 11
    NO_LOCK = 12
    TIMEOUT = 15
    IO_ERROR = 17
    ABORTED = 23


class Reason(IntFlag):
    """Why a read ended."""

    COUNT = 1
    CHARACTER = 2
    END = 4


class Vxi11Link:
    """A client's link to the device."""

    def __init__(self, device: ScpiDevice, wire: WireFaults) -> None:
        self._device = device
        self._wire = wire
        self._program = bytearray()
        self._running: asyncio.Task[bytes | None] | None = None
        self._output = b""
        self._held = b""
        self._ready = asyncio.Event()
        self._is_aborted = False
        self.is_cut = False

    def status(self) -> int:
        """Return the status byte."""
        is_available = MESSAGE_AVAILABLE if self._output else 0
        return self._device.status.byte() | is_available

    async def write(self, data: bytes, *, is_end: bool, timeout_s: float) -> LinkError:
        """Take a piece of a program message and execute it when it is whole."""
        self._program += data
        if len(self._program) > MAX_MESSAGE_BYTES:
            self._program.clear()
            return LinkError.OUT_OF_RESOURCES
        if not is_end:
            return LinkError.NONE
        if not await self._finished(timeout_s):
            return LinkError.TIMEOUT
        if self._output:
            # A message before the reply to the last one was read interrupts it.
            self._output = b""
            self._device.status.report(ScpiFault(-410, "Query INTERRUPTED"))
        program = bytes(self._program).strip()
        self._program.clear()
        self._is_aborted = False
        execution = self._device.begin(program)
        if execution.is_done:
            self._say(execution.reply)
        else:
            self._running = execution.start()
            self._running.add_done_callback(self._finish)
        return LinkError.NONE

    async def read(
        self, count: int, *, timeout_s: float, end_character: int | None
    ) -> tuple[LinkError, int, Delivery]:
        """Return some of the reply, waiting for it."""
        if not self._output:
            self._ready.clear()
            try:
                await asyncio.wait_for(self._ready.wait(), timeout_s)
            except TimeoutError:
                return LinkError.TIMEOUT, 0, Delivery(b"")
        if self._is_aborted:
            self._is_aborted = False
            return LinkError.ABORTED, 0, Delivery(b"")
        data, reason = self._output[:count], 0
        if end_character is not None and end_character in data:
            data = data[: data.index(end_character) + 1]
            reason |= Reason.CHARACTER
        self._output = self._output[len(data) :]
        reason |= Reason.COUNT if len(data) == count else 0
        reason |= 0 if self._output else Reason.END
        return LinkError.NONE, reason, Delivery(data, closes=self.is_cut)

    def clear(self) -> None:
        """Give up what is being executed, what has arrived, what could be read."""
        if self._running is not None:
            self._running.cancel()
            self._running = None
        self._program.clear()
        self._output = self._held = b""

    def abort(self) -> None:
        """End a read that waits."""
        self._is_aborted = True
        self._ready.set()

    def _finish(self, task: "asyncio.Task[bytes | None]") -> None:
        if task is self._running:
            self._running = None
            self._say(None if task.cancelled() else task.result())

    async def _finished(self, timeout_s: float) -> bool:
        if self._running is None:
            return True
        await asyncio.wait({self._running}, timeout=timeout_s)
        return self._running is None

    def _say(self, reply: bytes | None) -> None:
        if reply is None:
            return
        delivery = self._wire.deliver(self._held + reply)
        if self._wire.takes(FaultKind.STALE_REPLY):
            self._held = delivery.payload
            return
        self._held = b""
        self._output, self.is_cut = delivery.payload, delivery.closes
        self._ready.set()
