"""The memory of the API's process stays flat under load."""

import os
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest
from ingest_run import drive, print_table, serving, write_report

RATE_PER_S = 1000
DURATION_S = float(os.environ.get("HALOWATCH_BENCH_MEMORY_S", "600"))
SAMPLES = 60


@pytest.mark.benchmark
def test_memory_is_flat(root: Path, tmp_path: Path) -> None:
    seen_mb: list[float] = []
    stop = threading.Event()
    with serving(tmp_path, "durable") as (port, pid):
        process = psutil.Process(pid)

        def watch() -> None:
            while not stop.wait(DURATION_S / SAMPLES):
                seen_mb.append(process.memory_info().rss / 1e6)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            options = ("--most-per-s", str(RATE_PER_S))
            report = drive(port, "--duration-s", str(DURATION_S), *options)
        finally:
            stop.set()
            watcher.join()
    # What the process takes at first is its pools and caches.
    settled = seen_mb[len(seen_mb) // 3 :]
    minutes = np.arange(len(settled)) * DURATION_S / SAMPLES / 60.0
    slope_mb_per_min = float(np.polyfit(minutes, settled, 1)[0])
    document = {
        "rate_per_s": report["rate_per_s"],
        "duration_s": DURATION_S,
        "resident_mb": seen_mb,
        "slope_mb_per_min": slope_mb_per_min,
    }
    write_report(root, "memory", document)
    row = (report["rate_per_s"], settled[0], settled[-1], slope_mb_per_min)
    columns = ("sweeps/s", "MB settled", "MB last", "MB/min")
    print_table("memory of the API", columns, {f"{DURATION_S:.0f} s": row})
