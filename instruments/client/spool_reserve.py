"""Room on a disk that is set aside, so that a full one can still be drained."""

import contextlib
import os
from pathlib import Path

RESERVE_BYTES = 4 * 1024 * 1024
"""What forgetting one batch of sweeps may write before it frees anything."""


class DiskReserve:
    """A file of nothing beside a spool: given up when the disk is full.

    Forgetting a sweep writes to the journal first. On a disk without a free byte that
    fails, and the spool would never empty again.

    Parameters
    ----------
    path
        Where the file lies.
    size_bytes
        Its size.
    """

    def __init__(self, path: Path, size_bytes: int = RESERVE_BYTES) -> None:
        self._path = path
        self._size_bytes = size_bytes

    @property
    def is_held(self) -> bool:
        """Whether the room is set aside."""
        with contextlib.suppress(OSError):
            return self._path.stat().st_size >= self._size_bytes
        return False

    def take(self) -> bool:
        """Set the room aside, unless it is already; tells whether it is."""
        if self.is_held:
            return True
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._size_bytes)
        except OSError:
            self.give_up()
            return False
        return True

    def give_up(self) -> None:
        """Give the room back to the disk."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
