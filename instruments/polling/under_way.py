"""The one attempt that a VNA's worker is at, ended by whoever comes first."""

import threading

from instruments.polling.agenda import Turn
from instruments.polling.attempts import Attempt


class UnderWay:
    """An attempt that the worker or the watchdog ends, never both."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._attempt: tuple[Turn, Attempt] | None = None

    def begin(self, turn: Turn, attempt: Attempt) -> None:
        """Note what is under way."""
        with self._lock:
            self._attempt = turn, attempt

    def end(self) -> tuple[Turn, Attempt] | None:
        """Take the attempt; None where it was ended already."""
        with self._lock:
            ended, self._attempt = self._attempt, None
            return ended
