"""Durable ingest of 2 x 1601-point sweeps, against the same server without storage."""

import json
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

HERE = Path(__file__).parent
RUNS = 3
DURATION_S = 4.0
LEAST_RATE_PER_S = 1500.0
LEAST_RATIO = 0.35


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure(home: Path, storage: str) -> dict[str, float]:
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, str(HERE / "ingest_server.py"), str(home), str(port), storage]
    )
    try:
        deadline_s = time.monotonic() + 30
        while time.monotonic() < deadline_s:
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        client = [sys.executable, str(HERE / "ingest_client.py"), str(port)]
        done = subprocess.run(
            [*client, str(DURATION_S)], capture_output=True, check=True, timeout=60
        )
    finally:
        server.terminate()
        server.wait(30)
    report = json.loads(done.stdout)
    assert report["refused"] == ""
    if storage == "durable":
        with sqlite3.connect(home / "halowatch.sqlite") as connection:
            stored = connection.execute("SELECT count(*) FROM sweep_payload").fetchone()
        assert stored[0] == report["accepted_total"]
    return report


@pytest.mark.benchmark
def test_durable_ingest_is_fast_enough(root: Path, tmp_path: Path) -> None:
    runs: dict[str, list[dict[str, float]]] = {"durable": [], "without_storage": []}
    for number in range(RUNS):
        for storage, reports in runs.items():
            reports.append(measure(tmp_path / f"{storage}-{number}", storage))

    def median(storage: str, name: str) -> float:
        return statistics.median(report[name] for report in runs[storage])

    names = ("rate_per_s", "latency_p50_ms", "latency_p99_ms")
    summary = {s: {name: median(s, name) for name in names} for s in runs}
    ratio = summary["durable"]["rate_per_s"] / summary["without_storage"]["rate_per_s"]
    folder = root / "bench"
    folder.mkdir(exist_ok=True)
    document = {
        "sweep": "2 x 1601 complex64, msgpack, 64 clients, 1 uvicorn worker, SQLite",
        "median_of": RUNS,
        **summary,
        "ratio": ratio,
        "runs": runs,
    }
    (folder / "ingest.json").write_text(json.dumps(document, indent=2) + "\n")
    print(f"\n{'ingest':<18}{'sweeps/s':>10}{'p50 ms':>10}{'p99 ms':>10}")
    for storage, row in summary.items():
        print(f"{storage:<18}" + "".join(f"{row[name]:>10.1f}" for name in names))
    print(f"{'ratio':<18}{ratio:>10.2f}")
    print(f"targets: {LEAST_RATE_PER_S:.0f} sweeps/s, ratio {LEAST_RATIO}")
