"""A running service of its own for every test that asks for one."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

READY_DEADLINE_S = 150.0


@pytest.fixture
def service_url(tmp_path: Path, free_port: int) -> Iterator[str]:
    """The root of a `halowatch serve` without a model, in a folder of its own."""
    url = f"http://127.0.0.1:{free_port}"
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HALOWATCH_")
    } | {"HALOWATCH_HOME": str(tmp_path / "home")}
    with (tmp_path / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "serve", f"--port={free_port}"],
            stdout=log,
            stderr=log,
            env=environment,
        )
    try:
        deadline = time.monotonic() + READY_DEADLINE_S
        while True:
            try:
                if httpx.get(f"{url}/readyz", timeout=20.0).status_code == 200:
                    break
            except httpx.TransportError:
                pass
            assert process.poll() is None, (tmp_path / "serve.log").read_text()
            assert time.monotonic() < deadline, "the service did not come up"
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=90)
