"""On disk before it is acknowledged: what the kernel and a lost primary say."""

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from service.errors import StorageUnavailableError
from service.operations.preparing import SweepPreparer
from service.storage.cavities import put_cavity
from service.storage.engine import Database
from service.storage.identifiers import TimeOrderedIds
from service.storage.migration import upgrade
from service.storage.records import Outcome
from service.storage.sweeps import insert_sweeps


@pytest.fixture
def cluster(root: Path) -> Iterator:
    """A durable PostgreSQL of this test's own that may be killed."""
    path = root / "tests" / "benchmarks" / "postgresql_cluster.py"
    spec = importlib.util.spec_from_file_location("postgresql_cluster", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    place = Path(tempfile.mkdtemp(prefix="halowatch-pg-"))
    place.chmod(0o755)
    cluster = module.Cluster(place / "data")
    cluster.create()
    yield cluster
    cluster.stop()
    shutil.rmtree(place, ignore_errors=True)


def free_strace() -> str:
    """The tracer, where it is at hand and allowed."""
    tracer = shutil.which("strace")
    reason = "no strace here"
    if tracer is not None:
        done = subprocess.run([tracer, "true"], capture_output=True, check=False)
        if done.returncode == 0:
            return tracer
        reason = done.stderr.decode().strip()
    if os.environ.get("HALOWATCH_REQUIRE_STRACE") == "1":
        pytest.fail(reason)
    return pytest.skip(reason)


# The syncs of PostgreSQL are in its own process.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_disk_has_it_before_the_answer_is_written(
    tmp_path, make_sweep, post, config, database, real_clock
):
    """Trace the process: between a POST and its 201 an fdatasync has ended."""
    tracer = free_strace()
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, real_clock.now())
    trace = tmp_path / "trace"
    calls = "trace=fdatasync,fsync,read,recvfrom,write,writev,sendto,sendmsg"
    process = subprocess.Popen(
        [
            *(tracer, "-f", "-q", "-s", "16", "-e", calls, "-o", str(trace)),
            *(sys.executable, "-m", "service.cli", "serve", "--no-workers"),
            *("--port", "0"),
        ],
        env=config.to_environment() | {"HALOWATCH_LOG_LEVEL": "ERROR"},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        url = process.stdout.readline().decode().split()[-1]
        with httpx.Client(base_url=f"{url}/api/v1/", timeout=120) as client:
            for seed in range(5):
                assert post(client, make_sweep(seed)).status_code == 201
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(120)
        process.stdout.close()
    syncs_before_answer = []
    synced: int | None = None
    for line in trace.read_text(errors="replace").splitlines():
        if '"POST /api/v1/swe' in line:
            synced = 0
        elif re.search(r"f(?:data)?sync.*= 0$", line) and synced is not None:
            synced += 1
        elif '"HTTP/1.1 201' in line:
            syncs_before_answer.append(synced)
            synced = None
    assert len(syncs_before_answer) == 5
    assert all(syncs_before_answer), "a 201 was written before the sync had ended"


def test_what_no_standby_has_is_not_acknowledged_as_a_duplicate(
    cluster, make_sweep, real_clock, wait_for
):
    """A commit that waits for a standby shows after a crash, and is still unsafe."""
    database = Database(cluster.url)
    upgrade(database)
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, real_clock.now())
    preparer = SweepPreparer(real_clock, TimeOrderedIds(real_clock))
    sweep = preparer.prepare(make_sweep())
    outcomes: list[Outcome] = []

    def store() -> None:
        with contextlib.suppress(StorageUnavailableError):
            with database.write() as transaction:
                written = insert_sweeps(transaction, [sweep])
            outcomes.extend(one.outcome for one in written)

    def try_to_store(wait_s: float) -> threading.Thread:
        thread = threading.Thread(target=store)
        thread.start()
        thread.join(wait_s)
        assert thread.is_alive()
        return thread

    cluster.set(synchronous_standby_names="nobody")
    first = try_to_store(1.0)
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        # Committed, and not yet told so.
        wait_for(lambda: connection.execute(waiting).fetchone())
    cluster.kill()
    first.join(90)
    cluster.start()
    outcomes.clear()
    again = try_to_store(1.5)
    assert outcomes == []
    cluster.set(synchronous_standby_names="")
    again.join(90)
    assert outcomes == [Outcome.DUPLICATE]
    database.close()
