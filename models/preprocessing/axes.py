"""What was worked out for the last few frequency axes; sweeps of a plan share one."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

AXIS_COUNT = 8
"""Axes that are remembered."""

MOST_POINTS = 8192
"""Points of the longest axis that is: beyond, a sweep's own samples take the time."""

Worked = TypeVar("Worked")


class AxisMemory(Generic[Worked]):
    """Remembers by the axis itself, bounded; several threads may ask at once."""

    def __init__(self) -> None:
        self._known: dict[bytes, Worked] = {}
        self._lock = threading.Lock()

    def recall(
        self,
        frequency_hz: npt.NDArray[np.float64],
        work_out: Callable[[npt.NDArray[np.float64]], Worked],
    ) -> Worked:
        """Return what is known of an axis, or work it out and remember it."""
        if frequency_hz.size > MOST_POINTS:
            return work_out(frequency_hz)
        key = frequency_hz.tobytes()
        with self._lock:
            if key in self._known:
                # The least recently used one goes first.
                found = self._known[key] = self._known.pop(key)
                return found
        found = work_out(frequency_hz)
        with self._lock:
            self._known[key] = found
            while len(self._known) > AXIS_COUNT:
                del self._known[next(iter(self._known))]
        return found

    def __len__(self) -> int:
        """Return how many axes are remembered."""
        return len(self._known)
