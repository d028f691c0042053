"""A year of 64 cavities, ten million sweeps: reading and ingest stay as they were."""

import contextlib
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import psycopg
import pytest
from ingest_run import drive, print_table, serving, write_report
from postgresql_cluster import Cluster
from years import END, fill_postgresql, fill_sqlite

from service.operations.cavity_state import describe_cavities
from service.operations.trends import cavity_trends
from service.storage.engine import Database
from service.storage.migration import upgrade
from service.storage.sweep_queries import SweepFilter, list_sweeps

ROWS = int(os.environ.get("HALOWATCH_BENCH_ROWS", "10000000"))
FEW_ROWS = 10_000
READS = 40
INGEST_RUNS = 3
TARGET_MS = 200.0


@dataclass(frozen=True)
class Place:
    """Where databases are made, by number of rows, and how they are forgotten."""

    make: Callable[[int], str]
    chill: Callable[[], None]


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request, tmp_path: Path) -> Iterator[Place]:
    with contextlib.ExitStack() as stack:
        cluster = None
        if request.param == "postgresql":
            place = tempfile.mkdtemp(prefix="halowatch-years-")
            stack.callback(shutil.rmtree, place, ignore_errors=True)
            Path(place).chmod(0o755)
            # As PostgreSQL's manual advises for a machine of a site: a good part of it.
            cluster = Cluster(Path(place) / "data", shared_buffers="2GB")
            stack.callback(cluster.stop)
            cluster.create()

        def make(rows: int) -> str:
            if cluster is None:
                url = f"sqlite:///{tmp_path / f'years-{rows}' / 'halowatch.sqlite'}"
            else:
                with psycopg.connect(cluster.url, autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE years{rows}")
                url = cluster.url_of(f"years{rows}")
            with contextlib.closing(Database(url)) as database:
                upgrade(database)
                if database.path is not None:
                    fill_sqlite(database.path, rows)
                else:
                    fill_postgresql(url, rows)
            return url

        def chill() -> None:
            if cluster is None:
                push_out(tmp_path)
                return
            cluster.stop()
            push_out(cluster.folder)
            cluster.start()

        yield Place(make, chill)


def push_out(folder: Path) -> None:
    """Have the system forget the files of a folder: they are read from disk again."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb+") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


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
    costs, rate = {}, {}
    for number, state in enumerate(("hot", "cold")):
        rates: dict[int, list[float]] = {rows: [] for rows in urls}
        for run in range(INGEST_RUNS):
            # Sweeps that were not there before: else they are duplicates.
            first = (number * INGEST_RUNS + run) * 1_000_000
            # Rows as long as those that are there: shorter ones would fill gaps that
            # PostgreSQL's VACUUM found in each of their pages.
            options = ("--duration-s", "4", "--described", "--first", str(first))
            for rows, url in urls.items():
                if state == "cold":
                    databases.chill()
                with serving(tmp_path, "durable", url) as (port, _):
                    rates[rows].append(drive(port, *options)["rate_per_s"])
        rate |= {
            f"{state}, {rows}": statistics.median(each) for rows, each in rates.items()
        }
        costs[state] = rate[f"{state}, {FEW_ROWS}"] / rate[f"{state}, {ROWS}"]
    document = {
        "rows": ROWS,
        "p95_wall_and_busy_ms": {str(rows): each for rows, each in found.items()},
        "ingest_per_s": rate,
        "cost_of_ingest": costs,
        "targets": {"p95_ms": TARGET_MS, "cost_of_ingest": 1.2},
    }
    write_report(root, f"years-{engine}", document)
    names = (f"{FEW_ROWS} rows", "busy", f"{ROWS} rows", "busy")
    table = {
        f"{name}, p95 ms": (*found[FEW_ROWS][name], *found[ROWS][name])
        for name in found[ROWS]
    }
    for state, cost in costs.items():
        few, many = (rate[f"{state}, {rows}"] for rows in urls)
        table[f"ingest, {state}, sweeps/s"] = (few, "", many, "")
        print(f"cost of ingest, {state}, {cost:.2f}")
    print_table(f"a year on {engine}", names, table)
    print("targets: 200 ms, 1.2")
