"""The file of a spool: its tables, and how it is opened."""

import sqlite3
from pathlib import Path

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
        database.executescript(_SCHEMA)
    except sqlite3.Error:
        database.close()
        raise
    return database


def explain_failure(path: Path, error: Exception) -> str:
    """Say in one sentence why a file did not open as a spool, and the mend."""
    if "locked" in str(error):
        return f"{path} is in use by another poller; stop it or name another spool"
    return f"{path} cannot be used as a spool ({error}); move it away or name another"
