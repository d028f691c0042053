"""What is wrong with one VNA's connection right now."""

import asyncio
import secrets
from dataclasses import dataclass

from instruments.simulation.faults import Fault, FaultKind

LONG_REPLY_BYTES = 64
"""Replies from here on count as blocks that can be cut in the middle."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What to send, and whether the connection ends with it."""

    payload: bytes
    closes: bool = False


class WireFaults:
    """Switches of one VNA's wire, turned by the control port.

    Used from one event loop only.
    """

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._left: dict[int, int] = {}
        self._speaks = asyncio.Event()
        self._speaks.set()

    @property
    def is_silent(self) -> bool:
        """Whether the VNA swallows every message."""
        return not self._speaks.is_set()

    async def until_speaking(self) -> None:
        """Wait until the VNA answers again."""
        await self._speaks.wait()

    def add(self, fault: Fault) -> None:
        """Switch a fault on."""
        self._active.append(fault)
        if fault.reply_count is not None:
            self._left[id(fault)] = fault.reply_count
        self._update()

    def remove(self, kind: FaultKind) -> None:
        """Switch all faults of a kind off."""
        self._active = [fault for fault in self._active if fault.kind != kind]
        self._update()

    @property
    def delay_s(self) -> float:
        """Real seconds by which replies are late."""
        return max((fault.delay_s for fault in self._active), default=0.0)

    def deliver(self, reply: bytes) -> Delivery:
        """Return what becomes of a reply on this wire."""
        if self._takes(FaultKind.GARBAGE):
            return Delivery(secrets.token_bytes(max(8, len(reply) - 1)) + b"\n")
        if len(reply) >= LONG_REPLY_BYTES and self._takes(FaultKind.DROP_MID_BLOCK):
            return Delivery(reply[: len(reply) // 2], closes=True)
        return Delivery(reply)

    def _takes(self, kind: FaultKind) -> bool:
        for fault in self._active:
            if fault.kind != kind:
                continue
            left = self._left.get(id(fault))
            if left is None:
                return True
            if left > 0:
                self._left[id(fault)] = left - 1
                return True
        return False

    def _update(self) -> None:
        kept = {id(fault) for fault in self._active}
        self._left = {key: left for key, left in self._left.items() if key in kept}
        if any(fault.kind == FaultKind.VNA_SILENT for fault in self._active):
            self._speaks.clear()
        else:
            self._speaks.set()
