"""The file of a spool: its tables, how it is opened, and what is done when it broke."""

import logging
import sqlite3
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

_log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sweep (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    message BLOB NOT NULL,
    crc32 INTEGER NOT NULL,
    enqueued_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS dead_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    message BLOB NOT NULL,
    reason TEXT NOT NULL,
    rejected_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT OR IGNORE INTO counter VALUES
    ('enqueued', 0), ('confirmed', 0), ('rejected', 0);
"""

_MOST_LOST_ROWS = 4_096
"""How far a search goes on behind a row that cannot be read."""

_SIDE_FILES = ("", "-wal", "-journal")


def open_database(path: Path) -> sqlite3.Connection:
    """Open or make the file of a spool, durable and for this process alone.

    Raises
    ------
    sqlite3.Error
        If the file is no database, or another process has it open.
    """
    database = sqlite3.connect(path, check_same_thread=False, timeout=0.5)
    try:
        # One process owns a spool: two would post everything twice.
        database.execute("PRAGMA locking_mode=EXCLUSIVE")
        database.execute("PRAGMA page_size=16384")
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        # A short journal, so that on a full disk the reserve holds what it moves.
        database.execute("PRAGMA wal_autocheckpoint=128")
        database.executescript(_SCHEMA)
    except sqlite3.Error:
        database.close()
        raise
    return database


def is_broken(error: sqlite3.Error) -> bool:
    """Tell a file that is damaged from one that is busy, full or out of reach."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return False
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def explain_failure(path: Path, error: Exception) -> str:
    """Say in one sentence why a file did not open as a spool, and the mend."""
    if "locked" in str(error):
        return f"{path} is in use by another poller; stop it or name another spool"
    return f"{path} cannot be used as a spool ({error}); move it away or name another"


def replace_broken(path: Path, now: datetime) -> sqlite3.Connection:
    """Set a damaged file aside and make a new one of what can be read of it.

    Returns
    -------
    sqlite3.Connection
        The new file, open.

    Raises
    ------
    OSError, sqlite3.Error
        If the file cannot be moved, or no new one be made.
    """
    aside = _name_aside(path, now)
    for suffix in _SIDE_FILES:
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(aside.with_name(aside.name + suffix))
    database = open_database(path)
    kept = 0
    with database:
        for row in _readable_rows(aside):
            kept += database.execute(
                "INSERT OR IGNORE INTO sweep (key, message, crc32, enqueued_at) "
                "VALUES (?, ?, ?, ?)",
                row,
            ).rowcount
        database.execute(
            "UPDATE counter SET value = value + ? WHERE name = 'enqueued'", (kept,)
        )
    _log.error(
        "%s was damaged: %d sweeps were read out of it and wait on, the rest lies in "
        "%s; look at the disk",
        path,
        kept,
        aside,
    )
    return database


def _name_aside(path: Path, now: datetime) -> Path:
    stamp = now.strftime("%Y%m%dT%H%M%S")
    for number in range(1000):
        aside = path.with_name(f"{path.name}.broken-{stamp}-{number}")
        if not aside.exists():
            return aside
    raise OSError(f"{path.parent} holds a thousand broken spools; clear it")


def _readable_rows(path: Path) -> Iterator[tuple[str, bytes, int, float]]:
    """Yield key, message, checksum and time of every sound row, oldest first."""
    broken = sqlite3.connect(path, timeout=0.5)
    try:
        for row in _walk(broken):
            key, message, crc32, _ = row
            # A damaged page may give any type and any length.
            is_row = isinstance(key, str) and isinstance(message, bytes)
            if is_row and zlib.crc32(message) == crc32:
                yield row
    except sqlite3.Error as error:
        _log.warning("%s cannot be read any further (%s)", path, error)
    finally:
        broken.close()


def _walk(broken: sqlite3.Connection) -> Iterator[tuple[str, bytes, int, float]]:
    """Read in order, and step over rows that cannot be read."""
    columns = "id, key, CAST(message AS BLOB), crc32, enqueued_at"
    last = 0
    lost = 0
    while lost < _MOST_LOST_ROWS:
        query = f"SELECT {columns} FROM sweep WHERE id > ? ORDER BY id"  # noqa: S608 - the columns are the constant above
        try:
            for number, *row in broken.execute(query, (last,)):
                # A damaged page may lead back to an earlier one, round and round.
                if not isinstance(number, int) or number <= last:
                    return
                last, lost = number, 0
                yield tuple(row)
        except sqlite3.DatabaseError as error:
            if not is_broken(error):
                raise
            last, lost = last + 1, lost + 1
        else:
            return
