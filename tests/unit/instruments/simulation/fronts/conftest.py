import asyncio
from datetime import UTC, datetime

import pytest

from instruments.simulation.faults import Fault, FaultKind
from instruments.simulation.scpi.device import ScpiDevice


class Slow(ScpiDevice):
    """Answers a long block, and waits where it is told to."""

    def __init__(self):
        super().__init__("Maker,Slow,1,0")
        self.seen = []
        self.triggered = 0
        self.add("BLOCk", query=lambda _: b"#3200" + b"\n" * 200)
        self.add("WAIT", query=self._wait)
        self.add("NOTE", command=lambda call: self.seen.append(call.arguments.text()))

    async def _wait(self, call):
        del call
        await asyncio.sleep(30)
        return "late"

    def trigger(self):
        self.triggered += 1


@pytest.fixture
def make_device():
    return Slow


@pytest.fixture
def make_fault():
    def make(kind, **changes):
        return Fault(
            kind=FaultKind(kind),
            severity=1.0,
            onset_s=0.0,
            injected_at=datetime(2026, 11, 1, tzinfo=UTC),
            cavity="cavity-1",
            **changes,
        )

    return make
