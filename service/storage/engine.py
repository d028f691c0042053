"""The door to the database: connections, transactions, and what may go wrong."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from service.errors import (
    InvalidRequestError,
    StorageConflictError,
    StorageUnavailableError,
)
from service.storage.database_urls import parse_url
from service.storage.packs import PackFolder
from service.storage.sqlite_file import file_identity, sqlite_engine

Transaction: TypeAlias = Connection
"""A connection inside one transaction; rooms above hand it on and never look in."""

_CONFLICTS = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)

_POSTGRESQL_CONNECTION: dict[str, Any] = {
    "connect_timeout": 5,
    # A process that stands still in a transaction would hold up what others follow.
    "options": "-c statement_timeout=60000 -c lock_timeout=5000 "
    "-c idle_in_transaction_session_timeout=60000",
    # A server that vanished without a word is given up after 15 s.
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}


class Database:
    """Connections to one database, SQLite or PostgreSQL.

    Parameters
    ----------
    url
        ``sqlite:///PATH`` or ``postgresql://...``.
    busy_timeout_s
        Longest wait for a lock of another process, in seconds.
    tools
        Folder of PostgreSQL's own programs; the usual places where None.

    Attributes
    ----------
    packs
        The files of samples beside a SQLite file, in a folder of its name; None
        over PostgreSQL, which holds them in the database.

    Raises
    ------
    ConfigError
        If the URL is none of the two.
    """

    def __init__(
        self, url: str, *, busy_timeout_s: float = 5.0, tools: str | None = None
    ) -> None:
        self.url = parse_url(url)
        self.tools = tools
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.path = Path(str(self.url.database)) if self.is_sqlite else None
        self._engine: Engine
        self._writing: Engine
        self.packs: PackFolder | None = None
        if self.path is not None:
            self.packs = PackFolder(self.path.with_suffix(".packs"))
            # Writers take turns anyway. On one connection they keep its page cache,
            # which a commit of any other connection empties.
            self._engine, self._writing = (
                sqlite_engine(self.path, busy_timeout_s).execution_options(
                    halowatch_packs=self.packs, halowatch_write=writes
                )
                for writes in (False, True)
            )
        else:
            self._engine = _postgresql_engine(self.url)
            self._writing = self._engine.execution_options(halowatch_write=True)

    @contextlib.contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that only reads.

        Raises
        ------
        StorageUnavailableError
            If the database cannot be reached.
        """
        with self._mapped(), self._engine.connect() as connection:
            yield connection
            connection.rollback()

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        """Open a transaction that commits at the end of the block, durably.

        Raises
        ------
        StorageUnavailableError
            If the database cannot be reached, is locked, or cannot commit.
        """
        with self._mapped():
            with self._writing.begin() as connection:
                opened = connection.info.get("file")
                yield connection
            self._check_still_there(opened)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[tuple[Transaction, str]]:
        """Open a PostgreSQL transaction whose view other connections can share.

        Raises
        ------
        StorageUnavailableError
            If the database cannot be reached.
        """
        engine = self._engine.execution_options(isolation_level="REPEATABLE READ")
        with self._mapped(), engine.connect() as connection:
            # It does nothing itself while others read through it, for hours maybe.
            take_time(connection)
            name = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            yield connection, str(name)
            connection.rollback()

    def close(self) -> None:
        """Close every pooled connection and every pack."""
        self._dispose()
        if self.packs is not None:
            self.packs.close()

    @contextlib.contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except DataError as error:
            raise InvalidRequestError(f"cannot be stored: {error.orig}") from error
        except IntegrityError:
            raise
        except (DBAPIError, PoolTimeoutError, DisconnectionError) as error:
            if isinstance(getattr(error, "orig", None), _CONFLICTS):
                raise StorageConflictError(_sentence(error, self.url)) from error
            raise StorageUnavailableError(_sentence(error, self.url)) from error

    def _check_still_there(self, opened: object) -> None:
        # A commit into a file that was unlinked meanwhile is a commit into nothing.
        if self.path is not None and opened != file_identity(self.path):
            self._dispose()
            raise StorageUnavailableError(f"the database file {self.path} is gone")

    def _dispose(self) -> None:
        self._engine.dispose()
        self._writing.dispose()


def take_time(transaction: Transaction) -> None:
    """Let a transaction that is about the whole database last as long as it takes."""
    if transaction.dialect.name == "postgresql":
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            transaction.execute(text(f"SET LOCAL {name} = 0"))


def confirm_durable(transaction: Transaction) -> None:
    """Make the commit of this transaction wait for all that it has read.

    With a synchronous standby a commit waits until the standby has it. After a crash
    the primary shows commits that never got that far, and a transaction that writes
    nothing waits for nobody: so this one writes a mark, which lies behind them.
    """
    if transaction.dialect.name == "postgresql":
        transaction.execute(text("SELECT pg_logical_emit_message(true, 'seen', '')"))


def connect_alone(database: Database) -> "psycopg.Connection[Any]":
    """Open a connection to PostgreSQL beside the pool, each statement on its own.

    Raises
    ------
    psycopg.Error
        If there is none to be had.
    """
    url = database.url.set(drivername="postgresql")
    return psycopg.connect(
        url.render_as_string(hide_password=False),
        autocommit=True,
        **_POSTGRESQL_CONNECTION,
    )


def _postgresql_engine(url: URL) -> Engine:
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=4,
        max_overflow=12,
        pool_timeout=5.0,
        connect_args=_POSTGRESQL_CONNECTION,
    )


def _sentence(error: Exception, url: URL) -> str:
    where = url.render_as_string()
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    if "no such table" in lines[0] or "does not exist" in lines[0]:
        return f"{where} has not our tables ({lines[0]}): run halowatch db upgrade"
    return f"{where}: {lines[0]}"
