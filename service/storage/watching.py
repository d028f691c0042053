"""Tells cheaply whether anything was committed: what keeps an idle worker idle."""

import contextlib
import sqlite3
from pathlib import Path
from urllib.parse import quote

from service.storage.engine import Database


class CommitWatch:
    """Looks for commits of other connections, without a query to any table.

    SQLite counts them in its shared memory (``PRAGMA data_version``), which costs some
    ten microseconds. Where it cannot tell, as over PostgreSQL, the answer is always
    that there may be something new.

    Parameters
    ----------
    database
        The connections of this process; the watch keeps one of its own beside them.
    """

    def __init__(self, database: Database) -> None:
        self._path = database.path
        self._connection: sqlite3.Connection | None = None
        self._version: int | None = None

    def has_news(self) -> bool:
        """Tell whether a commit came since the last call; True where in doubt."""
        if self._path is None:
            return True
        try:
            version = self._read(self._path)
        except sqlite3.Error:
            self.close()
            return True
        is_new, self._version = version != self._version, version
        return is_new

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
        self._connection = self._version = None

    def _read(self, path: Path) -> int:
        if self._connection is None:
            self._connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None
            )
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)
