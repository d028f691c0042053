"""The faults of an emulated array: switched on, switched off, never forgotten."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from instruments.simulation.faults import Fault, FaultKind, FaultRefusedError

MAX_FAULT_COUNT = 10_000
"""Most faults that one run keeps as its ground truth."""

FaultListener = Callable[[Fault], None]


class FaultLog:
    """Every fault of one run; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._listeners: list[FaultListener] = []

    def listen(self, listener: FaultListener) -> None:
        """Call a function with every fault that is added or cleared."""
        self._listeners.append(listener)

    def truth(self) -> tuple[Fault, ...]:
        """Return every fault that was ever added, oldest first."""
        with self._lock:
            return tuple(self._faults)

    def add(self, fault: Fault) -> None:
        """Write a fault down.

        Raises
        ------
        FaultRefusedError
            If the log is full.
        """
        with self._lock:
            if len(self._faults) >= MAX_FAULT_COUNT:
                raise FaultRefusedError(
                    f"{MAX_FAULT_COUNT} faults were injected; start the array anew"
                )
            self._faults.append(fault)
        self._tell((fault,))

    def clear(
        self,
        kind: FaultKind | None,
        cavity: str | None,
        *,
        cleared_s: float,
        cleared_at: datetime,
    ) -> tuple[Fault, ...]:
        """Mark active faults as cleared.

        Parameters
        ----------
        kind, cavity
            Which and where; None for all.
        cleared_s, cleared_at
            The moment, in emulated seconds and as wall time.
        """
        changed: list[Fault] = []
        with self._lock:
            for index, fault in enumerate(self._faults):
                matches = kind in (None, fault.kind) and cavity in (None, fault.cavity)
                if matches and fault.cleared_s is None:
                    changed.append(
                        replace(fault, cleared_s=cleared_s, cleared_at=cleared_at)
                    )
                    self._faults[index] = changed[-1]
        self._tell(tuple(changed))
        return tuple(changed)

    def worst(self, kind: FaultKind, cavity: str | None, at_s: float) -> Fault | None:
        """Return the fault of a kind with the highest level at an emulated time."""
        found = [
            one for one in self.truth() if one.kind is kind and one.cavity == cavity
        ]
        return max(found, key=lambda fault: fault.level(at_s), default=None)

    def level(self, kind: FaultKind, cavity: str | None, at_s: float) -> float:
        """Return the severity of a kind at an emulated time, 0 where there is none."""
        worst = self.worst(kind, cavity, at_s)
        return 0.0 if worst is None else worst.level(at_s)

    def _tell(self, faults: tuple[Fault, ...]) -> None:
        for fault in faults:
            for listener in self._listeners:
                listener(fault)
