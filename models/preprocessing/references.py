"""What was worked out for the last few references; the sweeps of a cycle share one."""

import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from models.preprocessing.view import Traces

REFERENCE_COUNT = 64
"""References that are remembered."""

Worked = TypeVar("Worked")

_Array: TypeAlias = npt.NDArray[np.inexact]
_Held: TypeAlias = tuple[weakref.ref[_Array], ...]


class ReferenceMemory(Generic[Worked]):
    """Remembers by the arrays themselves, bounded; several threads may ask at once.

    A reference that nobody holds any longer is not known again, for its arrays are
    not kept alive. What is in them must not change.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[_Held, Worked]] = {}
        self._lock = threading.Lock()

    def recall(
        self, frequency_hz: _Array, traces: Traces, work_out: Callable[[], Worked]
    ) -> Worked:
        """Return what is known of a reference, or work it out and remember it."""
        arrays = (frequency_hz, *traces.values())
        key = (*map(id, arrays), *traces)
        with self._lock:
            # The least recently used one goes first.
            found = self._known.pop(key, None)
            if found is not None:
                held, worked = found
                # A number may by now stand for another array.
                if all(ref() is array for ref, array in zip(held, arrays, strict=True)):
                    self._known[key] = found
                    return worked
        worked = work_out()
        with self._lock:
            self._known[key] = tuple(map(weakref.ref, arrays)), worked
            while len(self._known) > REFERENCE_COUNT:
                del self._known[next(iter(self._known))]
        return worked

    def __len__(self) -> int:
        """Return how many references are remembered."""
        return len(self._known)
