"""What is wrong with one VNA and its connection right now."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from instruments.simulation.faults import EVENT_FAULTS, Fault, FaultKind

LONG_REPLY_BYTES = 64
"""Replies from here on count as blocks that can be cut in the middle."""

PIECES = 32
"""Pieces of a reply that is split."""

PIECE_PAUSE_S = 0.002
"""Real seconds between two pieces."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What to send, and whether the connection ends with it."""

    payload: bytes
    closes: bool = False

    def pieces(self, *, is_split: bool) -> list[bytes]:
        """Return the payload as it goes into the wire, whole or in small pieces."""
        if not is_split or len(self.payload) < 2:
            return [self.payload]
        size = -(-len(self.payload) // PIECES)
        return [
            self.payload[start : start + size]
            for start in range(0, len(self.payload), size)
        ]


class WireFaults:
    """Switches of one VNA, turned by the control port.

    Used from one event loop only.
    """

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._left: dict[int, int] = {}
        self._listeners: list[Callable[[Fault], None]] = []
        self._speaks = asyncio.Event()
        self._speaks.set()

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self._active

    @property
    def is_silent(self) -> bool:
        """Whether the VNA swallows every message."""
        return not self._speaks.is_set()

    async def until_speaking(self) -> None:
        """Wait until the VNA answers again."""
        await self._speaks.wait()

    def listen(self, listener: Callable[[Fault], None]) -> None:
        """Call a function with every fault that happens at once."""
        self._listeners.append(listener)

    def add(self, fault: Fault) -> None:
        """Switch a fault on, or let it happen."""
        if fault.kind in EVENT_FAULTS:
            for listener in self._listeners:
                listener(fault)
            return
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
        if not self._active:
            return 0.0
        return max((fault.delay_s for fault in self._active), default=0.0)

    def has(self, kind: FaultKind) -> bool:
        """Tell whether a fault is on, without using it up."""
        return bool(self._active) and any(fault.kind == kind for fault in self._active)

    def takes(self, kind: FaultKind) -> bool:
        """Tell whether a fault hits here, and use up one of its count."""
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

    def deliver(self, reply: bytes) -> Delivery:
        """Return what becomes of a reply on this wire."""
        if self.takes(FaultKind.GARBAGE):
            return Delivery(secrets.token_bytes(max(8, len(reply) - 1)) + b"\n")
        if len(reply) >= LONG_REPLY_BYTES and self.takes(FaultKind.DROP_MID_BLOCK):
            return Delivery(reply[: len(reply) // 2], closes=True)
        return Delivery(reply)

    def _update(self) -> None:
        kept = {id(fault) for fault in self._active}
        self._left = {key: left for key, left in self._left.items() if key in kept}
        if any(fault.kind == FaultKind.VNA_SILENT for fault in self._active):
            self._speaks.clear()
        else:
            self._speaks.set()
