"""The rows of a spool: what waits, and what was set aside, with running totals."""

import contextlib
import sqlite3
import zlib
from collections.abc import Sequence

from instruments.client.spool_records import DeadLetter, NewRow, SpooledSweep
from instruments.measurement.poller_status import SpoolStatus


class SpoolRows:
    """The tables of one open spool file; its caller holds the lock.

    Depth and bytes are counted once when the file is opened, and kept up to date after
    that: no call looks at every row.

    Attributes
    ----------
    depth, depth_bytes
        Sweeps that wait, and the bytes of their messages.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        try:
            self._recount()
        except sqlite3.Error:
            # An open file keeps its lock, and nobody else could read what is left.
            database.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def insert(self, rows: Sequence[NewRow], now_s: float) -> list[bool]:
        """Add rows with one commit; tells of each whether its key was new."""
        with self._database:
            news = [
                self._database.execute(
                    "INSERT INTO sweep (key, message, crc32, enqueued_at) "
                    "VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                    (row.key, row.message, zlib.crc32(row.message), now_s),
                ).rowcount
                == 1
                for row in rows
            ]
            self._count("enqueued", sum(news))
        added = [row for row, is_new in zip(rows, news, strict=True) if is_new]
        self.depth += len(added)
        self.depth_bytes += sum(len(row.message) for row in added)
        return news

    def read(
        self, max_count: int, max_bytes: int
    ) -> tuple[list[SpooledSweep], list[int]]:
        """Read the oldest rows, and name those whose checksum is wrong."""
        batch: list[SpooledSweep] = []
        torn: list[int] = []
        size_bytes = 0
        rows = self._database.execute(
            "SELECT id, key, CAST(message AS BLOB), crc32 FROM sweep "
            "ORDER BY id LIMIT ?",
            (max_count,),
        )
        for row, key, message, crc32 in rows:
            is_row = isinstance(key, str) and isinstance(message, bytes)
            if not is_row or zlib.crc32(message) != crc32:
                torn.append(row)
                continue
            size_bytes += len(message)
            if batch and size_bytes > max_bytes:
                break
            batch.append(SpooledSweep(row_number=row, key=key, message=message))
        rows.close()
        return batch, torn

    def confirm(self, sweeps: Sequence[SpooledSweep]) -> None:
        """Forget rows that are stored elsewhere."""
        with self._database:
            sizes = [
                size
                for sweep in sweeps
                for (size,) in self._database.execute(
                    "DELETE FROM sweep WHERE id = ? RETURNING length(message)",
                    (sweep.row_number,),
                ).fetchall()
            ]
            self._count("confirmed", len(sizes))
        self.depth -= len(sizes)
        self.depth_bytes -= sum(sizes)

    def bury(self, row_number: int, reason: str, now_s: float) -> None:
        """Move a row to the dead letters."""
        with self._database:
            self._database.execute(
                "INSERT INTO dead_letter (key, message, reason, rejected_at) "
                "SELECT coalesce(CAST(key AS TEXT), ''), "
                "coalesce(CAST(message AS BLOB), x''), ?, ? FROM sweep WHERE id = ?",
                (reason, now_s, row_number),
            )
            removed = self._database.execute(
                "DELETE FROM sweep WHERE id = ? RETURNING coalesce(length(message), 0)",
                (row_number,),
            ).fetchall()
            self._count("rejected", len(removed))
        for (size,) in removed:
            self._shift(-1, -size)
            self._dead_count += 1
            self._dead_bytes += size

    def dead_letters(self, limit: int) -> list[DeadLetter]:
        """List what was set aside, newest first."""
        rows = self._database.execute(
            "SELECT id, key, reason, length(message), rejected_at FROM dead_letter "
            "ORDER BY id DESC LIMIT ?",
            (limit,),
        ).fetchall()
        return [
            DeadLetter(
                number=number,
                key=key,
                reason=reason,
                size_bytes=size,
                rejected_at_s=moment,
            )
            for number, key, reason, size, moment in rows
        ]

    def message_of(self, number: int) -> bytes | None:
        """Return the message of a dead letter, None where there is no such."""
        row = self._database.execute(
            "SELECT message FROM dead_letter WHERE id = ?", (number,)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def retry(self, numbers: Sequence[int] | None, now_s: float) -> int:
        """Let dead letters wait again; None takes all."""
        with self._database:
            chosen = self._choose(numbers)
            for (number,) in chosen:
                key, message = self._database.execute(
                    "SELECT key, message FROM dead_letter WHERE id = ?", (number,)
                ).fetchone()
                self._database.execute(
                    "INSERT INTO sweep (key, message, crc32, enqueued_at) "
                    "VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                    (key, message, zlib.crc32(message), now_s),
                )
                self._database.execute(
                    "DELETE FROM dead_letter WHERE id = ?", (number,)
                )
            self._count("rejected", -len(chosen))
        self._recount()
        return len(chosen)

    def drop(self, numbers: Sequence[int] | None) -> int:
        """Forget dead letters; None takes all."""
        with self._database:
            chosen = self._choose(numbers)
            self._database.executemany("DELETE FROM dead_letter WHERE id = ?", chosen)
        self._recount()
        return len(chosen)

    def drop_oldest(self, limit_bytes: int) -> int:
        """Forget the oldest dead letters until the rest fits; tells how many."""
        dropped = 0
        with self._database:
            while self._dead_bytes > limit_bytes and self._dead_count > 1:
                ((size,),) = self._database.execute(
                    "DELETE FROM dead_letter WHERE id = (SELECT min(id) FROM "
                    "dead_letter) RETURNING length(message)"
                ).fetchall()
                self._dead_count -= 1
                self._dead_bytes -= size
                dropped += 1
        return dropped

    def status(self, now_s: float) -> SpoolStatus:
        """Write the spool in numbers, as far as the file knows them."""
        counters = dict(
            self._database.execute("SELECT name, value FROM counter").fetchall()
        )
        oldest = self._database.execute(
            "SELECT enqueued_at FROM sweep ORDER BY id LIMIT 1"
        ).fetchone()
        return SpoolStatus(
            depth=self.depth,
            depth_bytes=self.depth_bytes,
            oldest_age_s=None if oldest is None else max(now_s - oldest[0], 0.0),
            dead_letter_count=self._dead_count,
            enqueued_total=counters["enqueued"],
            confirmed_total=counters["confirmed"],
            rejected_total=counters["rejected"],
        )

    def shorten_journal(self) -> None:
        """Move the journal into the file and give its room back, where it can be."""
        with contextlib.suppress(sqlite3.OperationalError):
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _choose(self, numbers: Sequence[int] | None) -> list[tuple[int]]:
        known = self._database.execute("SELECT id FROM dead_letter ORDER BY id")
        wanted = None if numbers is None else set(numbers)
        return [row for row in known.fetchall() if wanted is None or row[0] in wanted]

    def _recount(self) -> None:
        self.depth, self.depth_bytes = self._measure("sweep")
        self._dead_count, self._dead_bytes = self._measure("dead_letter")

    def _measure(self, table: str) -> tuple[int, int]:
        query = f"SELECT count(*), coalesce(sum(length(message)), 0) FROM {table}"  # noqa: S608 - one of the two names above
        count, size = self._database.execute(query).fetchone()
        return int(count), int(size)

    def _shift(self, count: int, size_bytes: int) -> None:
        self.depth += count
        self.depth_bytes += size_bytes

    def _count(self, name: str, by: int) -> None:
        self._database.execute(
            "UPDATE counter SET value = value + ? WHERE name = ?", (by, name)
        )
