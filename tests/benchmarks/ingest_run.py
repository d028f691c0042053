"""Starts the ingest benchmark's server and lets its client loose on it."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

HERE = Path(__file__).parent
DEADLINE_S = 300.0
"""A server on a busy machine takes a minute to begin, or to end."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    home: Path, storage: str, database_url: str = ""
) -> Iterator[tuple[int, int]]:
    """Serve ``durable``, ``without_storage`` or ``floor``; gives port and process."""
    port = free_port()
    script = str(HERE / f"ingest_{'floor' if storage == 'floor' else 'server'}.py")
    server = subprocess.Popen(
        [sys.executable, script, str(home), str(port), storage, database_url]
    )
    try:
        wait_until_ready(port)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(DEADLINE_S)


def wait_until_ready(port: int) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s:
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nothing serves port {port}")


def drive(port: int, *options: str) -> dict[str, float]:
    """Post for a while; returns the client's report."""
    client = [sys.executable, str(HERE / "ingest_client.py"), str(port), *options]
    done = subprocess.run(client, capture_output=True, check=True, timeout=900)
    report = json.loads(done.stdout)
    assert report["refused"] == ""
    return report


def write_report(root: Path, name: str, document: dict[str, object]) -> None:
    folder = root / "bench"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")


def print_table(title: str, columns: Sequence[str], rows: dict[str, Sequence[object]]):
    print(f"\n{title:<34}" + "".join(f"{name:>14}" for name in columns))
    for name, cells in rows.items():
        texts = (f"{c:>14.4g}" if isinstance(c, float) else f"{c:>14}" for c in cells)
        print(f"{name:<34}" + "".join(texts))
