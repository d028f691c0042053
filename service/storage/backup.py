"""Copies a database while it is in use, and puts a copy in its place."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import replace as changed
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import TypeAlias

import orjson
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, inspect, select, table

from instruments.measurement.times import format_time
from service.errors import BackupError
from service.storage import postgresql_tools
from service.storage.backup_manifest import (
    MANIFEST,
    PACKS_COPY,
    POSTGRESQL_COPY,
    SQLITE_COPY,
    Backup,
    check_engine,
    read_backup,
)
from service.storage.damage import find_damage
from service.storage.database_files import (
    check_unused,
    copy_database,
    hash_file,
    list_files,
    make_durable,
    move_database,
    remove_database,
    sync,
)
from service.storage.engine import Database, Transaction, take_time
from service.storage.integrity import check_integrity

_ATTEMPTS = 3

_Told: TypeAlias = tuple[str, dict[str, int], tuple[str, ...]]
"""Revision of the tables, their rows, and the sweeps that are damaged."""


def back_up(database: Database, folder: Path, now: datetime) -> Backup:
    """Copy a database into a new folder; readers and writers go on meanwhile.

    Samples that are damaged are copied as they are, and the backup tells of them.

    Raises
    ------
    BackupError
        If the folder exists, cannot be written, or the copy is not sound.
    StorageUnavailableError
        If the database cannot be read.
    """
    if folder.exists():
        raise BackupError(f"{folder} exists already: name a new folder")
    partial = folder.with_name(folder.name + ".partial")
    try:
        partial.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise BackupError(f"{partial} cannot be made ({error.strerror})") from None
    try:
        copy = _copy_sqlite if database.is_sqlite else _copy_postgresql
        revision, counts, damaged = copy(database, partial)
        backup = Backup(
            engine="sqlite" if database.is_sqlite else "postgresql",
            made_at=format_time(now),
            revision=revision,
            row_counts=counts,
            files={name: hash_file(partial / name) for name in list_files(partial)},
            damaged=damaged,
        )
        (partial / MANIFEST).write_bytes(
            orjson.dumps(backup.record, option=orjson.OPT_INDENT_2)
        )
        make_durable(partial)
        partial.rename(folder)
        sync(folder.absolute().parent)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise BackupError(f"{partial} cannot be written ({error})") from None
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return backup


def restore(
    database: Database, folder: Path, *, replace: bool, now: datetime
) -> Backup:
    """Put a backup in the place of the database.

    Parameters
    ----------
    replace
        Whether a database that is there may be replaced; a SQLite file is kept beside,
        under another name.

    Returns
    -------
    Backup
        What the backup says of itself, with the sweeps that were found damaged in it.

    Raises
    ------
    BackupError
        If the backup is not whole, of the other engine, or the database is in use.
    StorageUnavailableError
        If the database cannot be reached.
    """
    backup = read_backup(folder)
    check_engine(backup, database, folder)
    if database.is_sqlite:
        damaged = _restore_sqlite(database, folder, backup, replace=replace, now=now)
    else:
        postgresql_tools.restore(database, folder / POSTGRESQL_COPY, replace=replace)
        with database.read() as transaction:
            take_time(transaction)
            _check_counts(transaction, backup)
            damaged = _damaged(transaction)
    return changed(backup, damaged=damaged)


def _copy_postgresql(database: Database, folder: Path) -> _Told:
    with database.snapshot() as (transaction, snapshot):
        told = _told(transaction)
        postgresql_tools.dump(database, folder / POSTGRESQL_COPY, snapshot)
    return told


def _copy_sqlite(database: Database, folder: Path) -> _Told:
    path = database.path
    assert path is not None
    packs = path.with_suffix(".packs")
    problem = ""
    for _ in range(_ATTEMPTS):
        copy_database(path, folder / SQLITE_COPY)
        # Rows point into the packs, which only grow or go as a whole: copied later,
        # they hold all that the rows know, unless retention came in between.
        shutil.rmtree(folder / PACKS_COPY, ignore_errors=True)
        if packs.is_dir():
            shutil.copytree(packs, folder / PACKS_COPY)
        with _opened(folder / SQLITE_COPY) as copy, copy.read() as transaction:
            problems = check_integrity(transaction)
            if not problems:
                return _told(transaction)
            problem = problems[0]
    raise BackupError(f"the copy of {path} is not sound: {problem}")


def _restore_sqlite(
    database: Database, folder: Path, backup: Backup, *, replace: bool, now: datetime
) -> tuple[str, ...]:
    path = database.path
    assert path is not None
    if path.exists():
        if not replace:
            raise BackupError(
                f"{path} exists: --replace keeps it beside and puts the backup there"
            )
        check_unused(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = path.with_name(f"{path.stem}.restoring{path.suffix}")
    try:
        _place(folder, waiting)
        with _opened(waiting) as copy, copy.read() as transaction:
            problems = check_integrity(transaction)
            if problems:
                raise BackupError(f"{folder} is not sound: {problems[0]}")
            _check_counts(transaction, backup)
            damaged = _damaged(transaction)
        if path.exists():
            move_database(path, _free_name(path, now))
        move_database(waiting, path)
    finally:
        remove_database(waiting)
    sync(path.parent)
    return damaged


def _free_name(path: Path, now: datetime) -> Path:
    """Name what is replaced by the time; nothing kept before is written over."""
    stem = f"{path.stem}.before-{now:%Y%m%dT%H%M%SZ}"
    names = chain([stem], (f"{stem}-{number}" for number in count(2)))
    places = (path.with_name(f"{name}{path.suffix}") for name in names)
    return next(
        place
        for place in places
        if not place.exists() and not place.with_suffix(".packs").exists()
    )


def _place(folder: Path, waiting: Path) -> None:
    remove_database(waiting)
    shutil.copyfile(folder / SQLITE_COPY, waiting)
    waiting.chmod(0o600)
    if (folder / PACKS_COPY).is_dir():
        shutil.copytree(folder / PACKS_COPY, waiting.with_suffix(".packs"))
    make_durable(waiting.parent)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Database]:
    with contextlib.closing(Database(f"sqlite:///{path}")) as database:
        yield database


def _told(transaction: Transaction) -> _Told:
    revision = str(MigrationContext.configure(transaction).get_current_revision())
    return revision, _count(transaction), _damaged(transaction)


def _damaged(transaction: Transaction) -> tuple[str, ...]:
    columns = {it["name"] for it in inspect(transaction).get_columns("sweep_payload")}
    # A backup of a former edition is looked at once it is brought up to date.
    if "checksum" not in columns:
        return ()
    return tuple(find_damage(transaction).sweep_ids)


def _count(transaction: Transaction) -> dict[str, int]:
    return {
        name: transaction.execute(
            select(func.count()).select_from(table(name))
        ).scalar_one()
        for name in sorted(inspect(transaction).get_table_names())
    }


def _check_counts(transaction: Transaction, backup: Backup) -> None:
    found = _count(transaction)
    for name, due in backup.row_counts.items():
        if found.get(name) != due:
            raise BackupError(
                f"table {name} holds {found.get(name)} rows where the backup says {due}"
            )
