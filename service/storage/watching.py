"""Tells cheaply whether anything was committed: what keeps an idle worker idle."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from service.storage.engine import Database, connect_alone
from service.storage.notifying import CHANNEL


class CommitWatch:
    """Looks for commits of other connections, without a query to any table.

    SQLite counts them in its shared memory (``PRAGMA data_version``), which costs some
    ten microseconds. Over PostgreSQL it hears the site's notifier; while there is none,
    nothing is heard, so whoever waits looks by itself every now and then.

    Parameters
    ----------
    database
        The connections of this process; the watch keeps one of its own beside them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._connection: sqlite3.Connection | None = None
        self._version: int | None = None
        self._ear: psycopg.Connection[Any] | None = None

    def has_news(self) -> bool:
        """Tell whether a commit came since the last call; True where in doubt."""
        try:
            if self._database.path is None:
                return self._hear()
            version = self._read(self._database.path)
        except (sqlite3.Error, psycopg.Error):
            self.close()
            return True
        is_new, self._version = version != self._version, version
        return is_new

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        for connection in (self._connection, self._ear):
            if connection is not None:
                with contextlib.suppress(sqlite3.Error, psycopg.Error):
                    connection.close()
        self._connection = self._version = self._ear = None

    def _hear(self) -> bool:
        if self._ear is None:
            self._ear = connect_alone(self._database)
            self._ear.execute(f"LISTEN {CHANNEL}")
            return True
        return any(list(self._ear.notifies(timeout=0)))

    def _read(self, path: Path) -> int:
        if self._connection is None:
            self._connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=rw",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
            )
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)
