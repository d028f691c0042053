"""A clock whose sleep ends when somebody calls, for one worker thread."""

import threading
from datetime import datetime

from instruments.clock import Clock


class AttentiveClock(Clock):
    """The time of another clock; waits end early when ``call`` wakes them.

    A sweep that is waited for with it hears of RF silence within a round trip instead
    of at the next poll.

    Parameters
    ----------
    clock
        The time.
    called
        Set by whoever calls.
    """

    def __init__(self, clock: Clock, called: threading.Event) -> None:
        self._clock = clock
        self._called = called

    def now(self) -> datetime:
        """Return the wall time as an aware UTC datetime."""
        return self._clock.now()

    def monotonic_s(self) -> float:
        """Return seconds since an arbitrary start."""
        return self._clock.monotonic_s()

    def sleep(self, duration_s: float) -> None:
        """Wait for a duration in seconds, or until somebody calls."""
        if self._called.wait(duration_s):
            self._called.clear()
