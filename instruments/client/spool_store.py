"""The file of a spool with what may go wrong with it: damage, a full disk."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from instruments.client.errors import SpoolError, SpoolFullError
from instruments.client.spool_file import (
    explain_failure,
    is_broken,
    open_database,
    replace_broken,
)
from instruments.client.spool_reserve import DiskReserve
from instruments.client.spool_rows import SpoolRows
from instruments.clock import Clock

Result = TypeVar("Result")

_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


class SpoolStore:
    """An open spool file; its caller holds the lock.

    Parameters
    ----------
    path
        The file; its directory is made if missing.
    clock
        The time, for the name of a file that is set aside.

    Attributes
    ----------
    rows
        What the file holds.

    Raises
    ------
    SpoolError
        If the file cannot be used. One that is damaged is set aside, and what can be
        read of it goes into a new one.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._reserve = DiskReserve(path.with_name("spool.reserve"))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.rows = self._open()
        except (OSError, sqlite3.Error) as error:
            raise SpoolError(explain_failure(path, error)) from None
        self._reserve.take()

    def close(self) -> None:
        """Close the file."""
        self.rows.close()

    def run(self, action: Callable[[SpoolRows], Result]) -> Result:
        """Run an action on the rows; once more on a new file where it is damaged.

        Raises
        ------
        SpoolFullError
            If the disk is full.
        SpoolError
            If the file fails in another way.
        """
        try:
            return action(self.rows)
        except sqlite3.Error as error:
            if not is_broken(error):
                raise self._explain(error) from None
        try:
            self.rows.close()
            self.rows = SpoolRows(replace_broken(self.path, self._clock.now()))
            return action(self.rows)
        except (OSError, sqlite3.Error) as error:
            raise SpoolError(explain_failure(self.path, error)) from None

    def free(self, action: Callable[[SpoolRows], Result]) -> Result:
        """Run what makes room; on a full disk the reserve pays for the journal.

        Raises
        ------
        SpoolError
            As ``run``, and if the disk is full and the reserve is spent.
        """
        try:
            result = self.run(action)
        except SpoolFullError:
            self._reserve.give_up()
            result = self.run(action)
            self.rows.shorten_journal()
        self._reserve.take()
        return result

    def free_bytes(self) -> int:
        """Return how many bytes the disk still takes."""
        try:
            return shutil.disk_usage(self.path.parent).free
        except OSError:
            return 0

    def _open(self) -> SpoolRows:
        try:
            return SpoolRows(open_database(self.path))
        except sqlite3.Error as error:
            if not is_broken(error):
                raise
            return SpoolRows(replace_broken(self.path, self._clock.now()))

    def _explain(self, error: sqlite3.Error) -> SpoolError:
        if (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF in _FULL:
            return SpoolFullError(
                f"{self.path} takes no more sweeps ({error}); free space on its disk"
            )
        return SpoolError(f"{self.path} fails ({error})")
