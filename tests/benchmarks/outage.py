"""Stops PostgreSQL for a while: ingest says 503, the spool keeps all, then drains."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import psycopg
from postgresql_cluster import Cluster, free_port

from instruments.client import Backoff, Spool, SweepClient, Uploader
from instruments.clock import SystemClock
from instruments.measurement import Sweep, SweepPurpose

PERIOD_S = 0.05
START = datetime(2026, 1, 31, tzinfo=UTC)


def make_sweep(number: int) -> Sweep:
    trace = np.full(201, 0.5 + 1e-6j * number, dtype=np.complex64)
    return Sweep(
        cavity="bench",
        measured_at=START + timedelta(seconds=number),
        purpose=SweepPurpose.WIDE,
        frequency_hz=np.linspace(4e9, 8e9, 201),
        traces={"S21": trace},
    )


class Prober(threading.Thread):
    """Asks the service how it is, and posts to it directly, every half second."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self.over = threading.Event()
        self.answers: Counter[str] = Counter()
        self.named: set[str] = set()

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=25) as client:
            while not self.over.wait(0.5):
                ready = client.get("/readyz")
                self.answers[f"readyz {ready.status_code}"] += 1
                self.named |= {
                    name
                    for name, check in ready.json()["checks"].items()
                    if not check["ok"]
                }
                body = {"readings": [{"name": "stage_temperature_k", "value": 4.0,
                        "measured_at": "2026-01-31T00:00:00Z"}]}  # fmt: skip
                posted = client.post("/api/v1/readings", json=body)
                self.answers[f"post {posted.status_code}"] += 1
                if posted.status_code == 503 and "retry-after" not in posted.headers:
                    self.answers["503 without Retry-After"] += 1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--away", type=float, default=300.0)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    # What is told to end takes its processes along.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    place = Path(tempfile.mkdtemp(prefix="halowatch-pg-"))
    place.chmod(0o755)
    cluster = Cluster(place / "data")
    cluster.create()
    port = free_port()
    environment = os.environ | {
        "HALOWATCH_HOME": str(given.folder / "home"),
        "HALOWATCH_DATABASE_URL": cluster.url,
        "HALOWATCH_LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "service.cli"]
    subprocess.run(
        [*command, "db", "upgrade"], env=environment, check=True, stdout=sys.stderr
    )
    service = subprocess.Popen(
        [*command, "serve", "--no-workers", "--port", str(port)],
        env=environment,
        stdout=subprocess.PIPE,
    )
    service.stdout.readline()
    url = f"http://127.0.0.1:{port}"
    httpx.put(f"{url}/api/v1/cavities/bench", json={}, timeout=60).raise_for_status()
    clock = SystemClock()
    spool = Spool(given.folder / "spool", max_bytes=1 << 30, clock=clock)
    client = SweepClient(url, timeout_s=10)
    backoff = Backoff(first_s=0.2, longest_s=5.0)
    uploader = Uploader(spool, client, clock=clock, backoff=backoff)
    prober = Prober(url)
    number = 0

    def measure(duration_s: float) -> None:
        nonlocal number
        until_s = time.monotonic() + duration_s
        while time.monotonic() < until_s:
            spool.put(make_sweep(number))
            number += 1
            time.sleep(PERIOD_S)

    try:
        uploader.start()
        measure(2.0)
        cluster.stop()
        prober.start()
        measure(given.away)
        deepest = spool.state().depth
        down = dict(prober.answers)
        cluster.start()
        back_s = time.monotonic()
        measure(2.0)
        while spool.state().depth and time.monotonic() < back_s + 90:
            time.sleep(0.05)
        drained_s = time.monotonic() - back_s
        prober.over.set()
        prober.join(90)
        with psycopg.connect(cluster.url) as connection:
            rows = connection.execute(
                "SELECT measured_at_us FROM sweep ORDER BY id"
            ).fetchall()
        stamps = [row[0] for row in rows]
        report = {
            "away_s": given.away,
            "measured_count": number,
            "stored_count": len(stamps),
            "in_order": stamps == sorted(stamps),
            "deepest_spool": deepest,
            "left_in_spool": spool.state().depth,
            "rejected_total": spool.state().rejected_total,
            "drained_s": round(drained_s, 2),
            "answers_while_down": down,
            "named": sorted(prober.named),
        }
    finally:
        uploader.stop(0.0)
        client.close()
        spool.close()
        service.terminate()
        service.wait(90)
        service.stdout.close()
        cluster.stop()
        shutil.rmtree(place, ignore_errors=True)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
