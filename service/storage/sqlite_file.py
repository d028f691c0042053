"""The SQLite file: how it is made, opened, and known again."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import QueuePool

from service.errors import StorageUnavailableError

PAGE_BYTES = 16_384
"""Page size of the SQLite file; set before its first table."""

CHECKPOINT_PAGES = 4000
"""Pages in the journal before they move into the SQLite file: 64 MiB, so that pages
of the indexes are written once for many sweeps."""


def create_sqlite_file(path: Path) -> None:
    """Create an empty database file with our page size and journal, if absent.

    Raises
    ------
    StorageUnavailableError
        If the folder cannot be made or the file cannot be written.
    """
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
    except (OSError, sqlite3.Error) as error:
        raise StorageUnavailableError(f"cannot create {path}: {error}") from error


def sqlite_engine(path: Path, busy_timeout_s: float) -> Engine:
    """Make connections to a file that must be there, and stay the same one.

    Each transaction takes the write lock at its begin where the execution option
    ``halowatch_write`` says so. ``info["file"]`` of a connection is the
    :func:`file_identity` that it was opened with.
    """

    def connect() -> sqlite3.Connection:
        # mode=rw: a missing file is an error, never silently an empty database.
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA cache_size = -16000")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        return connection

    engine = create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=12,
        pool_timeout=busy_timeout_s,
        pool_use_lifo=True,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # The write lock is taken at once: a later upgrade could only fail.
        writes = connection.get_execution_options().get("halowatch_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @event.listens_for(engine, "connect")
    def remember(connection: Any, record: Any) -> None:
        del connection
        record.info["file"] = file_identity(path)

    @event.listens_for(engine, "checkout")
    def compare(connection: Any, record: Any, proxy: Any) -> None:
        del connection, proxy
        if record.info.get("file") != file_identity(path):
            raise DisconnectionError(f"the database file {path} was moved or removed")

    return engine


def file_identity(path: Path) -> tuple[int, int] | None:
    """Return device and number of a file; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
