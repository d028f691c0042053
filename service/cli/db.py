"""``halowatch db``: migrations, integrity and retention."""

import click

from instruments.clock import SystemClock
from service.cli.backup import backup_command, restore_command
from service.cli.database import open_raw
from service.cli.exits import CommandFailedError, print_json
from service.operations.retaining import retain as apply_retention
from service.storage.integrity import check_integrity
from service.storage.migration import check_revision
from service.storage.migration import upgrade as upgrade_tables


@click.group("db")
def command() -> None:
    """Migrate, check and thin the database of HALOWATCH_DATABASE_URL."""


@command.command("upgrade")
def upgrade() -> None:
    """Create the database where needed and bring its tables up to date."""
    with open_raw(may_be_absent=True) as (config, database):
        upgrade_tables(database, config.migrations)
        click.echo(f"{database.url.render_as_string()} is up to date")


@command.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def check(*, as_json: bool) -> None:
    """Check the revision of the tables and the integrity of what they hold."""
    with open_raw() as (config, database):
        check_revision(database, config.migrations)
        with database.read() as transaction:
            problems = check_integrity(transaction)
        if as_json:
            print_json({"ok": not problems, "problems": problems})
        elif not problems:
            click.echo(f"{database.url.render_as_string()} is sound")
        if problems:
            raise CommandFailedError(
                f"{'; '.join(problems)}: stop the service and put the last sound copy "
                "in its place with halowatch db restore"
            )


@command.command("retain")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def retain(*, as_json: bool) -> None:
    """Thin and drop once what is older than HALOWATCH_*_KEEP_S keeps."""
    with open_raw(may_be_absent=True) as (config, database):
        check_revision(database, config.migrations)
        report = apply_retention(database, config, SystemClock().now()).to_record()
    if as_json:
        print_json(report)
    else:
        for name, value in report.items():
            text = ", ".join(value) or "none" if isinstance(value, tuple) else value
            click.echo(f"{name}: {text}")


command.add_command(backup_command)
command.add_command(restore_command)
