"""``halowatch export``: what is stored, as files."""

import contextlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from instruments.client.exports import ExportClient
from instruments.clock import SystemClock
from instruments.measurement import MeasurementError, SweepPurpose
from instruments.measurement.times import parse_time
from service.cli.database import check_is_there
from service.cli.exits import BadInputError, CommandFailedError, check_url, print_json
from service.cli.ingest import patiently
from service.config import read_config, read_key
from service.config_values import ConfigError
from service.errors import ConflictError, InvalidRequestError, ServiceError
from service.operations.exporting.exporter import Export
from service.operations.exporting.formats import (
    FORMATS,
    SweepFormat,
    refuse_to_join_tables,
)
from service.operations.exporting.manifest import describe_filter
from service.operations.exporting.parts import PartSource, StoredSweeps
from service.operations.exporting.remote import FetchedParts, query_of
from service.operations.exporting.tables import (
    SUFFIXES,
    Subject,
    check_subject,
    export_table,
)
from service.operations.labelling import read_wanted
from service.storage.engine import Database
from service.storage.export_queries import ExportFilter
from service.storage.migration import check_revision


@click.command("export")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="What to write; absent: what OUT ends in.",
)
@click.option(
    "--what",
    type=click.Choice([subject.value for subject in Subject]),
    default=Subject.SWEEPS.value,
    show_default=True,
    help="Sweeps come with what was concluded from each.",
)
@click.option("--from", "from_", help="Measured at or after, RFC 3339 with a zone.")
@click.option("--to", help="Measured before, RFC 3339 with a zone.")
@click.option("--cavity", help="Only this cavity.")
@click.option(
    "--purpose",
    type=click.Choice([purpose.value for purpose in SweepPurpose]),
    help="Only sweeps for this.",
)
@click.option("--condition", help="Only sweeps that were judged to be this.")
@click.option("--run", help="Only sweeps of this run.")
@click.option(
    "--label",
    "labels",
    multiple=True,
    help="Only sweeps that people labelled so, NAME=VALUE or NAME; may be repeated.",
)
@click.option(
    "--url", help="Root of a service to fetch from; absent: the database is read here."
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON only.")
def command(
    *,
    out: Path,
    form: str | None,
    what: str,
    from_: str | None,
    to: str | None,
    cavity: str | None,
    purpose: str | None,
    condition: str | None,
    run: str | None,
    labels: tuple[str, ...],
    url: str | None,
    as_json: bool,
) -> None:
    """Export from the database of HALOWATCH_DATABASE_URL, or from --url, to OUT.

    OUT is a file if it ends in a format's suffix (.parquet, .h5, .npz, .csv), else a
    folder of parts, of which --format tells the kind. The same command again goes on
    where it was interrupted, and adds what has arrived since to a folder. Frequencies
    are in Hz, times in seconds since 1970 (UTC), temperatures in K, fields in tesla.
    HALOWATCH_KEY is the key that is sent to --url.
    """
    if url is not None:
        check_url(url)
    try:
        wanted = ExportFilter(
            measured_from=_time("--from", from_),
            measured_to=_time("--to", to),
            cavity=cavity,
            purpose=None if purpose is None else SweepPurpose(purpose),
            condition=condition,
            run=run,
            labels=read_wanted(labels),
        )
        form = _form_of(out, form)
        order = _Order(Subject(what), wanted, form, out, is_quiet=as_json)
        check_subject(order.subject, wanted, form)
        count = _from_database(order) if url is None else _from_service(order, url)
    except (ConfigError, ConflictError, InvalidRequestError) as error:
        raise BadInputError(str(error)) from None
    except ServiceError as error:
        raise CommandFailedError(
            f"{error}; run the same command again to go on"
        ) from None
    except OSError as error:
        raise CommandFailedError(
            f"{out}: {error.strerror or error}; make room and run it again"
        ) from None
    if as_json:
        print_json({"what": what, "count": count, "out": str(out)})
    elif count:
        click.echo(f"{count} {what} in {out}")
    else:
        click.echo(f"no {what} match; nothing was written")


@dataclass(frozen=True, slots=True)
class _Order:
    """What is exported, and where to."""

    subject: Subject
    wanted: ExportFilter
    form: str
    out: Path
    is_quiet: bool = field(kw_only=True)

    def run(self, source: PartSource, form: SweepFormat) -> int:
        described = describe_filter(self.wanted, self.form, self.subject.value)
        export = Export(source=source, wanted=described, form=form, out=self.out)
        return export.run(self._tell).sweep_count

    def _tell(self, count: int) -> None:
        if not self.is_quiet:
            click.echo(f"{count} {self.subject.value}", err=True)


def _from_database(order: _Order) -> int:
    config = read_config()
    database = Database(config.database_url, busy_timeout_s=config.busy_timeout_s)
    with contextlib.closing(database):
        check_is_there(database)
        check_revision(database, config.migrations)
        if order.subject is not Subject.SWEEPS:
            return export_table(
                database, order.subject, order.wanted, order.form, order.out
            )
        form = FORMATS[order.form]
        source = StoredSweeps(database=database, wanted=order.wanted, form=form)
        return order.run(source, form)


def _from_service(order: _Order, url: str) -> int:
    form = FORMATS[order.form]
    if order.subject is Subject.SWEEPS:
        suffix = ".zip" if form.has_many_files else form.suffixes[0]
    else:
        suffix = SUFFIXES[order.form]
        if form.name not in ("csv", "parquet"):
            form = replace(form, join=refuse_to_join_tables)
    with ExportClient(url, key=read_key()) as client:
        source = FetchedParts(
            client=client,
            query=query_of(order.subject, order.wanted, order.form),
            suffix=suffix,
            patiently=partial(patiently, SystemClock()),
        )
        return order.run(source, form)


def _form_of(out: Path, form: str | None) -> str:
    suffix = out.suffix.lower()
    ends_as = next(
        (n for n, known in FORMATS.items() if suffix in known.suffixes), None
    )
    if form is None and ends_as is None:
        raise BadInputError(f"--format: {out} tells none; name {', '.join(FORMATS)}")
    if form is not None and ends_as not in (None, form) and not out.is_dir():
        raise BadInputError(
            f"--format: {out} ends as {ends_as} does and would hold {form}; "
            "give it another name, or leave --format out"
        )
    return form or str(ends_as)


def _time(option: str, text: str | None) -> datetime | None:
    try:
        return None if text is None else parse_time(option, text)
    except MeasurementError as error:
        raise BadInputError(str(error)) from None
