"""What storing costs where there are few rows, and where there are many."""

import contextlib
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from ingest_client import described, make_sweep
from ingest_run import drive, serving
from postgresql_cluster import Cluster
from years_place import Place, tell

from instruments.clock import SystemClock
from service.operations.preparing import SweepPreparer
from service.storage.engine import Database
from service.storage.identifiers import TimeOrderedIds
from service.storage.records import NewSweep
from service.storage.sweeps import insert_sweeps

INGEST_RUNS = int(os.environ.get("HALOWATCH_BENCH_RUNS", "3"))
GROUPS, GROUP = 60, 64


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


def measure_storing(
    databases: Place, urls: dict[int, str]
) -> dict[str, dict[int, tuple[float, float]]]:
    """Store groups of sweeps in this process, in turns; wall and processor time in us.

    That is what grows with the rows, without what a busy machine does to a server.
    """
    clock = SystemClock()
    preparer = SweepPreparer(clock, TimeOrderedIds(clock))
    sweep = described(make_sweep(1601, 2))
    stored: dict[str, dict[int, tuple[float, float]]] = {}
    with contextlib.ExitStack() as stack:
        opened = {
            rows: stack.enter_context(contextlib.closing(Database(url)))
            for rows, url in urls.items()
        }
        for state in ("hot", "cold"):
            times: dict[int, list[tuple[float, float]]] = {rows: [] for rows in urls}
            for turn in range(GROUPS):
                if state == "cold" and turn % 10 == 0:
                    databases.chill()
                for rows, database in opened.items():
                    group = [
                        preparer.prepare(replace(sweep, measured_at=clock.now()))
                        for _ in range(GROUP)
                    ]
                    times[rows].append(stored_us(database, group, databases.cluster))
            stored[state] = {
                # Processor time of a server is told in steps of 10 ms: a mean.
                rows: (float(np.median(wall)), float(np.mean(busy)))
                for rows, (wall, busy) in (
                    (each, zip(*pairs, strict=True)) for each, pairs in times.items()
                )
            }
            tell(f"{state}: us, busy us {stored[state]}")
    return stored


def stored_us(
    database: Database, group: list[NewSweep], cluster: Cluster | None
) -> tuple[float, float]:
    """Store a group; wall and processor time of a sweep, in us."""
    servers = [] if cluster is None else [cluster.process.pid]
    before_s = time.process_time() + sum(map(busy_s, servers))
    started_s = time.perf_counter()
    with database.write() as transaction:
        insert_sweeps(transaction, group)
    ended_s = time.perf_counter()
    after_s = time.process_time() + sum(map(busy_s, servers))
    us = 1e6 / len(group)
    return us * (ended_s - started_s), us * (after_s - before_s)


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
