"""Sweeps on disk until the service confirms them.

A sweep that ``put`` has returned for survives a kill and a power cut: SQLite in WAL
mode with ``synchronous=FULL``. Each row carries a checksum, so that a torn one is set
aside instead of being posted.
"""

import sqlite3
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from instruments.client.errors import SpoolError, SpoolFullError
from instruments.client.spool_file import explain_failure, open_database
from instruments.clock import Clock
from instruments.measurement import Sweep
from instruments.measurement.message import encode_sweeps


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledSweep:
    """One waiting sweep, packed.

    Attributes
    ----------
    row_number
        Its place in the queue.
    key
        Its idempotency key.
    message
        Its sweep message as msgpack.
    """

    row_number: int
    key: str
    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolState:
    """The spool in numbers; the totals count since it was made.

    Attributes
    ----------
    depth, depth_bytes
        Sweeps that wait, and the bytes of their messages.
    oldest_age_s
        Age in seconds of the oldest one, None where none waits.
    """

    depth: int
    depth_bytes: int
    oldest_age_s: float | None
    enqueued_total: int
    confirmed_total: int
    rejected_total: int


class Spool:
    """A durable first-in-first-out queue of sweeps, usable by several threads.

    Parameters
    ----------
    directory
        Where its file lies; made if missing.
    max_bytes
        Bytes of messages that it holds; the newest sweep is refused beyond.
    clock
        The time.

    Raises
    ------
    SpoolError
        If the directory or the file cannot be used.
    """

    def __init__(self, directory: Path, *, max_bytes: int, clock: Clock) -> None:
        self.path = directory / "spool.sqlite3"
        self.arrived = threading.Event()
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.Lock()
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._database = open_database(self.path)
        except (OSError, sqlite3.Error) as error:
            raise SpoolError(explain_failure(self.path, error)) from None
        self._depth_bytes = self._sum_bytes()
        if self._depth_bytes:
            self.arrived.set()

    def put(self, sweep: Sweep) -> bool:
        """Keep a sweep; when this returns it is on disk.

        Returns
        -------
        bool
            False where a sweep with the same key waits already.

        Raises
        ------
        SpoolFullError
            If it would hold more than ``max_bytes``, or the disk is full.
        """
        message = encode_sweeps([sweep])
        with self._guarded():
            if self._depth_bytes + len(message) > self._max_bytes:
                raise SpoolFullError(
                    f"{self.path} holds {self._depth_bytes} of {self._max_bytes} "
                    "bytes; bring the service back or raise spool.max_bytes"
                )
            is_new = self._insert(sweep.key(), message)
        if is_new:
            self.arrived.set()
        return is_new

    def next_batch(
        self, *, max_count: int = 64, max_bytes: int = 16 * 1024 * 1024
    ) -> list[SpooledSweep]:
        """Look at the oldest sweeps; they stay until confirmed or rejected.

        Parameters
        ----------
        max_count, max_bytes
            Where the batch ends; the first sweep always belongs to it.

        Returns
        -------
        list of SpooledSweep
            Empty where none waits.
        """
        with self._guarded():
            self.arrived.clear()
            batch, torn = self._read_batch(max_count, max_bytes)
            for row in torn:
                self._bury(row, "the checksum of the stored message is wrong")
        return batch

    def confirm(self, sweeps: Sequence[SpooledSweep]) -> None:
        """Forget sweeps that the service holds durably."""
        with self._guarded():
            with self._database:
                removed = self._database.executemany(
                    "DELETE FROM sweep WHERE id = ?",
                    [(sweep.row_number,) for sweep in sweeps],
                ).rowcount
                self._count("confirmed", removed)
            self._depth_bytes = self._sum_bytes()

    def reject(self, sweep: SpooledSweep, reason: str) -> None:
        """Set a sweep aside that the service will never take, with the reason."""
        with self._guarded():
            self._bury(sweep.row_number, reason)

    def dead_letters(self, *, limit: int = 100) -> list[tuple[str, str]]:
        """List key and reason of rejected sweeps, newest first."""
        with self._guarded():
            return self._database.execute(
                "SELECT key, reason FROM dead_letter ORDER BY id DESC LIMIT ?", (limit,)
            ).fetchall()

    def state(self) -> SpoolState:
        """Count what waits and what has passed."""
        with self._guarded():
            counters = dict(
                self._database.execute("SELECT name, value FROM counter").fetchall()
            )
            depth, oldest = self._database.execute(
                "SELECT count(*), min(enqueued_at) FROM sweep"
            ).fetchone()
            age_s = None if oldest is None else self._now_s() - oldest
            return SpoolState(
                depth=depth,
                depth_bytes=self._depth_bytes,
                oldest_age_s=None if age_s is None else max(age_s, 0.0),
                enqueued_total=counters["enqueued"],
                confirmed_total=counters["confirmed"],
                rejected_total=counters["rejected"],
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise SpoolError(f"{self.path} fails ({error})") from None

    def _read_batch(
        self, max_count: int, max_bytes: int
    ) -> tuple[list[SpooledSweep], list[int]]:
        batch: list[SpooledSweep] = []
        torn: list[int] = []
        size_bytes = 0
        rows = self._database.execute(
            "SELECT id, key, CAST(message AS BLOB), crc32 FROM sweep "
            "ORDER BY id LIMIT ?",
            (max_count,),
        )
        for row, key, message, crc32 in rows:
            if zlib.crc32(message) != crc32:
                torn.append(row)
                continue
            size_bytes += len(message)
            if batch and size_bytes > max_bytes:
                break
            batch.append(SpooledSweep(row_number=row, key=key, message=message))
        rows.close()
        return batch, torn

    def _insert(self, key: str, message: bytes) -> bool:
        row = (key, message, zlib.crc32(message), self._now_s())
        try:
            with self._database:
                added = self._database.execute(
                    "INSERT INTO sweep (key, message, crc32, enqueued_at) "
                    "VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                    row,
                ).rowcount
                self._count("enqueued", added)
        except sqlite3.OperationalError as error:
            raise SpoolFullError(
                f"{self.path} takes no more sweeps ({error}); free space on its disk"
            ) from None
        self._depth_bytes += added * len(message)
        return added == 1

    def _bury(self, row: int, reason: str) -> None:
        with self._database:
            self._database.execute(
                "INSERT INTO dead_letter (key, message, reason, rejected_at) "
                "SELECT key, message, ?, ? FROM sweep WHERE id = ?",
                (reason, self._now_s(), row),
            )
            removed = self._database.execute("DELETE FROM sweep WHERE id = ?", (row,))
            self._count("rejected", removed.rowcount)
        self._depth_bytes = self._sum_bytes()

    def _count(self, name: str, by: int) -> None:
        self._database.execute(
            "UPDATE counter SET value = value + ? WHERE name = ?", (by, name)
        )

    def _sum_bytes(self) -> int:
        row = self._database.execute(
            "SELECT coalesce(sum(length(message)), 0) FROM sweep"
        ).fetchone()
        return int(row[0])

    def _now_s(self) -> float:
        return self._clock.now().timestamp()
