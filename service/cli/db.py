"""``halowatch db``: migrations, integrity and retention."""

from collections.abc import Sequence
from pathlib import Path

import click

from instruments.clock import SystemClock
from instruments.measurement.times import format_time
from service.cli.backup import backup_command, restore_command
from service.cli.database import open_raw
from service.cli.exits import CommandFailedError, print_json
from service.cli.progress import announce
from service.operations.retaining import retain as apply_retention
from service.storage.backup_manifest import backup_of
from service.storage.damage import find_damage
from service.storage.engine import take_time
from service.storage.integrity import check_integrity
from service.storage.migration import check_revision
from service.storage.migration import upgrade as upgrade_tables
from service.storage.months import received_at


@click.group("db")
def command() -> None:
    """Migrate, check and thin the database of HALOWATCH_DATABASE_URL."""


@command.command("upgrade")
def upgrade() -> None:
    """Create the database where needed and bring its tables up to date."""
    with open_raw(may_be_absent=True) as (config, database):
        announce("bringing the tables up to date")
        upgrade_tables(database, config.migrations)
        click.echo(f"{database.url.render_as_string()} is up to date")


@command.command("check")
@click.option(
    "--within",
    "within_s",
    type=click.FloatRange(min=0.0),
    default=600.0,
    show_default=True,
    metavar="S",
    help="Look at samples for so many seconds at most.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def check(*, within_s: float, as_json: bool) -> None:
    """Check the revision of the tables and the integrity of what they hold.

    Rounded samples on which others lean are read, and their checksums compared, and
    what retention has found damaged is looked at again.
    """
    clock = SystemClock()
    with open_raw() as (config, database):
        check_revision(database, config.migrations)
        announce(f"looking at stored samples for at most {within_s:g} s")
        ends_s = clock.monotonic_s() + within_s
        with database.read() as transaction:
            take_time(transaction)
            problems = check_integrity(transaction)
            report = find_damage(transaction, lambda: clock.monotonic_s() > ends_s)
            damaged = report.sweep_ids
            backup = backup_of(transaction, damaged) if damaged else None
        problems += report.sentences
        if as_json:
            print_json(
                {
                    "ok": not problems,
                    "problems": problems,
                    "damaged_sweeps": damaged,
                    "backup": None if backup is None else str(backup),
                    "rounded_sweep_count": report.looked_at_count,
                    "is_whole": report.is_whole,
                }
            )
        elif not problems:
            click.echo(f"{database.url.render_as_string()} is sound")
        if problems:
            raise CommandFailedError(f"{'; '.join(problems)}: {_mend(damaged, backup)}")
        if not report.is_whole:
            message = (
                f"only {report.looked_at_count} rounded samples were looked at in "
                f"{within_s:g} s: --within gives it longer"
            )
            raise CommandFailedError(message)


def _mend(damaged: Sequence[str], backup: Path | None) -> str:
    if backup is not None:
        return (
            f"run halowatch db restore --damaged {backup}, the newest backup that "
            "holds them"
        )
    if damaged:
        return (
            "no backup that this machine sees holds them: bring one that was made "
            f"after {format_time(received_at(max(damaged)))} and take them from it by "
            "halowatch db restore --damaged"
        )
    return (
        "stop the service and put the last sound copy in its place with halowatch db "
        "restore"
    )


@command.command("retain")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def retain(*, as_json: bool) -> None:
    """Thin and drop once what is older than HALOWATCH_*_KEEP_S keeps."""
    with open_raw(may_be_absent=True) as (config, database):
        check_revision(database, config.migrations)
        announce("thinning and dropping what is old")
        report = apply_retention(database, config, SystemClock().now()).to_record()
    if as_json:
        print_json(report)
    else:
        for name, value in report.items():
            text = ", ".join(value) or "none" if isinstance(value, tuple) else value
            click.echo(f"{name}: {text}")


command.add_command(backup_command)
command.add_command(restore_command)
