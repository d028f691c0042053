"""``halowatch db``: migrations and integrity."""

import contextlib
from collections.abc import Iterator

import click

from service.cli.backup import backup_command, restore_command
from service.cli.exits import BadInputError, CommandFailedError, print_json
from service.config import ConfigError, ServiceConfig, read_config
from service.errors import ServiceError
from service.storage.engine import Database, check_integrity
from service.storage.migration import check_revision
from service.storage.migration import upgrade as upgrade_tables


@click.group("db")
def command() -> None:
    """Migrate and check the database of HALOWATCH_DATABASE_URL."""


@command.command("upgrade")
def upgrade() -> None:
    """Create the database where needed and bring its tables up to date."""
    with _open() as (config, database):
        upgrade_tables(database, config.migrations)
        click.echo(f"{database.url.render_as_string()} is up to date")


@command.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def check(*, as_json: bool) -> None:
    """Check the revision of the tables and the integrity of what they hold."""
    with _open() as (config, database):
        if database.path is not None and not database.path.is_file():
            raise BadInputError(
                f"there is no database at {database.path}: set HALOWATCH_HOME or "
                "HALOWATCH_DATABASE_URL, or make it with halowatch db upgrade"
            )
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


command.add_command(backup_command)
command.add_command(restore_command)


@contextlib.contextmanager
def _open() -> Iterator[tuple[ServiceConfig, Database]]:
    try:
        config = read_config()
        database = Database(config.database_url, busy_timeout_s=config.busy_timeout_s)
        with contextlib.closing(database):
            yield config, database
    except ConfigError as error:
        raise BadInputError(str(error)) from None
    except ServiceError as error:
        raise CommandFailedError(str(error)) from None
