"""What a backup says of itself, and which one holds what is damaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from instruments.measurement.times import parse_time
from service.errors import BackupError
from service.storage.audit import list_actions
from service.storage.database_files import hash_file, list_files
from service.storage.engine import Database, Transaction
from service.storage.months import first_id

MANIFEST = "manifest.json"
SQLITE_COPY = "halowatch.sqlite"
PACKS_COPY = "halowatch.packs"
POSTGRESQL_COPY = "halowatch.dump"
SCHEMA = 1
MADE = "database.backup"
"""How the audit log calls the making of a backup."""

_MOST_BACKUPS = 1000


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup folder says of itself.

    Attributes
    ----------
    engine
        ``sqlite`` or ``postgresql``.
    revision
        Of the tables.
    row_counts
        Rows by table.
    files
        SHA-256 by name within the folder.
    damaged
        Ids of sweeps whose samples could not be read when it was made; None where
        nobody looked.
    """

    engine: str
    made_at: str
    revision: str
    row_counts: dict[str, int]
    files: dict[str, str]
    damaged: tuple[str, ...] | None = None

    @property
    def record(self) -> dict[str, Any]:
        """The document of the manifest."""
        return {
            "schema": SCHEMA,
            "engine": self.engine,
            "made_at": self.made_at,
            "revision": self.revision,
            "row_counts": self.row_counts,
            "files": self.files,
            "damaged": None if self.damaged is None else list(self.damaged),
        }


def read_manifest(folder: Path) -> Backup:
    """Read what a backup says of itself; its files are not looked at.

    Raises
    ------
    BackupError
        If the folder is no backup.
    """
    try:
        told = orjson.loads((folder / MANIFEST).read_bytes())
        if told["schema"] != SCHEMA:
            raise BackupError(f"{folder} is a backup of schema {told['schema']}")
        damaged = told.get("damaged")
        return Backup(
            engine=str(told["engine"]),
            made_at=str(told["made_at"]),
            revision=str(told["revision"]),
            row_counts={str(k): int(v) for k, v in told["row_counts"].items()},
            files={str(k): str(v) for k, v in told["files"].items()},
            damaged=None if damaged is None else tuple(map(str, damaged)),
        )
    except OSError as error:
        raise BackupError(f"{folder} is no backup ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupError(f"{folder / MANIFEST} is no manifest of a backup") from None


def read_backup(folder: Path) -> Backup:
    """Read a backup's manifest and check that every file is what it was.

    Raises
    ------
    BackupError
        If the folder is no whole backup.
    """
    backup = read_manifest(folder)
    present = set(list_files(folder)) - {MANIFEST}
    for name in sorted(present ^ set(backup.files)):
        what = "is missing" if name in backup.files else "is not of the backup"
        raise BackupError(f"{folder / name} {what}")
    for name, digest in backup.files.items():
        if hash_file(folder / name) != digest:
            raise BackupError(f"{folder / name} is damaged: its SHA-256 is another one")
    return backup


def check_engine(backup: Backup, database: Database, folder: Path) -> None:
    """Refuse a backup of the other engine.

    Raises
    ------
    BackupError
        If it is one.
    """
    engine = "sqlite" if database.is_sqlite else "postgresql"
    if backup.engine != engine:
        raise BackupError(
            f"{folder} is a backup of {backup.engine}, HALOWATCH_DATABASE_URL names "
            f"{engine}"
        )


def backup_of(transaction: Transaction, sweep_ids: Sequence[str]) -> Path | None:
    """Find the newest backup that was made of sweeps and tells of no damage to them.

    Only folders that the audit log knows and this machine sees are looked at, and of
    these what they say: a restore reads their files.

    Parameters
    ----------
    sweep_ids
        One at least.
    """
    last = max(sweep_ids)
    for one in list_actions(transaction, limit=_MOST_BACKUPS, action=MADE):
        folder = Path(one.entry.subject)
        try:
            backup = read_manifest(folder)
            is_later = first_id(parse_time("made_at", backup.made_at)) > last
        except (BackupError, ValueError):
            continue
        if is_later and not set(sweep_ids) & set(backup.damaged or ()):
            return folder
    return None
