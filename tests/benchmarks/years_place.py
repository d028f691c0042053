"""Databases with a year of rows, made once or used again, and how they grow cold."""

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from postgresql_cluster import Cluster
from years import fill_postgresql, fill_sqlite

from service.storage.engine import Database
from service.storage.migration import upgrade

KEPT_IN = os.environ.get("HALOWATCH_BENCH_YEARS", "")
"""Folder where large databases stay for the next run; forgotten where empty."""

ROWS = int(os.environ.get("HALOWATCH_BENCH_ROWS", "10000000"))
FEW_ROWS = 10_000
ROW_BYTES = 1300
"""On disk, with indexes, trends and what the journal takes for a while."""


@dataclass(frozen=True)
class Place:
    """Where databases are made, by number of rows, and how they are forgotten."""

    folder: Path
    cluster: Cluster | None

    def make(self, rows: int) -> str:
        """Return the URL of a database; a large one that was kept is used again."""
        mark = self.folder / f"years-{rows}.built"
        if not (rows == ROWS and mark.exists()):
            mark.unlink(missing_ok=True)
            started_s = time.monotonic()
            self._fill(rows)
            mark.touch()
            tell(f"{rows} rows built in {time.monotonic() - started_s:.0f} s")
        url = self._url(rows)
        with contextlib.closing(Database(url)) as database:
            upgrade(database)
        return url

    def chill(self) -> None:
        """Have the system forget what is in memory: it is read from disk again."""
        if self.cluster is not None:
            self.cluster.stop()
        push_out(self.folder)
        if self.cluster is not None:
            self.cluster.start()

    def _url(self, rows: int) -> str:
        if self.cluster is not None:
            return self.cluster.url_of(f"years{rows}")
        return f"sqlite:///{self.folder / f'years-{rows}' / 'halowatch.sqlite'}"

    def _fill(self, rows: int) -> None:
        free_bytes = shutil.disk_usage(self.folder).free
        assert free_bytes > rows * ROW_BYTES, (
            f"{self.folder} has {free_bytes / 1e9:.0f} GB free, {rows} rows take "
            f"{rows * ROW_BYTES / 1e9:.0f}: free it, set HALOWATCH_BENCH_YEARS to "
            "another folder, or HALOWATCH_BENCH_ROWS to fewer rows"
        )
        name = f"years{rows}"
        if self.cluster is not None:
            self.cluster.execute(
                f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}"
            )
        else:
            shutil.rmtree(self.folder / f"years-{rows}", ignore_errors=True)
        with contextlib.closing(Database(self._url(rows))) as database:
            upgrade(database)
            if database.path is not None:
                fill_sqlite(database.path, rows)
            else:
                fill_postgresql(self._url(rows), rows)


def tell(text: str) -> None:
    """Say how far it is: it takes half an hour."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def push_out(folder: Path) -> None:
    """Have the system forget the files of a folder: they are read from disk again."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
