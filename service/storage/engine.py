"""The door to the database: connections, transactions, and what may go wrong."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from service.config import ConfigError
from service.errors import (
    InvalidRequestError,
    StorageConflictError,
    StorageUnavailableError,
)
from service.storage.packs import PackFolder

Transaction: TypeAlias = Connection
"""A connection inside one transaction; rooms above hand it on and never look in."""

PAGE_BYTES = 16_384
"""Page size of the SQLite file; set before its first table."""

CHECKPOINT_PAGES = 4000
"""Pages in the journal before they move into the SQLite file: 64 MiB, so that pages
of the indexes are written once for many sweeps."""

_CONFLICTS = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)

_POSTGRESQL_CONNECTION: dict[str, Any] = {
    "connect_timeout": 5,
    "options": "-c statement_timeout=60000 -c lock_timeout=5000",
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
                _sqlite_engine(self.path, busy_timeout_s).execution_options(
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
        if self.path is not None and opened != _file_identity(self.path):
            self._dispose()
            raise StorageUnavailableError(f"the database file {self.path} is gone")

    def _dispose(self) -> None:
        self._engine.dispose()
        self._writing.dispose()


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


def parse_url(url: str) -> URL:
    """Read a database URL and choose its driver.

    Raises
    ------
    ConfigError
        If it is neither ``sqlite:///PATH`` nor ``postgresql://...``.
    """
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except ArgumentError:
        raise ConfigError(
            "HALOWATCH_DATABASE_URL: write sqlite:///PATH or postgresql://HOST/NAME"
        ) from None
    name = parsed.get_backend_name()
    if name == "postgresql":
        return _name_hosts(parsed.set(drivername="postgresql+psycopg"))
    if name == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed.set(drivername="sqlite+pysqlite")
    raise ConfigError(
        f"HALOWATCH_DATABASE_URL: {parsed.render_as_string()} is not durable storage "
        "of halowatch; write sqlite:///PATH or postgresql://HOST/NAME"
    )


def _name_hosts(url: URL) -> URL:
    """Name several servers as libpq does, for whoever connects without SQLAlchemy.

    SQLAlchemy takes ``host=a:1&host=b:2``; psycopg by itself, pg_dump and pg_restore
    take ``host=a,b&port=1,2`` alone, which SQLAlchemy takes as well.
    """
    given = url.query.get("host")
    hosts = [given] if isinstance(given, str) else list(given or ())
    named = [host.rpartition(":") for host in hosts]
    if not any(colon and port.isdecimal() for _, colon, port in named):
        return url
    return url.update_query_dict(
        {
            "host": ",".join(host for host, _, _ in named),
            "port": ",".join(port for _, _, port in named),
        }
    )


def create_sqlite_file(path: Path) -> None:
    """Create an empty database file with our page size and journal, if absent.

    Raises
    ------
    StorageUnavailableError
        If the folder cannot be made or the file cannot be written.
    """
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode = WAL")
    except (OSError, sqlite3.Error) as error:
        raise StorageUnavailableError(f"cannot create {path}: {error}") from error


def _sqlite_engine(path: Path, busy_timeout_s: float) -> Engine:
    def connect() -> sqlite3.Connection:
        # mode=rw: a missing file is an error, never silently an empty database.
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("PRAGMA cache_size = -16000")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        return connection

    engine = create_engine(
        "sqlite+pysqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=12,
        pool_timeout=busy_timeout_s,
        pool_use_lifo=True,
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # The write lock is taken at once: a later upgrade could only fail.
        writes = connection.get_execution_options().get("halowatch_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    @event.listens_for(engine, "connect")
    def remember(connection: Any, record: Any) -> None:
        del connection
        record.info["file"] = _file_identity(path)

    @event.listens_for(engine, "checkout")
    def compare(connection: Any, record: Any, proxy: Any) -> None:
        del connection, proxy
        if record.info.get("file") != _file_identity(path):
            raise DisconnectionError(f"the database file {path} was moved or removed")

    return engine


def _file_identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


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
