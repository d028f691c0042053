"""The service as it runs, in processes of its own."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from service.config import ServiceConfig
from service.storage.engine import Database


@dataclass
class Served:
    """``halowatch serve`` as a process tree of its own."""

    environment: dict[str, str]
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen | None = None
    client: httpx.Client | None = None
    log: list[bytes] = field(default_factory=list)

    def start(self) -> httpx.Client:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "service.cli", "serve"),
                *("--port", "0", *self.arguments),
            ],
            env=self.environment,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line.startswith("halowatch serves http://"), line
        url = line.split()[-1]
        self.client = httpx.Client(base_url=f"{url}/api/v1", timeout=90.0)
        return self.client

    def stop(self, number: int = signal.SIGINT) -> int:
        if self.client is not None:
            self.client.close()
            self.client = None
        if self.process is None:
            return 0
        self.process.send_signal(number)
        status = self.process.wait(90)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return status


@pytest.fixture
def serve(
    config: ServiceConfig, database: Database, webhook
) -> Iterator[Callable[..., Served]]:
    """Start the service for real, with the remembering webhook as its channel."""
    started: list[Served] = []

    def start(
        *arguments: str, without: tuple[str, ...] = (), **variables: str
    ) -> Served:
        environment = config.to_environment() | {
            "HALOWATCH_CHANNELS": f"oncall={webhook.url}",
            "HALOWATCH_LOG_LEVEL": "WARNING",
            "HALOWATCH_WAIT_S": "60",
            **variables,
        }
        for name in without:
            del environment[name]
        served = Served(environment=environment, arguments=arguments)
        started.append(served)
        served.start()
        return served

    yield start
    for served in started:
        with contextlib.suppress(ProcessLookupError):
            served.stop(signal.SIGTERM)
