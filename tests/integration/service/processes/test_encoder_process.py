"""Many pollers send long sweeps, while the process that encodes them is killed."""

import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from service.config import ServiceConfig

POLLERS = 8
START_S = 60.0


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(POLLERS) as pool:
        yield pool


def is_at_work(process: psutil.Process) -> bool:
    """Whether it has looked at bodies in the memory that it shares with the API."""
    maps = process.memory_maps()
    return any("halowatch-rooms" in one.path and one.rss > 0 for one in maps)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_is_lost_when_the_encoder_is_killed(
    serve, crowd, post, make_sweep, config: ServiceConfig
):
    served = serve("--no-workers", HALOWATCH_LOG_LEVEL="ERROR")
    client = served.client
    client.put("/cavities/cavity-1", json={}).raise_for_status()
    api = psutil.Process(served.process.pid)
    accepted: set[str] = set()

    def send(seed: int) -> None:
        answer = post(client, make_sweep(seed, 10_001), path="/sweeps")
        (result,) = answer.json()["results"]
        assert result["status"] == "accepted"
        accepted.add(result["sweep_id"])

    def send_crowd(seeds: range) -> None:
        list(crowd.map(send, seeds))

    deadline_s, count = time.monotonic() + START_S, 0
    while not any(map(is_at_work, api.children())):
        assert time.monotonic() < deadline_s
        send_crowd(range(count, count := count + 2 * POLLERS))
    (encoder,) = api.children()
    killing = threading.Timer(0.02, encoder.send_signal, (signal.SIGKILL,))
    killing.start()
    send_crowd(range(count, count := count + 6 * POLLERS))
    killing.join()
    # Where the machine stood still, the crowd was through before the kill.
    _, alive = psutil.wait_procs([encoder], timeout=START_S)
    assert alive == []
    assert len(accepted) == count
    assert served.stop(signal.SIGINT) == 0
    with sqlite3.connect(Path(config.home) / "halowatch.sqlite") as database:
        stored = database.execute("SELECT sweep_id FROM sweep_payload").fetchall()
    assert {row[0] for row in stored} == accepted
