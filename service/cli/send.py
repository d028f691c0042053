"""``halowatch send``: what is stored here, posted to another service."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial

import click

from instruments.client import SweepClient
from instruments.clock import Clock, SystemClock
from instruments.measurement import Reading, Sweep
from service.cli.exits import BadInputError, CommandFailedError, check_url, print_json
from service.cli.ingest import patiently
from service.config import read_config, read_key
from service.config_values import ConfigError
from service.errors import ServiceError
from service.operations.exporting.selection import read_page
from service.storage.cavities import list_cavities
from service.storage.engine import Database
from service.storage.export_queries import ExportFilter, list_reading_rows
from service.storage.migration import check_revision
from service.storage.records import CavityRecord

PAGE_BYTES = 8 * 1024 * 1024
"""Samples in one POST."""

READINGS_PER_POST = 5_000


@click.command("send")
@click.option("--url", required=True, help="Root of the other service.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON only.")
def command(*, url: str, as_json: bool) -> None:
    """Post the cavities, sweeps and readings of HALOWATCH_DATABASE_URL to --url.

    From a laptop's database to a site's service, for instance: samples arrive bit by
    bit, with flags, runs and conditions, and are judged there anew; diagnoses and
    alerts stay here. HALOWATCH_KEY is the key that is sent along. Run it again after an
    interruption: what is there already is recognised.
    """
    check_url(url)
    try:
        config, key = read_config(), read_key()
        database = Database(config.database_url, busy_timeout_s=config.busy_timeout_s)
        with contextlib.closing(database), SweepClient(url, key=key) as client:
            check_revision(database, config.migrations)
            counts = _send(database, client, SystemClock(), is_quiet=as_json)
    except ConfigError as error:
        raise BadInputError(str(error)) from None
    except ServiceError as error:
        raise CommandFailedError(str(error)) from None
    if as_json:
        print_json(counts)
    else:
        click.echo(", ".join(f"{count} {name}" for name, count in counts.items()))
    if counts["rejected"]:
        raise CommandFailedError(
            f"{counts['rejected']} sweeps were rejected; GET /api/v1/sweeps of the "
            "other service tells which are there"
        )


def _send(
    database: Database, client: SweepClient, clock: Clock, *, is_quiet: bool
) -> dict[str, int]:
    with database.read() as transaction:
        cavities = list_cavities(transaction)
    for cavity in cavities:
        fields = _settings(cavity)
        patiently(clock, partial(client.put_cavity, cavity.cavity, fields))
    counts = {"accepted": 0, "duplicate": 0, "rejected": 0, "readings": 0}
    for sweeps in _pages(database):
        for result in patiently(clock, partial(client.post_sweeps, sweeps)):
            counts[result.status] += 1
        if not is_quiet:
            click.echo(f"{counts['accepted'] + counts['duplicate']} sweeps", err=True)
    for readings in _readings(database):
        patiently(clock, partial(client.post_readings, readings))
        counts["readings"] += len(readings)
    return counts


def _settings(cavity: CavityRecord) -> dict[str, object]:
    values = asdict(cavity)
    del values["cavity"], values["registered_at"]
    return {name: value for name, value in values.items() if value is not None}


def _pages(database: Database) -> Iterator[list[Sweep]]:
    after, is_last = "", False
    while not is_last:
        page = read_page(database, ExportFilter(), after, PAGE_BYTES)
        after, is_last = page.last_id, page.is_last
        if page.items:
            yield [item.sweep for item in page.items]


def _readings(database: Database) -> Iterator[Sequence[Reading]]:
    after = 0
    while True:
        with database.read() as transaction:
            rows = list_reading_rows(
                transaction, ExportFilter(), after, READINGS_PER_POST
            )
        if not rows:
            return
        after = rows[-1][0]
        yield [
            Reading(
                name=row["name"],
                value=row["value"],
                measured_at=row["measured_at"],
                cavity=row["cavity"] or None,
                source=row["source"] or None,
            )
            for _, row in rows
        ]
