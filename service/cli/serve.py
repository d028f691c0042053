"""``halowatch serve``: API, dashboard and workers in one process tree."""

import contextlib
import resource
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

import click
import uvicorn

from instruments.clock import SystemClock
from models.errors import ModelError
from models.serving.manifest import check_folder
from service.access.origins import is_loopback
from service.cli.exits import BadInputError, CommandFailedError
from service.config import ServiceConfig, read_config
from service.config_values import ApiKeyPolicy, ConfigError
from service.context import ServiceContext, make_context
from service.errors import ServiceError
from service.handlers.connections import GuardedConnection
from service.interpreter import tune_interpreter
from service.live_config import reload_on_hangup
from service.logging import configure_logging
from service.main import create_app
from service.operations.model_adoption import adopt_configured
from service.signals import SignalRelay, end_by_force
from service.storage.engine import Database
from service.storage.migration import check_revision, upgrade
from service.storage.notifying import notifying
from service.workers.supervisor import Supervisor

WORKERS = (
    ("worker", "diagnose", "--until-stdin-closes"),
    ("worker", "alert", "--until-stdin-closes"),
    ("worker", "maintain", "--until-stdin-closes"),
)
"""What runs beside the API."""

MOST_DESCRIPTORS = 65_536
"""Descriptors that the API takes where it may have more."""

LAST_RESORT_S = 25.0
"""How long the API may take to end once it was told to, in seconds."""

FILE_DESCRIPTORS = 256
"""Descriptors kept for the database, logs and workers; the others are connections."""


class _Server(uvicorn.Server):
    """Says where it listens, and ends open streams before it shuts down."""

    def __init__(self, config: uvicorn.Config, context: ServiceContext) -> None:
        super().__init__(config)
        self._context = context
        self._relay = SignalRelay(lambda: end_by_force(LAST_RESORT_S))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._relay(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            click.echo(f"halowatch serves http://{host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._context.broadcaster.close()
        await super().shutdown(sockets)


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="TCP port; 0 takes a free one and prints it.",
)
@click.option(
    "--database-url",
    help="sqlite:///PATH or postgresql://...; default HALOWATCH_DATABASE_URL.",
)
@click.option(
    "--workers/--no-workers",
    default=True,
    show_default=True,
    help="Run the diagnosis and alert workers beside the API.",
)
def command(host: str, port: int, database_url: str | None, *, workers: bool) -> None:
    """Run the API, the dashboard and the workers."""
    config = _read(host, database_url)
    configure_logging(config.log_level, process="api")
    _prepare_database(config)
    _raise_descriptor_limit()
    signal.signal(signal.SIGTERM, _end)
    # A shell that puts a script's job in the background has SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    listener = _listen(host, port)
    context = make_context(config)
    GuardedConnection.lender = context.encoder
    server = _Server(_uvicorn_config(config, context), context)
    supervisor = Supervisor(
        WORKERS if workers else (), config.to_environment(), SystemClock()
    )
    try:
        supervisor.start()
        reload_on_hangup(context.live, supervisor.hang_up)
        tune_interpreter()
        with contextlib.suppress(KeyboardInterrupt), notifying(context.database):
            server.run(sockets=[listener])
    finally:
        supervisor.stop()
        listener.close()


def _read(host: str, database_url: str | None) -> ServiceConfig:
    try:
        config = read_config()
    except ConfigError as error:
        raise BadInputError(str(error)) from None
    if database_url is not None:
        config = config.override(database_url=database_url)
    if config.api_keys is ApiKeyPolicy.OPEN and not is_loopback(host):
        raise BadInputError(
            f"--host {host} with HALOWATCH_API_KEYS=open would let everybody in: set "
            "HALOWATCH_API_KEYS=required and make keys, or bind 127.0.0.1"
        )
    if config.model is not None:
        _check_model(config.model)
    return config


def _check_model(model: Path) -> None:
    """Look at the folder without loading it, which only the worker does."""
    mend = "name one that halowatch train wrote, or unset it to judge without a model"
    if not model.is_dir():
        raise BadInputError(f"HALOWATCH_MODEL {model} is no folder: {mend}")
    try:
        check_folder(model)
    except ModelError as error:
        raise BadInputError(
            f"HALOWATCH_MODEL {model} is no usable model ({error}): {mend}"
        ) from None


def _prepare_database(config: ServiceConfig) -> None:
    """Bring the embedded database up to date; a shared one is only checked."""
    try:
        database = Database(config.database_url, busy_timeout_s=config.busy_timeout_s)
        with contextlib.closing(database):
            if database.is_sqlite:
                upgrade(database, config.migrations)
            else:
                check_revision(database, config.migrations)
            adopt_configured(database, config.model, SystemClock().now())
    except ConfigError as error:
        raise BadInputError(str(error)) from None
    except ServiceError as error:
        raise CommandFailedError(str(error)) from None


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise BadInputError(
            f"cannot serve on {host}:{port} ({error.strerror}): end what listens "
            "there, or name another with --port"
        ) from None


def _uvicorn_config(config: ServiceConfig, context: ServiceContext) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(config, context=context),
        loop="uvloop",
        http=GuardedConnection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=list(config.proxies),
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
    )


def _raise_descriptor_limit() -> None:
    """Take as many descriptors as we may, and keep some of them for files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        soft = hard if hard != resource.RLIM_INFINITY else MOST_DESCRIPTORS
        soft = min(soft, MOST_DESCRIPTORS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    GuardedConnection.max_connections = max(soft - FILE_DESCRIPTORS, soft // 2)


def _end(number: int, frame: FrameType | None) -> None:
    del number, frame
    sys.exit(0)
