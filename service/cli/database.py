"""How commands reach the tables, and who they say acts."""

import contextlib
import getpass
from collections.abc import Iterator

from service.cli.exits import BadInputError, CommandFailedError
from service.config import ServiceConfig, read_config
from service.config_values import ConfigError
from service.errors import ServiceError, UnavailableError
from service.storage.engine import Database, Transaction
from service.storage.migration import check_revision, upgrade


@contextlib.contextmanager
def open_tables() -> Iterator[Database]:
    """Open the database of HALOWATCH_DATABASE_URL; make the embedded one where absent.

    Raises
    ------
    BadInputError, CommandFailedError
        As :func:`open_raw`.
    """
    with open_raw(may_be_absent=True) as (config, database):
        if database.path is not None and not database.path.is_file():
            upgrade(database, config.migrations)
        check_revision(database, config.migrations)
        yield database


@contextlib.contextmanager
def open_raw(
    *, may_be_absent: bool = False
) -> Iterator[tuple[ServiceConfig, Database]]:
    """Open the database of HALOWATCH_DATABASE_URL as it is.

    Raises
    ------
    BadInputError
        If a setting, or what the command was given, is wrong.
    CommandFailedError
        If the database cannot be used.
    """
    try:
        config = read_config()
        database = Database(
            config.database_url,
            busy_timeout_s=config.busy_timeout_s,
            tools=config.postgresql_tools,
        )
        with contextlib.closing(database):
            if not may_be_absent:
                check_is_there(database)
            yield config, database
    except UnavailableError as error:
        raise CommandFailedError(str(error)) from None
    except (ConfigError, ServiceError) as error:
        raise BadInputError(str(error)) from None


def check_is_there(database: Database) -> None:
    """Refuse a SQLite file that is not there.

    Raises
    ------
    BadInputError
        If it is not.
    """
    if database.path is not None and not database.path.is_file():
        raise BadInputError(
            f"there is no database at {database.path}: set HALOWATCH_HOME or "
            "HALOWATCH_DATABASE_URL, or make it with halowatch db upgrade"
        )


@contextlib.contextmanager
def acting(database: Database) -> Iterator[tuple[Transaction, str]]:
    """Open a transaction, and name the person at the command line as its actor."""
    with database.write() as transaction:
        yield transaction, actor()


def actor() -> str:
    """Return how the audit log names whoever runs this command."""
    try:
        return f"command:{getpass.getuser()}"
    except (OSError, KeyError):
        return "command"
