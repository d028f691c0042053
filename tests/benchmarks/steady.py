"""Polls 18 emulated VNAs once a second, first all well, then one of them hung."""

import argparse
import json
import random
import sqlite3
import time
from pathlib import Path

import httpx
import psutil
import yaml
from soak import Soak

SETTLING_S = 8.0


class Steady(Soak):
    """The same processes with real sweep times, and the control port open."""

    def write_array(self) -> None:
        super().write_array()
        path = self.folder / "array.yaml"
        document = yaml.safe_load(path.read_text())
        document["control"] = {"port": self.control_port}
        document["sweeps"]["wide"] |= {"point_count": 1601, "if_bandwidth_hz": 10_000}
        path.write_text(yaml.safe_dump(document))

    def status(self) -> dict:
        answer = httpx.get(
            f"http://127.0.0.1:{self.control_port}/status", trust_env=False
        )
        return answer.json()

    def watch(self, duration_s: float) -> dict:
        poller = psutil.Process(self.processes["poller"].pid)
        before, began_s = poller.cpu_times(), time.time()
        time.sleep(duration_s)
        after, ended_s = poller.cpu_times(), time.time()
        used_s = after.user + after.system - before.user - before.system
        return {
            "cpu_percent_of_one_core": 100.0 * used_s / (ended_s - began_s),
            "from_s": began_s,
            "to_s": ended_s,
        }


def lateness(folder: Path, phase: dict, *, without: str) -> dict:
    """Return how late the sweeps of the other VNAs began in one phase."""
    (path,) = (folder / "home").glob("*.sqlite")
    with sqlite3.connect(path) as database:
        rows = database.execute(
            "SELECT details FROM sweep WHERE cavity != ? "
            "AND measured_at_us BETWEEN ? AND ?",
            (without, int(phase["from_s"] * 1e6), int(phase["to_s"] * 1e6)),
        ).fetchall()
    late_ms = sorted(
        json.loads(details)["conditions"]["start_lateness_s"] * 1e3
        for (details,) in rows
    )
    return {
        "cpu_percent_of_one_core": phase["cpu_percent_of_one_core"],
        "sweep_count": len(late_ms),
        "sweeps_per_s": len(late_ms) / (phase["to_s"] - phase["from_s"]),
        "late_p50_ms": late_ms[len(late_ms) // 2],
        "late_p99_ms": late_ms[int(len(late_ms) * 0.99)],
        "late_worst_ms": late_ms[-1],
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--duration", type=float, default=30.0)
    parser.add_argument("--vnas", type=int, default=18)
    given = parser.parse_args()
    run = Steady(given.folder, given.vnas, random.Random(1))
    try:
        run.start()
        time.sleep(SETTLING_S)
        well = run.watch(given.duration)
        run.control(fault="vna_silent", cavity="cavity-1")
        time.sleep(SETTLING_S)
        hung = run.watch(given.duration)
        states = {one["name"]: one["state"] for one in run.status()["instruments"]}
    finally:
        run.stop()
    report = {
        "vna_count": given.vnas,
        "well": lateness(given.folder, well, without="cavity-1"),
        "one_hung": lateness(given.folder, hung, without="cavity-1"),
        "state_of_the_hung_one": states["vna-1"],
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
