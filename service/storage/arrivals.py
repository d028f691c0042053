"""Numbers in the order of commits: what an export or a stream goes on behind.

Over SQLite whoever writes holds the only write lock, so the next number is one more
than the last. Over PostgreSQL a sequence gives numbers to transactions that commit in
any order. Before it takes a number, a transaction puts the last one given, its floor,
into a shared advisory lock; what it will number lies above. PostgreSQL lets go of the
lock after the commit can be seen. So whoever reads the last number given, then the
floors, and then the rows, finds up to the lowest of these numbers every row that will
ever be there. Nobody waits for anybody.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column

from service.storage import tables
from service.storage.engine import Transaction

_NUMBER_BITS = 48
"""Bits of a lock's key that hold the floor; above them stands ``lock_number``."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The numbers of one table's rows.

    Parameters
    ----------
    column
        Holds them, with an index.
    sequence
        What gives them over PostgreSQL, one at a time.
    lock_number
        Tells the locks of this table from those of others, 1 to 32767.
    """

    column: Column[Any]
    sequence: str
    lock_number: int

    def newest(self, transaction: Transaction) -> int:
        """Return the last number that was given, 0 where there is none."""
        is_sqlite = transaction.dialect.name == "sqlite"
        query = self._newest_row if is_sqlite else f"SELECT {self._last}"
        return int(transaction.exec_driver_sql(query).scalar() or 0)

    def settled(self, transaction: Transaction, newest: int | None = None) -> int:
        """Return the number up to which no row will come any more.

        To be called before the rows are read, in a transaction that sees at each
        statement what was committed until then.

        Parameters
        ----------
        newest
            The last number given, where it was read before.
        """
        newest = self.newest(transaction) if newest is None else newest
        if transaction.dialect.name != "postgresql":
            return newest
        floor = transaction.exec_driver_sql(self._floor).scalar_one()
        return newest if floor is None else min(newest, int(floor))

    @property
    def _lock(self) -> str:
        key = f"{self.lock_number << _NUMBER_BITS} + {self._last}"
        return f"pg_advisory_xact_lock_shared({key})"

    @property
    def _newest_row(self) -> str:
        # Not max(): SQLite would pass a partial index by.
        name, table = self.column.name, self.column.table.name
        rows = f"SELECT {name} FROM {table} WHERE {name} > 0"  # noqa: S608 - ours
        return f"{rows} ORDER BY {name} DESC LIMIT 1"

    @property
    def _last(self) -> str:
        return f"coalesce(pg_sequence_last_value('{self.sequence}'::regclass), 0)"

    @property
    def _floor(self) -> str:
        first, end = (
            self.lock_number << _NUMBER_BITS,
            self.lock_number + 1 << _NUMBER_BITS,
        )
        return (
            f"SELECT min(key - {first}) FROM (SELECT classid::bigint << 32 | "  # noqa: S608
            "objid::bigint AS key FROM pg_locks WHERE locktype = 'advisory' AND "
            "objsubid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = "
            f"current_database())) AS held WHERE key >= {first} AND key < {end}"
        )


SWEEPS = Arrivals(tables.sweep.c.arrival, "sweep_arrival", 1)
DIAGNOSES = Arrivals(tables.diagnosis.c.id, "diagnosis_id_seq", 2)
READINGS = Arrivals(tables.reading.c.id, "reading_id_seq", 3)
EVENTS = Arrivals(tables.event.c.id, "event_id_seq", 4)


def hold(transaction: Transaction, *numbered: Arrivals) -> None:
    """Let nobody take the numbers of this transaction for settled before it ends.

    To be called before the transaction takes the first of them.
    """
    if transaction.dialect.name == "postgresql":
        transaction.exec_driver_sql(holding(*numbered))


def holding(*numbered: Arrivals) -> str:
    """Write the query of PostgreSQL that does what :func:`hold` does."""
    locks = ", ".join(one._lock for one in numbered)  # noqa: SLF001 - of this file
    return f"SELECT {locks}"
