"""What the demo costs, and how fast an alert is: written to bench/demo.json."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

DURATION_S = 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def resident_bytes(process: psutil.Process) -> int:
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


@pytest.mark.benchmark
def test_demo(root: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "service.cli", "demo", "--json"),
            *("--duration", str(DURATION_S), "--port", str(free_port())),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    ) as run:
        peak = 0
        while run.poll() is None:
            peak = max(peak, resident_bytes(psutil.Process(run.pid)))
            time.sleep(0.5)
        assert run.stdout is not None
        summary: dict[str, Any] = json.loads(run.stdout.read())
    figures = {
        "resident_memory_peak_bytes": peak,
        **{name: summary[name] for name in summary if name != "faults"},
        "faults": summary["faults"],
    }
    folder = root / "bench"
    folder.mkdir(exist_ok=True)
    (folder / "demo.json").write_text(json.dumps(figures, indent=2))
    print("\ndemo, six cavities at speed 20")
    rows = [
        ("resident memory, peak (limit 2.5 GB)", f"{peak / 1e9:.2f} GB"),
        (
            "sweep end to webhook, p99 (limit 1.5 s)",
            f"{summary['vna_to_alert_p99_s']:.3f} s",
        ),
        ("sweeps stored", summary["sweeps_stored"]),
        ("sweeps lost", summary["sweeps_lost"]),
        (
            "faults detected / injected",
            f"{summary['faults_detected']} / {summary['faults_injected']}",
        ),
        (
            "alerts delivered / raised",
            f"{summary['alerts_delivered']} / {summary['alerts_raised']}",
        ),
    ]
    for name, value in rows:
        print(f"  {name:45} {value}")
    assert summary["sweeps_lost"] == 0
