"""How commands reach the tables, and who they say acts."""

import contextlib
import getpass
from collections.abc import Iterator

from service.cli.exits import BadInputError, CommandFailedError
from service.config import ConfigError, read_config
from service.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    ServiceError,
)
from service.storage.engine import Database, Transaction
from service.storage.migration import check_revision, upgrade


@contextlib.contextmanager
def open_tables() -> Iterator[Database]:
    """Open the database of HALOWATCH_DATABASE_URL; make the embedded one where absent.

    Raises
    ------
    BadInputError
        If a setting, or what the command was given, is wrong.
    CommandFailedError
        If the database cannot be used.
    """
    try:
        config = read_config()
        database = Database(config.database_url, busy_timeout_s=config.busy_timeout_s)
        with contextlib.closing(database):
            if database.path is not None and not database.path.is_file():
                upgrade(database, config.migrations)
            check_revision(database, config.migrations)
            yield database
    except ConfigError as error:
        raise BadInputError(str(error)) from None
    except (InvalidRequestError, ConflictError, NotFoundError) as error:
        raise BadInputError(str(error)) from None
    except ServiceError as error:
        raise CommandFailedError(str(error)) from None


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
