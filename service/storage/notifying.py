"""One process of a site tells all others that something was committed.

Over PostgreSQL every replica and worker would otherwise ask the tables again and again.
Each ``serve`` offers to be the notifier; a lock of the database lets one at a time. It
looks at the event table and sends ids only, outside of every transaction of ingest:
NOTIFY takes a lock that all commits share.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import structlog
from psycopg.sql import SQL, Literal

from service.storage.engine import Database, connect_alone

CHANNEL = "halowatch"
"""Channel of PostgreSQL on which the notifier speaks."""

_LOCK = 0x6861_6C6F  # "halo"
_LOOK_S = 0.025
_PAUSE_S = 1.0
_OVERLAP = 256

_log = structlog.get_logger(__name__)


class Notifier:
    """A thread that offers to be the notifier of the site.

    Parameters
    ----------
    database
        A PostgreSQL database; over SQLite nothing is started.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stop = threading.Event()
        self.is_leading = False
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)

    def start(self) -> None:
        """Begin to offer."""
        if not self._database.is_sqlite:
            self._thread.start()

    def close(self) -> None:
        """Let another process lead."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with connect_alone(self._database) as connection:
                    self._offer(connection)
            except psycopg.Error as error:
                _log.warning("notifier_waits_for_storage", reason=str(error))
            finally:
                self.is_leading = False
            self._stop.wait(_PAUSE_S)

    def _offer(self, connection: "psycopg.Connection[Any]") -> None:
        while not self._stop.is_set():
            if _takes_lock(connection):
                self.is_leading = True
                _log.info("notifier_leads")
                self._lead(connection)
            else:
                self._stop.wait(_PAUSE_S)

    def _lead(self, connection: "psycopg.Connection[Any]") -> None:
        told: tuple[int, int] | None = None
        while not self._stop.wait(_LOOK_S):
            seen = _look(connection, 0 if told is None else told[0])
            if told is not None and seen != told:
                statement = SQL("NOTIFY {}, {}").format(
                    SQL(CHANNEL), Literal(str(seen[0]))
                )
                connection.execute(statement)
            told = seen


@contextlib.contextmanager
def notifying(database: Database) -> Iterator[Notifier]:
    """Offer to be the notifier until the block ends."""
    notifier = Notifier(database)
    notifier.start()
    try:
        yield notifier
    finally:
        notifier.close()


def _takes_lock(connection: "psycopg.Connection[Any]") -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
    return bool(row and row[0])


def _look(connection: "psycopg.Connection[Any]", newest: int) -> tuple[int, int]:
    """Return the newest event's number, and how many stand around it.

    Numbers are given before they are committed: a late one changes the count alone.
    """
    row = connection.execute(
        "SELECT coalesce(max(id), 0), count(*) FROM event WHERE id > %s",
        (max(newest - _OVERLAP, 0),),
    ).fetchone()
    assert row is not None
    return max(int(row[0]), newest), int(row[1])
