"""Statements of the busiest transaction, past the building of SQL for each call."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import orjson
from sqlalchemy import Column

from service.storage.engine import Transaction

_MOST_ROWS = 64


class BulkInsert:
    """Inserts many rows of the same columns at what the driver itself takes.

    SQLite's driver gives the interpreter away at each row and waits until it gets it
    back from a busy event loop, so many rows go in one statement. Their number is a
    power of two: few statements, which the driver remembers.

    Parameters
    ----------
    columns
        Of one table, in the order of the values; others take their default.
    """

    def __init__(self, *columns: Column[Any]) -> None:
        names = ", ".join(column.name for column in columns)
        table = columns[0].table.name
        self._head = f"INSERT INTO {table} ({names}) VALUES "  # noqa: S608 - ours
        self._width = len(columns)

    def __call__(
        self, transaction: Transaction, rows: Sequence[tuple[object, ...]]
    ) -> None:
        """Insert rows, one value a column each."""
        if transaction.dialect.name != "sqlite":
            transaction.exec_driver_sql(self._head + self._marks("%s"), list(rows))
            return
        start = 0
        while start < len(rows):
            count = min(1 << (len(rows) - start).bit_length() - 1, _MOST_ROWS)
            values = tuple(chain.from_iterable(rows[start : start + count]))
            text = self._head + ", ".join([self._marks("?")] * count)
            transaction.exec_driver_sql(text, values)
            start += count

    def _marks(self, mark: str) -> str:
        return f"({', '.join([mark] * self._width)})"


class Lookup:
    """Finds rows by one column, many values at once.

    Parameters
    ----------
    by
        A column of texts.
    columns
        Of the same table: what is read. The first is never NULL.
    before
        Query that PostgreSQL runs before, in the same statement: a statement costs a
        lone sweep a tenth of its commit.
    more
        Of PostgreSQL, an array of further values, made of two parameters.
    """

    def __init__(
        self,
        by: Column[Any],
        *columns: Column[Any],
        before: str | None = None,
        more: str | None = None,
    ) -> None:
        names = ", ".join(column.name for column in columns)
        head = f"SELECT {names} FROM {by.table.name} WHERE {by.name}"  # noqa: S608 - ours
        self._has_more = more is not None
        wanted = "%s" if more is None else f"%s::text[] || {more}"
        self._texts = {
            "sqlite": f"{head} IN (SELECT value FROM json_each(?))",  # noqa: S608
            "postgresql": f"{head} = ANY({wanted})",
        }
        if before is not None:
            # Joined from the left, it runs even where nothing is found.
            self._texts["postgresql"] = (
                f"WITH before AS MATERIALIZED ({before}) SELECT {names} FROM before "  # noqa: S608
                f"LEFT JOIN {by.table.name} ON {by.name} = ANY({wanted})"
            )

    def __call__(
        self,
        transaction: Transaction,
        values: Iterable[str],
        bound: int = 0,
        more: Sequence[str] = (),
    ) -> list[Any]:
        """Return the rows whose column has one of the values, which are texts.

        Parameters
        ----------
        bound, more
            What further values are made of; SQLite takes ``more`` as they are.
        """
        name = transaction.dialect.name
        parameters: tuple[object, ...]
        if name == "sqlite":
            parameters = (orjson.dumps([*values, *more]).decode(),)
        elif self._has_more:
            parameters = (list(values), bound, list(more))
        else:
            parameters = (list(values),)
        rows = transaction.exec_driver_sql(self._texts[name], parameters)
        return [row for row in rows if row[0] is not None]
