"""A database as files: copied, moved and removed with what belongs to it."""

import contextlib
import hashlib
import os
import shutil
import sqlite3
from pathlib import Path

from service.errors import BackupError, StorageUnavailableError

_PIECE_BYTES = 1024 * 1024


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite file that others may be writing to, as of one moment.

    Raises
    ------
    StorageUnavailableError
        If it cannot be read, or the copy not be written.
    """
    target.unlink(missing_ok=True)
    try:
        with (
            contextlib.closing(
                sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
            ) as read,
            contextlib.closing(sqlite3.connect(target)) as write,
        ):
            # All pages in one step: one snapshot, which no writer can restart.
            read.backup(write, pages=-1)
            write.execute("PRAGMA journal_mode = WAL")
            write.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise StorageUnavailableError(f"{source}: {error}") from error


def remove_database(path: Path) -> None:
    """Remove a database with all that belongs to it."""
    for leftover in _family(path):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink(missing_ok=True)


def move_database(old: Path, new: Path) -> None:
    """Rename a database with all that belongs to it, its main file last."""
    for source, target in reversed(list(zip(_family(old), _family(new), strict=True))):
        if source.exists():
            source.rename(target)


def _family(path: Path) -> list[Path]:
    journals = [path.with_name(path.name + ending) for ending in ("-wal", "-shm")]
    return [path, path.with_suffix(".packs"), *journals]


def check_unused(path: Path) -> None:
    """Refuse a database that somebody has open.

    Raises
    ------
    BackupError
        If it is in use.
    """
    # Leaving WAL takes the file for oneself: it fails while anybody else has it open.
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=0.2)) as connection:
            mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
            is_free = mode == "delete"
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.DatabaseError as error:
        if "locked" not in str(error):
            return  # a file that is broken is in nobody's use
        is_free = False
    if not is_free:
        raise BackupError(f"{path} is in use: stop the service and its workers first")


def list_files(folder: Path) -> list[str]:
    """List the files below a folder, by their names relative to it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(folder)) for path in files)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def make_durable(folder: Path) -> None:
    """Put a folder and all below it on disk."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)


def sync(path: Path) -> None:
    """Put one file or folder on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
