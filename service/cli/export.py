"""``halowatch export``: what is stored, as files."""

import contextlib
from datetime import datetime
from pathlib import Path

import click

from instruments.measurement import MeasurementError, SweepPurpose
from instruments.measurement.times import parse_time
from service.cli.exits import BadInputError, CommandFailedError, print_json
from service.config import ConfigError, read_config
from service.errors import ConflictError, ServiceError
from service.operations.exporting.exporter import SweepExport
from service.operations.exporting.formats import FORMATS
from service.operations.exporting.tables import Subject, export_table
from service.storage.engine import Database
from service.storage.export_queries import ExportFilter
from service.storage.migration import check_revision


@click.command("export")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    required=True,
    help="What to write.",
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
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON only.")
def command(
    *,
    out: Path,
    form: str,
    what: str,
    from_: str | None,
    to: str | None,
    cavity: str | None,
    purpose: str | None,
    condition: str | None,
    run: str | None,
    as_json: bool,
) -> None:
    """Export from the database of HALOWATCH_DATABASE_URL to OUT.

    OUT is a file if it ends in the format's suffix (.parquet, .h5, .npz, .csv), else a
    folder of parts. The same command again goes on where it was interrupted, and adds
    what has arrived since to a folder. Frequencies are in Hz, times in seconds since
    1970 (UTC), temperatures in K, fields in tesla.
    """
    wanted = ExportFilter(
        measured_from=_time("--from", from_),
        measured_to=_time("--to", to),
        cavity=cavity,
        purpose=None if purpose is None else SweepPurpose(purpose),
        condition=condition,
        run=run,
    )
    try:
        config = read_config()
        database = Database(config.database_url, busy_timeout_s=config.busy_timeout_s)
        with contextlib.closing(database):
            if database.path is not None and not database.path.is_file():
                raise BadInputError(
                    f"there is no database at {database.path}: set HALOWATCH_HOME or "
                    "HALOWATCH_DATABASE_URL"
                )
            check_revision(database, config.migrations)
            count = _export(
                database, Subject(what), wanted, form, out, is_quiet=as_json
            )
    except (ConfigError, ConflictError) as error:
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


def _export(
    database: Database,
    subject: Subject,
    wanted: ExportFilter,
    form: str,
    out: Path,
    *,
    is_quiet: bool,
) -> int:
    if subject is not Subject.SWEEPS:
        return export_table(database, subject, wanted, form, out)

    def tell(count: int) -> None:
        if not is_quiet:
            click.echo(f"{count} sweeps", err=True)

    export = SweepExport(database=database, wanted=wanted, form=FORMATS[form], out=out)
    return export.run(tell).sweep_count


def _time(option: str, text: str | None) -> datetime | None:
    try:
        return None if text is None else parse_time(option, text)
    except MeasurementError as error:
        raise BadInputError(str(error)) from None
