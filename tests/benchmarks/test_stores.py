"""Ours beside what a physicist would use today: same sweeps, one run, and the sizes."""

import contextlib
import json
import shutil
import statistics
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from ingest_client import make_sweep
from ingest_run import drive, print_table, serving, write_report
from sqlalchemy import func, select

from instruments.measurement import Sweep, SweepPurpose
from service.config import read_config
from service.operations.preparing import SweepPreparer
from service.operations.retaining import retain
from service.storage import tables
from service.storage.cavities import put_cavity
from service.storage.engine import Database
from service.storage.identifiers import TimeOrderedIds
from service.storage.migration import upgrade
from service.storage.samples import encode_samples
from service.storage.sweeps import insert_sweeps

HERE = Path(__file__).parent
SHAPES = {"2 x 1601": (1601, 2), "4 x 10001": (10_001, 4)}
PEERS = {"h5py": 1.3, "influxdb": 15.0, "qcodes": 20.0, "tiled": 100.0}
DURATION_S = 4.0


def write_with(python: Path, store: str, points: int, traces: int) -> dict | None:
    """Let a peer write; None where it is not installed."""
    if store == "influxdb" and shutil.which("influxd") is None:
        return None
    script = [str(python), str(HERE / "store_writers.py"), store]
    options = ["--points", str(points), "--traces", str(traces)]
    options += ["--duration-s", str(DURATION_S)]
    done = subprocess.run(
        [*script, *options], capture_output=True, check=False, timeout=300
    )
    if done.returncode != 0:
        pytest.fail(f"{store}: {done.stderr.decode(errors='replace')[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def write_with_ours(home: Path, points: int, traces: int) -> dict:
    options = ("--points", str(points), "--traces", str(traces))
    with serving(home, "durable") as (port, _):
        report = drive(port, "--duration-s", str(DURATION_S), *options)
    kept = sum(one.stat().st_size for one in home.rglob("*.pack"))
    rows = sum(one.stat().st_size for one in home.glob("*.sqlite*"))
    return report | {"bytes_a_sweep": (kept + rows) / report["accepted_total"]}


@pytest.mark.benchmark
def test_ours_beside_the_stores_of_others(root: Path, tmp_path: Path) -> None:
    python = root / ".venv-stores" / "bin" / "python"
    if not python.is_file():
        pytest.fail("run 'make stores' first: it installs Tiled, QCoDeS and h5py")
    document: dict[str, dict] = {}
    rows = {}
    for shape, (points, traces) in SHAPES.items():
        found = {
            "halowatch": write_with_ours(tmp_path / f"ours-{points}", points, traces)
        }
        for store in PEERS:
            report = write_with(python, store, points, traces)
            if report is not None:
                found[store] = report
        document[shape] = found
        ours = found["halowatch"]["rate_per_s"]
        for store, report in found.items():
            rows[f"{shape} {store}"] = (
                report["rate_per_s"],
                ours / report["rate_per_s"],
                report["bytes_a_sweep"],
            )
    how = (
        "one writer each; ours over HTTP with 64 clients, durable; InfluxDB where found"
    )
    write_report(root, "stores", {"how": how, "targets": PEERS, "shapes": document})
    print_table("stores", ("sweeps/s", "ours over it", "bytes/sweep"), rows)
    print("targets, ours over it:", ", ".join(f"{k} {v:g}" for k, v in PEERS.items()))


def sizes(home: Path, sweeps: list[Sweep], clock) -> tuple[float, float, float]:
    """Store sweeps, thin their month; bytes over raw: lossless, quantised, hurried."""
    raw = sum(trace.nbytes for one in sweeps for trace in one.traces.values())
    hurried = sum(len(encode_samples(one.traces, is_hurried=True)[2]) for one in sweeps)
    preparer = SweepPreparer(clock, TimeOrderedIds(clock))
    found = []
    with contextlib.closing(Database(f"sqlite:///{home / 'sizes.sqlite'}")) as database:
        upgrade(database)
        for start in range(0, len(sweeps), 50):
            clock.step(60.0)
            prepared = [preparer.prepare(one) for one in sweeps[start : start + 50]]
            with database.write() as transaction:
                for cavity in {one.cavity for one in sweeps}:
                    put_cavity(transaction, cavity, {}, clock.now())
                insert_sweeps(transaction, prepared)
        for _ in range(2):
            with database.read() as transaction:
                total = select(func.sum(tables.sweep_payload.c.size_bytes))
                found.append(int(transaction.execute(total).scalar_one()))
            retain(
                database,
                replace(read_config({}), original_keep_s=86_400.0),
                clock.now() + timedelta(days=60),
            )
    return found[0] / raw, found[1] / raw, hurried / raw


def archived(path: Path) -> list[Sweep]:
    """Read what is whole of a measured archive, in the order it was measured."""
    archive = np.load(path)
    samples, axes_hz = archive["s"], archive["frequency_hz"]
    found = []
    for at in np.argsort(archive["measured_at"], kind="stable").tolist():
        traces = whole_traces(samples[at])
        if traces:
            found.append(
                Sweep(
                    cavity=str(archive["cavity"][at]),
                    measured_at=datetime.fromtimestamp(archive["measured_at"][at], UTC),
                    purpose=SweepPurpose.WIDE,
                    frequency_hz=axes_hz if axes_hz.ndim == 1 else axes_hz[at],
                    traces=traces,
                )
            )
    return found


def whole_traces(samples: np.ndarray) -> dict[str, np.ndarray]:
    """Return the traces of a sweep that has them, shape (point,) each."""
    return {
        f"S{at + 1}1": trace
        for at, trace in enumerate(samples)
        if np.isfinite(trace).all()
    }


@pytest.mark.benchmark
def test_sizes_of_measured_sweeps(
    root: Path, reference_data: Path, tmp_path: Path, clock
) -> None:
    found: dict[str, tuple[float, float, float]] = {}
    for path in sorted(reference_data.glob("*.npz")):
        home = tmp_path / path.stem
        home.mkdir()
        found[path.stem] = sizes(home, archived(path), clock)
    for shape, (points, traces) in SHAPES.items():
        home = tmp_path / str(points)
        home.mkdir()
        found[f"synthetic {shape}"] = sizes(home, [make_sweep(points, traces)], clock)
    document = {
        "targets": {"lossless": 0.77, "quantised": 0.17},
        "median": [
            statistics.median(column) for column in zip(*found.values(), strict=True)
        ],
        "ratios": found,
    }
    write_report(root, "sizes", document)
    print_table(
        "bytes over raw complex64", ("lossless", "quantised", "in a hurry"), found
    )
    print("targets: 0.77, 0.17")
