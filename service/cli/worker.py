"""``halowatch worker``: one worker alone."""

import sys
import threading
from collections.abc import Callable
from io import FileIO

import click

from instruments.clock import SystemClock
from service.cli.exits import BadInputError, CommandFailedError
from service.config import read_config
from service.config_values import ConfigError
from service.errors import ServiceError
from service.live_config import LiveConfig, reload_on_hangup
from service.logging import configure_logging
from service.workers.looping import stop_on_signal, stop_with_parent


@click.command("worker")
@click.argument("kind", type=click.Choice(["diagnose", "alert", "maintain"]))
@click.option(
    "--until-stdin-closes",
    is_flag=True,
    help="End when stdin closes, as it does when the starting process dies.",
)
def command(kind: str, *, until_stdin_closes: bool) -> None:
    """Run one worker.

    diagnose judges sweeps, alert sends alert messages, maintain thins and drops what is
    older than it is kept.

    Several may run over one PostgreSQL, on any number of machines. The settings come
    from HALOWATCH_* variables.
    """
    try:
        config = read_config()
    except ConfigError as error:
        raise BadInputError(str(error)) from None
    run = _runner(kind)
    configure_logging(config.log_level, process=f"worker-{kind}")
    stop = threading.Event()
    stop_on_signal(stop)
    if until_stdin_closes:
        # Unbuffered: the interpreter ends badly while a thread reads a buffered stdin.
        stop_with_parent(stop, FileIO(sys.stdin.fileno(), closefd=False))
    live = LiveConfig(config)
    reload_on_hangup(live)
    try:
        run(config, SystemClock(), stop, live=live)
    except ConfigError as error:
        raise BadInputError(str(error)) from None
    except ServiceError as error:
        raise CommandFailedError(str(error)) from None


def _runner(kind: str) -> Callable[..., None]:
    # Each loads what it needs itself: the others' libraries take a second.
    if kind == "diagnose":
        from service.workers.diagnoser import run_diagnoser

        return run_diagnoser
    if kind == "alert":
        from service.workers.alerter import run_alerter

        return run_alerter
    from service.workers.maintainer import run_maintainer

    return run_maintainer
