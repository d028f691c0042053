"""The whole path: emulated VNAs, poller, service, network, alert, webhook."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

COMMAND = [sys.executable, "-m", "service.cli", "demo"]


def leftovers(folder_mark: str) -> list[str]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if folder_mark in line:
            found.append(line)
    return found


def run_for(duration_s: str, folder: Path, port: int) -> dict[str, Any]:
    """Run the demo and return its summary."""
    run = subprocess.run(
        [*COMMAND, "--duration", duration_s, "--port", str(port), "--json"],
        capture_output=True,
        text=True,
        timeout=400,
        env=os.environ | {"TMPDIR": str(folder)},
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    summary: dict[str, Any] = json.loads(run.stdout)
    return summary


@pytest.mark.slow
def test_a_run_loses_nothing_and_notices_every_fault(
    tmp_path: Path, free_port: int
) -> None:
    # Where the machine is busy, the script has only begun when the time is over.
    for duration_s in ("90", "240"):
        summary = run_for(duration_s, tmp_path, free_port)
        if summary["faults_injected"] >= 3:
            break
    assert summary["sweeps_lost"] == 0
    assert summary["sweeps_stored"] > 100
    assert summary["diagnoses"] == summary["sweeps_stored"]
    assert summary["faults_injected"] >= 3
    assert summary["faults_detected"] == summary["faults_injected"], summary["faults"]
    assert summary["alerts_delivered"] == summary["alerts_raised"] > 0
    assert leftovers(str(tmp_path)) == []


def _ignore_interrupts() -> None:
    """Start as a shell starts a script's background job."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.slow
def test_ctrl_c_leaves_no_process_behind(tmp_path: Path, free_port: int) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    demo = subprocess.Popen(
        [*COMMAND, "--port", str(free_port), "--cavities", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        preexec_fn=_ignore_interrupts,  # noqa: PLW1509 - one system call, no lock
    )
    assert demo.stdout is not None
    deadline = time.monotonic() + 240
    for line in demo.stdout:
        if "calibration in place" in line or time.monotonic() > deadline:
            break
    children = psutil.Process(demo.pid).children(recursive=True)
    assert len(children) >= 5
    demo.send_signal(signal.SIGINT)
    rest = demo.stdout.read()
    demo.stdout.close()
    assert demo.wait(timeout=120) == 0, rest
    assert "sweeps_lost" in rest
    assert not any(child.is_running() for child in children)
    assert leftovers(str(tmp_path)) == []


def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = subprocess.run(
            [*COMMAND, "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert f"port {port}" in run.stderr
