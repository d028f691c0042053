"""``halowatch demo``: the whole path on this machine, faults included."""

import json
import signal
import socket
import tempfile
from functools import partial
from pathlib import Path

import click

from instruments.clock import SystemClock
from service.cli.exits import BadInputError, CommandFailedError, print_json
from service.cli.numbers import FiniteRange
from service.config import child_environment
from service.demo.children import ChildFailedError
from service.demo.fleet import MAX_CAVITY_COUNT, MODEL_FOLDER, build_fleet
from service.demo.performance import DemoFailedError, Performance
from service.demo.summary import Summary


@click.command()
@click.option(
    "--cavities",
    type=click.IntRange(1, MAX_CAVITY_COUNT),
    default=6,
    show_default=True,
    help="Number of emulated cavities, each with a VNA of its own.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=8000,
    show_default=True,
    help="Port of API and dashboard on 127.0.0.1.",
)
@click.option(
    "--speed",
    type=FiniteRange(0.1, 100.0),
    default=20.0,
    show_default=True,
    help="Seconds of the array that pass in one second.",
)
@click.option(
    "--duration",
    "duration_s",
    type=FiniteRange(min=1.0),
    help="Seconds after which it ends and prints a summary; absent: until Ctrl-C.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON only.")
@click.option(
    "--calibrate",
    is_flag=True,
    help="Record the array's calibration run, train the demo's model on it, and end.",
)
def command(
    *,
    cavities: int,
    port: int,
    speed: float,
    duration_s: float | None,
    as_json: bool,
    calibrate: bool,
) -> None:
    """Play an emulated array with scripted faults, from VNA to alert.

    Emulated VNAs on real sockets, poller, service, dashboard and a local webhook
    receiver run as processes of this machine and end with this command.
    """
    if calibrate:
        # Training needs torch; playing the demo does not, in this process.
        from service.demo.calibration import make_model

        click.echo(f"model {make_model(MODEL_FOLDER)} written to {MODEL_FOLDER}")
        return
    _check_port(port)
    # A shell that puts a script's job in the background has SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    clock = SystemClock()
    started_s = clock.monotonic_s()
    with tempfile.TemporaryDirectory(prefix="halowatch-demo-") as name:
        folder = Path(name)
        performance = Performance(
            fleet=build_fleet(cavities, speed, folder / "spool"),
            folder=folder,
            environment=child_environment(home=folder, model=MODEL_FOLDER),
            port=port,
            duration_s=duration_s,
            announce=partial(click.echo, err=as_json),
            clock=clock,
            started_s=started_s,
        )
        try:
            summary = performance.play()
        except (ChildFailedError, DemoFailedError) as error:
            raise CommandFailedError(str(error)) from error
    if as_json:
        print_json(summary.to_json())
    else:
        click.echo(_as_text(summary))


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise BadInputError(
                f"port {port} of 127.0.0.1 is taken: end what listens there, or name "
                "another with --port"
            ) from None


def _as_text(summary: Summary) -> str:
    document = summary.to_json()
    faults = document.pop("faults")
    lines = [f"{name:22} {json.dumps(value)}" for name, value in document.items()]
    for one in faults:
        seen = "began too late to be judged" if one["is_too_late"] else "missed"
        if one["rule"]:
            seen = f"{one['rule']} after {one['delay_s']:.1f} s"
        lines.append(f"{one['fault']:22} {one['cavity'] or 'array'}: {seen}")
    return "\n".join(lines)
