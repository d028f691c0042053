"""Durable ingest against the same server without storage and against the disk."""

import os
import sqlite3
import statistics
import time
from pathlib import Path

import pytest
from ingest_client import make_sweep
from ingest_run import drive, print_table, serving, write_report

from service.storage.codec import encode_traces
from service.storage.packs import PackFolder

RUNS = 3
SHAPES = {
    "2 x 1601": ("--points", "1601", "--traces", "2"),
    "2 x 1601, 16 a body": ("--points", "1601", "--traces", "2", "--batch", "16"),
    "4 x 10001": ("--points", "10001", "--traces", "4"),
}
LONG = "4 x 10001"
GROUP = 50
DISK_S = 2.0


def measure(home: Path, storage: str, options: tuple[str, ...]) -> dict[str, float]:
    with serving(home, storage) as (port, _):
        report = drive(port, "--duration-s", "4", *options)
    if storage == "durable":
        with sqlite3.connect(home / "halowatch.sqlite") as connection:
            stored = connection.execute("SELECT count(*) FROM sweep_payload").fetchone()
        assert stored[0] == report["accepted_total"]
    if storage == "floor":
        stored_bytes = PackFolder(home / "halowatch.packs").size_bytes("floor")
        assert stored_bytes >= report["accepted_total"] * blob_bytes(LONG)
    return report


def disk_rate_per_s(folder: Path, size_bytes: int, group: int) -> float:
    """Append blobs to a file and sync it after each group, as a script would."""
    blob = os.urandom(size_bytes)
    path = folder / "append.bin"
    count, started_s = 0, time.perf_counter()
    with path.open("wb", buffering=0) as file:
        while time.perf_counter() - started_s < DISK_S:
            for _ in range(group):
                file.write(blob)
            os.fdatasync(file.fileno())
            count += group
    rate_per_s = count / (time.perf_counter() - started_s)
    path.unlink()
    return rate_per_s


def blob_bytes(shape: str) -> int:
    options = SHAPES[shape]
    sweep = make_sweep(int(options[1]), int(options[3]))
    return len(encode_traces(sweep.traces)[1])


@pytest.mark.benchmark
def test_durable_ingest(root: Path, tmp_path: Path) -> None:
    runs: dict[str, dict[str, list[dict[str, float]]]] = {}
    disk: dict[str, dict[str, list[float]]] = {}
    for shape, options in SHAPES.items():
        runs[shape] = {"durable": [], "without_storage": []}
        if shape == LONG:
            runs[shape]["floor"] = []
        disk[shape] = {"each": [], "group": []}
        for number in range(RUNS):
            disk[shape]["each"].append(disk_rate_per_s(tmp_path, blob_bytes(shape), 1))
            disk[shape]["group"].append(
                disk_rate_per_s(tmp_path, blob_bytes(shape), GROUP)
            )
            for storage, reports in runs[shape].items():
                home = tmp_path / f"{storage}-{len(shape)}-{number}"
                reports.append(measure(home, storage, options))
    rows, summary = {}, {}
    for shape, kinds in runs.items():
        rates = {
            storage: statistics.median(report["rate_per_s"] for report in reports)
            for storage, reports in kinds.items()
        }
        synced = {how: statistics.median(found) for how, found in disk[shape].items()}
        p99_ms = statistics.median(r["latency_p99_ms"] for r in kinds["durable"])
        durable = rates["durable"]
        summary[shape] = {
            "durable": durable,
            "without_storage": rates["without_storage"],
            "latency_p99_ms": p99_ms,
            "ratio": durable / rates["without_storage"],
            "disk_append_sync_each_per_s": synced["each"],
            "disk_append_sync_each_50_per_s": synced["group"],
            "of_disk_each": durable / synced["each"],
            "of_disk_each_50": durable / synced["group"],
        }
        rows[shape] = list(summary[shape].values())
        if "floor" in rates:
            summary[shape]["floor_of_disk_each"] = rates["floor"] / synced["each"]
            summary[shape]["of_floor"] = durable / rates["floor"]
    write_report(
        root,
        "ingest",
        {
            "how": "msgpack, 64 clients, 1 worker (and its encoder), SQLite, packs",
            "median_of": RUNS,
            "shapes": summary,
            "runs": runs,
        },
    )
    columns = (
        *("durable/s", "no storage/s", "p99 ms", "ratio"),
        *("disk each/s", "disk/50 /s", "of each", "of /50"),
    )
    print_table("ingest", columns, rows)
    floor = summary[LONG]
    print(
        f"{LONG}: the least that a server does is {floor['floor_of_disk_each']:.2f} of "
        f"the disk; ours is {floor['of_floor']:.2f} of that"
    )
    print("targets: 2 x 1601 2500/s and ratio 0.45; 4 x 10001 0.5 of the disk")
