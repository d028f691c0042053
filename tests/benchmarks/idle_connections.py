"""Holds thousands of idle and dribbling connections open while sweeps are posted.

What the service closes is opened again at once. Prints how the posts fared without and
with them.
"""

import argparse
import asyncio
import contextlib
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psutil
from outage import make_sweep
from postgresql_cluster import free_port

from instruments.measurement.message import MSGPACK_MEDIA_TYPE, encode_sweeps

HEAD = b"POST /api/v1/sweeps HTTP/1.1\r\nHost: localhost\r\n"
BODY = HEAD + b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n{"
ASKED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
STARTS = (*(8 * [ASKED]), HEAD, BODY)
"""Asked once and says nothing more; a head that never ends; a body that never ends."""


class Crowd:
    """Connections that are kept open, whatever the service does to them."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._count = count
        self.open_count = 0
        self.most_open = 0
        self.reopened = -count
        self.failed = 0
        self.over = threading.Event()
        self.full = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    async def _run(self) -> None:
        gate = asyncio.Semaphore(200)
        await asyncio.gather(*(self._hold(n, gate) for n in range(self._count)))

    async def _hold(self, number: int, gate: asyncio.Semaphore) -> None:
        while not self.over.is_set():
            try:
                async with gate:
                    reader, writer = await asyncio.open_connection(
                        "127.0.0.1", self._port
                    )
            except OSError:
                self.failed += 1
                await asyncio.sleep(0.5)
                continue
            self.reopened += 1
            self.open_count += 1
            self.most_open = max(self.most_open, self.open_count)
            if self.most_open >= 0.95 * self._count:
                self.full.set()
            with contextlib.suppress(OSError):
                await self._bore(reader, writer, STARTS[number % len(STARTS)])
            self.open_count -= 1
            writer.close()

    async def _bore(self, reader, writer, start: bytes) -> None:
        writer.write(start)
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                if not await asyncio.wait_for(reader.read(1000), 1.0):
                    return
            if start is not ASKED:
                writer.write(b"a")


def post_for(url: str, duration_s: float, first: int) -> dict:
    latencies_s: list[float] = []
    failures = 0
    headers = {"content-type": MSGPACK_MEDIA_TYPE}
    until_s = time.monotonic() + duration_s
    with httpx.Client(base_url=url, timeout=30) as client:
        number = first
        while time.monotonic() < until_s:
            body = encode_sweeps([make_sweep(number)])
            number += 1
            started_s = time.monotonic()
            try:
                answer = client.post("/api/v1/sweeps", content=body, headers=headers)
                failures += answer.status_code != 201
            except httpx.HTTPError:
                failures += 1
            latencies_s.append(time.monotonic() - started_s)
    ordered = sorted(latencies_s)
    return {
        "posted_count": len(ordered),
        "failed_count": failures,
        "median_s": round(statistics.median(ordered), 4),
        "p99_s": round(ordered[int(0.99 * len(ordered))], 4),
        "longest_s": round(ordered[-1], 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--duration", type=float, default=30.0)
    given = parser.parse_args()
    # What is told to end takes its processes along.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    service = subprocess.Popen(
        [
            *(sys.executable, "-m", "service.cli", "serve", "--no-workers"),
            *("--port", str(port)),
        ],
        env=os.environ
        | {
            "HALOWATCH_HOME": str(given.folder / "home"),
            "HALOWATCH_LOG_LEVEL": "ERROR",
        },
        stdout=subprocess.PIPE,
    )
    crowd = Crowd(port, given.connections)
    try:
        service.stdout.readline()
        httpx.put(
            f"{url}/api/v1/cavities/bench", json={}, timeout=60
        ).raise_for_status()
        alone = post_for(url, given.duration / 3, 0)
        before = psutil.Process(service.pid).memory_info().rss
        crowd.thread.start()
        crowd.full.wait(120)
        crowded = post_for(url, given.duration, 10**6)
        after = psutil.Process(service.pid).memory_info().rss
        report = {
            "connections": given.connections,
            "most_open": crowd.most_open,
            "reopened": crowd.reopened,
            "could_not_open": crowd.failed,
            "alone": alone,
            "crowded": crowded,
            "memory_grew_mb": round((after - before) / 1e6, 1),
        }
    finally:
        crowd.over.set()
        if crowd.thread.ident is not None:
            crowd.thread.join(60)
        service.terminate()
        service.wait(60)
        service.stdout.close()
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
