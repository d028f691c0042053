"""A year of 64 cavities, ten million sweeps: reading and ingest stay as they were."""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from ingest_run import print_table, write_report
from postgresql_cluster import Cluster
from years import END
from years_costs import measure_ingest, measure_storing
from years_place import FEW_ROWS, KEPT_IN, ROWS, Place, tell

from service.operations.cavity_state import describe_cavities
from service.operations.trends import cavity_trends
from service.storage.engine import Database
from service.storage.sweep_queries import SweepFilter, list_sweeps

READS = 40
TARGET_MS = 200.0


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


# To build ten million rows takes half an hour on a busy machine.
@pytest.mark.benchmark
@pytest.mark.timeout(3 * 3600)
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
    storing = measure_storing(databases, urls)
    ingest = measure_ingest(databases, urls, tmp_path)
    costs = {
        state: {
            "storing": storing[state][ROWS][0] / storing[state][FEW_ROWS][0],
            "storing, busy": storing[state][ROWS][1] / storing[state][FEW_ROWS][1],
            "over HTTP": ingest[state][FEW_ROWS][0] / ingest[state][ROWS][0],
            "over HTTP, busy": ingest[state][ROWS][1] / ingest[state][FEW_ROWS][1],
        }
        for state in ingest
    }
    document = {
        "rows": ROWS,
        "p95_wall_and_busy_ms": {str(rows): each for rows, each in found.items()},
        "storing_wall_and_busy_us": storing,
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
    for state, each in storing.items():
        table[f"storing, {state}, us, busy us"] = (*each[FEW_ROWS], *each[ROWS])
    for state, each in ingest.items():
        table[f"ingest, {state}, sweeps/s, us"] = (*each[FEW_ROWS], *each[ROWS])
        print(f"cost of ingest, {state}, {costs[state]}")
    print_table(f"a year on {engine}", names, table)
    print("targets: 200 ms, 1.2")
