"""Refuses sweeps while the disk of an embedded database still has some room."""

import shutil
from pathlib import Path

from instruments.clock import Clock
from service.errors import DiskFullError

LOOK_S = 1.0
"""Time between two looks at the disk, in seconds."""

RETRY_AFTER_S = 30
"""When a client may try again, in seconds: a full disk takes a person to mend."""


class DiskGuard:
    """Knows how much room there is where a SQLite file lies.

    Parameters
    ----------
    path
        The database file; None guards nothing.
    least_bytes
        Room that must be left.
    """

    def __init__(self, path: Path | None, least_bytes: int, clock: Clock) -> None:
        self._folder = None if path is None else path.parent
        self._least_bytes = least_bytes
        self._clock = clock
        self._next_look_s = float("-inf")
        self._free_bytes: int | None = None

    def check(self) -> None:
        """Pass where there is room, or where nobody can tell.

        Raises
        ------
        DiskFullError
            If less is left.
        """
        now_s = self._clock.monotonic_s()
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + LOOK_S
            self._free_bytes = self._look()
        if self._free_bytes is not None and self._free_bytes < self._least_bytes:
            raise DiskFullError(
                f"{self._folder} has {self._free_bytes} bytes left, "
                f"HALOWATCH_DISK_FREE_BYTES keeps {self._least_bytes}: make room; "
                "sweeps are taken again by then, without a restart",
                retry_after_s=RETRY_AFTER_S,
            )

    def _look(self) -> int | None:
        if self._folder is None:
            return None
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return None
