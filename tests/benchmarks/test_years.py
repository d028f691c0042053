"""A year of 64 cavities, ten million sweeps: reading and ingest stay as they were."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from ingest_run import drive, print_table, serving, write_report
from postgresql_cluster import Cluster
from years import END, fill_postgresql, fill_sqlite

from service.operations.cavity_state import describe_cavities
from service.operations.trends import cavity_trends
from service.storage.engine import Database
from service.storage.migration import upgrade
from service.storage.sweep_queries import SweepFilter, list_sweeps

KEPT_IN = os.environ.get("HALOWATCH_BENCH_YEARS", "")
"""Folder where large databases stay for the next run; forgotten where empty."""

ROWS = int(os.environ.get("HALOWATCH_BENCH_ROWS", "10000000"))
FEW_ROWS = 10_000
ROW_BYTES = 1300
"""On disk, with indexes, trends and what the journal takes for a while."""

READS = 40
INGEST_RUNS = 3
TARGET_MS = 200.0


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


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request) -> Iterator[Place]:
    with contextlib.ExitStack() as stack:
        if KEPT_IN:
            folder = Path(KEPT_IN).absolute() / request.param
            folder.mkdir(parents=True, exist_ok=True)
        else:
            folder = Path(tempfile.mkdtemp(prefix="halowatch-years-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        cluster = None
        if request.param == "postgresql":
            # As PostgreSQL's manual advises for a machine of a site: a good part of it.
            cluster = Cluster(folder / "data", shared_buffers="2GB")
            stack.callback(cluster.stop)
            if cluster.folder.exists():
                cluster.start()
            else:
                cluster.create()
                cluster.set(max_wal_size="2GB")
        yield Place(folder, cluster)


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


def busy_s(process_id: int) -> float:
    """Return the processor time of a process and all its children, ended ones too."""
    times_s = 0.0
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        stat = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
        times_s = sum(map(int, stat[11:15])) / os.sysconf("SC_CLK_TCK")
        for thread in Path(f"/proc/{process_id}/task").iterdir():
            for child in (thread / "children").read_text().split():
                times_s += busy_s(int(child))
    return times_s


def reads(database: Database) -> dict[str, Callable[[int], object]]:
    """What the pages ask for, for the n-th cavity."""

    def listed(number: int, **wanted: object) -> object:
        with database.read() as transaction:
            return list_sweeps(transaction, SweepFilter(**wanted), 100)

    def trends(number: int, days: float) -> object:
        return cavity_trends(
            database,
            f"cavity-{number % 64 + 1}",
            measured_from=END - timedelta(days=days),
            measured_to=END,
            points=600,
        )

    return {
        "list": listed,
        "list of a cavity": lambda n: listed(n, cavity=f"cavity-{n % 64 + 1}"),
        "list half a year back": lambda n: listed(
            n, measured_to=END - timedelta(days=180 + n)
        ),
        "state of all cavities": lambda n: describe_cavities(database, END),
        "trends of a day": lambda n: trends(n, 1),
        "trends of a year": lambda n: trends(n, 365),
    }


def p95_ms(read: Callable[[int], object]) -> tuple[float, float]:
    """Return wall and processor time; SQLite works in this process."""
    times_ms = []
    for number in range(READS):
        started_s, busy_s = time.perf_counter(), time.process_time()
        assert read(number)
        ended_s, ended_busy_s = time.perf_counter(), time.process_time()
        times_ms.append((1e3 * (ended_s - started_s), 1e3 * (ended_busy_s - busy_s)))
    wall_ms, busy_ms = np.percentile(times_ms, 95, axis=0).tolist()
    return wall_ms, busy_ms


@pytest.mark.benchmark
def test_ten_million_sweeps_read_and_grow_as_ten_thousand_do(
    root: Path, tmp_path: Path, databases: Place, request
) -> None:
    engine = request.node.callspec.params["databases"]
    urls = {rows: databases.make(rows) for rows in (FEW_ROWS, ROWS)}
    found: dict[int, dict[str, tuple[float, float]]] = {}
    for rows, url in urls.items():
        with contextlib.closing(Database(url)) as database:
            found[rows] = {name: p95_ms(read) for name, read in reads(database).items()}
        tell(f"{rows} rows read: {found[rows]}")
    ingest = measure_ingest(databases, urls, tmp_path)
    costs = {
        state: {
            "by_rate": each[FEW_ROWS][0] / each[ROWS][0],
            "by_processor_time": each[ROWS][1] / each[FEW_ROWS][1],
        }
        for state, each in ingest.items()
    }
    document = {
        "rows": ROWS,
        "p95_wall_and_busy_ms": {str(rows): each for rows, each in found.items()},
        "ingest_per_s_and_busy_us": ingest,
        "cost_of_ingest": costs,
        "targets": {"p95_ms": TARGET_MS, "cost_of_ingest": 1.2},
    }
    write_report(root, f"years-{engine}", document)
    names = (f"{FEW_ROWS} rows", "busy", f"{ROWS} rows", "busy")
    table = {
        f"{name}, p95 ms": (*found[FEW_ROWS][name], *found[ROWS][name])
        for name in found[ROWS]
    }
    for state, each in ingest.items():
        table[f"ingest, {state}, sweeps/s, us"] = (*each[FEW_ROWS], *each[ROWS])
        print(f"cost of ingest, {state}, {costs[state]}")
    print_table(f"a year on {engine}", names, table)
    print("targets: 200 ms, 1.2")


def measure_ingest(
    databases: Place, urls: dict[int, str], folder: Path
) -> dict[str, dict[int, tuple[float, float]]]:
    """Post to all in turns, with what they hold in memory and read from disk."""
    ingest: dict[str, dict[int, tuple[float, float]]] = {}
    with contextlib.ExitStack() as stack:
        servers = {}
        for rows, url in urls.items():
            home = folder / str(rows)
            home.mkdir()
            servers[rows] = stack.enter_context(serving(home, "durable", url))
        for state in ("hot", "cold"):
            runs: dict[int, list[tuple[float, float]]] = {rows: [] for rows in urls}
            for _ in range(INGEST_RUNS):
                for rows, (port, server_id) in servers.items():
                    if state == "cold":
                        databases.chill()
                    runs[rows].append(ingested(port, server_id, databases.cluster))
                    tell(f"{rows} rows, {state}: sweeps/s, us {runs[rows][-1]}")
            ingest[state] = {
                rows: tuple(np.median(each, axis=0).tolist())
                for rows, each in runs.items()
            }
    return ingest


def ingested(port: int, server_id: int, cluster: Cluster | None) -> tuple[float, float]:
    """Post for a while; sweeps a second, and processor time of a sweep in us."""
    # Sweeps that were not there before: else they are duplicates. Rows as long as those
    # that are there: shorter ones would fill gaps that PostgreSQL's VACUUM found in
    # each of their pages.
    first = int(time.time()) % 1_000_000 * 20_000
    ids = [server_id] if cluster is None else [server_id, cluster.process.pid]
    before_s = sum(map(busy_s, ids))
    report = drive(port, "--duration-s", "4", "--described", "--first", str(first))
    busy_us = 1e6 * (sum(map(busy_s, ids)) - before_s) / report["accepted_total"]
    return report["rate_per_s"], busy_us
