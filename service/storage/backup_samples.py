"""Reads the samples of some sweeps from a backup, without putting it in place."""

import contextlib
import shutil
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

import orjson

from service.errors import BackupError
from service.storage import postgresql_tools
from service.storage.backup_manifest import (
    PACKS_COPY,
    POSTGRESQL_COPY,
    SQLITE_COPY,
)
from service.storage.checksums import checksum
from service.storage.engine import Database
from service.storage.months import month_of
from service.storage.payloads import Payload, partition_name
from service.storage.quantising import QUANTISED_LEANING, leans_on
from service.storage.sound_samples import read_sound

_HEX = b"\\\\x"
"""How COPY begins bytes."""


def read_samples(
    database: Database, folder: Path, sweep_ids: Collection[str]
) -> dict[str, Payload]:
    """Read what a backup holds of some sweeps, with what that leans on.

    Parameters
    ----------
    database
        One of the backup's engine; SQLite's file names the folder for a copy.

    Returns
    -------
    dict
        Sweep id to its samples; those that the backup lacks, or that are damaged in it,
        are left out.

    Raises
    ------
    BackupError
        If the backup cannot be read.
    """
    if database.is_sqlite:
        return _from_sqlite(database, folder, sweep_ids)
    found = _from_dump(database, folder, set(sweep_ids))
    needed = {
        leans_on(one.blob) for one in found.values() if one.codec == QUANTISED_LEANING
    }
    bases = found | _from_dump(database, folder, needed - found.keys())
    return {
        sweep_id: _behind(one, bases)
        for sweep_id, one in found.items()
        if one.codec != QUANTISED_LEANING or leans_on(one.blob) in bases
    }


def _behind(payload: Payload, bases: dict[str, Payload]) -> Payload:
    if payload.codec != QUANTISED_LEANING:
        return payload
    return replace(payload, basis=bases[leans_on(payload.blob)])


def _from_sqlite(
    database: Database, folder: Path, sweep_ids: Collection[str]
) -> dict[str, Payload]:
    assert database.path is not None
    with _opened(folder, database.path.parent) as copy, copy.read() as transaction:
        sound, _ = read_sound(transaction, sorted(sweep_ids))
    return {one.sweep_id: one for one in sound}


@contextlib.contextmanager
def _opened(folder: Path, near: Path) -> Iterator[Database]:
    """Open a copy of the rows beside the backup's own samples."""
    try:
        with tempfile.TemporaryDirectory(prefix=".mending-", dir=near) as place:
            path = Path(place) / SQLITE_COPY
            # To open the backup itself would leave files in it.
            shutil.copyfile(folder / SQLITE_COPY, path)
            if (folder / PACKS_COPY).is_dir():
                packs = (folder / PACKS_COPY).absolute()
                path.with_suffix(".packs").symlink_to(packs, target_is_directory=True)
            with contextlib.closing(Database(f"sqlite:///{path}")) as database:
                yield database
    except OSError as error:
        raise BackupError(f"{folder} cannot be read ({error})") from None


def _from_dump(
    database: Database, folder: Path, sweep_ids: Collection[str]
) -> dict[str, Payload]:
    source = folder / POSTGRESQL_COPY
    wanted = {one.encode() for one in sweep_ids}
    found: dict[str, Payload] = {}
    for month in sorted({month_of(one) for one in sweep_ids}):
        table = partition_name(month)
        rows = postgresql_tools.read_table(database, source, table, wanted.__contains__)
        for row in rows:
            payload = _payload(row)
            if payload is not None:
                found[payload.sweep_id] = payload
    return found


def _payload(row: dict[str, bytes | None]) -> Payload | None:
    """Read a row as COPY wrote it; None where its checksum is another one."""
    sweep_id, text, noise = row["sweep_id"], row["payload"], row["noise"]
    codec, version = row["codec"], row["codec_version"]
    if sweep_id is None or text is None or codec is None or version is None:
        return None
    blob = bytes.fromhex(text.removeprefix(_HEX).decode())
    due = row.get("checksum")
    if due is not None and int(due) != checksum(blob):
        return None
    return Payload(
        sweep_id=sweep_id.decode(),
        codec=int(codec),
        codec_version=int(version),
        noise=None if noise is None else orjson.loads(noise),
        blob=blob,
    )
