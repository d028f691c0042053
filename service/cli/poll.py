"""``halowatch poll``: measures an array and posts it; needs the base install only."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from instruments.array import load_array_file
from instruments.client import SpoolError
from instruments.clock import Clock, SystemClock
from instruments.errors import ArrayConfigError
from instruments.polling import ControlPortError, PollingPipeline, PollingSummary
from instruments.polling.preflight import check_identities
from service.cli.exits import (
    BadInputError,
    CommandFailedError,
    check_url,
    print_json,
)
from service.cli.numbers import FiniteRange
from service.config import read_key
from service.config_values import ConfigError
from service.signals import SignalRelay

_STATUS_PERIOD_S = 10.0


@click.command()
@click.argument(
    "array_file", metavar="ARRAY.yaml", type=click.Path(dir_okay=False, path_type=Path)
)
@click.option("--url", required=True, help="Root of the service, http://HOST:PORT.")
@click.option(
    "--spool",
    "spool_directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of the spool; spool.directory of the array file by default.",
)
@click.option(
    "--reference",
    is_flag=True,
    help="Mark the first good wide sweep of each cavity as its reference.",
)
@click.option(
    "--duration",
    "duration_s",
    type=FiniteRange(min=0, min_open=True),
    help="Seconds after which to stop; without it, until Ctrl-C.",
)
@click.option(
    "--drain",
    "drain_s",
    type=FiniteRange(min=0),
    default=10.0,
    show_default=True,
    help="Seconds to go on posting the spool after the last sweep.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the summary as one JSON document."
)
def command(
    *,
    array_file: Path,
    url: str,
    spool_directory: Path | None,
    reference: bool,
    duration_s: float | None,
    drain_s: float,
    as_json: bool,
) -> None:
    """Poll every VNA and sensor of ARRAY.yaml and post what they give."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    check_url(url)
    clock = SystemClock()
    try:
        file = load_array_file(array_file)
        check_identities(file, clock)
        pipeline = PollingPipeline(
            file.config,
            url,
            clock=clock,
            key=read_key(),
            spool_directory=spool_directory,
            take_reference=reference,
        )
    except (ArrayConfigError, ConfigError) as error:
        raise BadInputError(str(error)) from None
    except (SpoolError, ControlPortError) as error:
        raise CommandFailedError(str(error)) from None
    with _stop_signals() as stopping:
        pipeline.start()
        if pipeline.control_port is not None:
            port = pipeline.control_port.port
            click.echo(f"control port http://127.0.0.1:{port}", err=True)
        _report(pipeline, stopping, clock, duration_s)
        ended = pipeline.stop(drain_s)
    summary = ended.to_json()
    if as_json:
        print_json(summary)
    else:
        for name, value in summary.items():
            click.echo(f"{name}: {value}")
    _check_reached(array_file, ended)


def _check_reached(array_file: Path, ended: PollingSummary) -> None:
    gained = ended.measured_count, ended.posted_reading_count
    if any(gained) or not any(ended.failures.values()):
        return
    raise CommandFailedError(
        f"{array_file}: nothing was measured, no instrument could be used "
        f"({', '.join(name for name, count in ended.failures.items() if count)}); "
        "check their resource names, power and network"
    )


@contextmanager
def _stop_signals() -> Iterator[threading.Event]:
    """Turn SIGINT and SIGTERM into an event; the third Ctrl-C ends at once."""
    stopping = threading.Event()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    relay = SignalRelay(stopping.set)

    def stop(number: int, frame: FrameType | None) -> None:
        if stopping.is_set() and number == signal.SIGINT:
            signal.signal(number, before[signal.SIGINT])
        relay(number, frame)

    for number in _SIGNALS:
        signal.signal(number, stop)
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _report(
    pipeline: PollingPipeline,
    stopping: threading.Event,
    clock: Clock,
    duration_s: float | None,
) -> None:
    """Write a status line every ten seconds until it is time to stop."""
    started_s = clock.monotonic_s()
    while True:
        wait_s = _STATUS_PERIOD_S
        if duration_s is not None:
            left_s = started_s + duration_s - clock.monotonic_s()
            wait_s = min(wait_s, max(left_s, 0.0))
        is_stopped = stopping.wait(wait_s)
        click.echo(pipeline.status_line(), err=True)
        elapsed_s = clock.monotonic_s() - started_s
        if is_stopped or (duration_s is not None and elapsed_s >= duration_s):
            return
