"""What the commands about models share: options, the register, how it is told."""

import contextlib
import json
import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from instruments.clock import SystemClock
from instruments.measurement import MeasurementError
from instruments.measurement.times import parse_time
from service.cli.database import open_raw
from service.cli.exits import BadInputError, print_json
from service.cli.model_wording import live_lines
from service.config import ServiceConfig
from service.operations.model_orders import Order
from service.operations.model_presenting import live_json
from service.operations.model_register import read_history
from service.storage.cavities import list_cavities
from service.storage.engine import Database, Transaction
from service.storage.migration import check_revision

MAX_EVALUATION_BYTES = 64 * 1024 * 1024
"""Largest file that ``--evaluation`` reads."""

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
BY = click.option("--by", help="Who; default the user of this machine.")
REASON = click.option("--reason", default="", help="Why, in a sentence.")
CAVITY = click.option(
    "--cavity", "cavities", multiple=True, help="Only for this cavity; may come often."
)
FORCE = click.option(
    "--force", is_flag=True, help="Overrule what speaks against it; needs --reason."
)


def describe_live(transaction: Transaction) -> dict[str, Any]:
    """Describe who is live now."""
    cavities = [one.cavity for one in list_cavities(transaction)]
    return live_json(read_history(transaction), cavities, SystemClock().now())


def tell(document: dict[str, Any], *, as_json: bool) -> None:
    """Print who is live."""
    if as_json:
        print_json(document)
        return
    for line in live_lines(document):
        click.echo(line)


def make_order(by: str | None, reason: str, *, force: bool) -> Order:
    """Say who wants a change, by default the user of this machine."""
    who = by or pwd.getpwuid(os.getuid()).pw_name
    return Order(by=who, now=SystemClock().now(), reason=reason, force=force)


def read_moment(option: str, text: str) -> Any:
    """Read a time of an option."""
    try:
        return parse_time(option, text)
    except MeasurementError as error:
        raise BadInputError(str(error)) from None


def read_evaluation(path: Path) -> dict[str, Any]:
    """Read what ``halowatch evaluate --json`` printed."""
    if path.stat().st_size > MAX_EVALUATION_BYTES:
        raise BadInputError(
            f"--evaluation {path}: larger than {MAX_EVALUATION_BYTES} bytes"
        )
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or "targets" not in document:
        raise BadInputError(
            f"--evaluation {path}: is not what halowatch evaluate --json prints"
        )
    return document


@contextlib.contextmanager
def open_register() -> Iterator[tuple[ServiceConfig, Database]]:
    """Open the database of the register; whatever is wrong is one line."""
    with open_raw() as (config, database):
        check_revision(database, config.migrations)
        yield config, database
