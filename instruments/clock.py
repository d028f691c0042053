"""Time as an argument: everything that waits or stamps asks a clock."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the rest of the house may know about time."""

    def now(self) -> datetime:
        """Return the wall time as an aware UTC datetime."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds since an arbitrary start; never runs backwards."""
        ...

    def sleep(self, duration_s: float) -> None:
        """Wait for a duration in seconds."""
        ...


class SystemClock(Clock):
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the wall time as an aware UTC datetime."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return seconds since an arbitrary start."""
        return time.monotonic()

    def sleep(self, duration_s: float) -> None:
        """Wait for a duration in seconds."""
        time.sleep(duration_s)
