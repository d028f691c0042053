"""Sweeps on disk until the service confirms them.

A sweep that ``put`` has returned for survives a kill and a power cut: SQLite in WAL
mode with ``synchronous=FULL``. Each row carries a checksum, so that a torn one is set
aside instead of being posted. Threads that put at the same time share one commit.

The policy of a full spool, or of a full disk: the oldest sweeps are kept, the newest is
refused and the caller told; once there is room again, sweeps are taken again.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from instruments.client.errors import SpoolError, SpoolFullError
from instruments.client.spool_records import DeadLetter, NewRow, SpooledSweep
from instruments.client.spool_rows import SpoolRows
from instruments.client.spool_store import SpoolStore
from instruments.clock import Clock
from instruments.measurement import Sweep
from instruments.measurement.message import encode_sweeps
from instruments.measurement.poller_status import SpoolStatus

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Waiting:
    """A sweep that a thread wants kept, and what became of it."""

    row: NewRow
    is_done: bool = False
    is_new: bool = False
    error: SpoolError | None = None


class Spool:
    """A durable first-in-first-out queue of sweeps, usable by several threads.

    Parameters
    ----------
    directory
        Where its file lies; made if missing.
    max_bytes
        Bytes of messages that it holds; the newest sweep is refused beyond. Dead
        letters may take a quarter as much on top; of them the oldest are dropped.
    clock
        The time.

    Raises
    ------
    SpoolError
        If the directory or the file cannot be used. A file that is damaged is set
        aside, and what can be read of it goes on waiting in a new one.
    """

    def __init__(self, directory: Path, *, max_bytes: int, clock: Clock) -> None:
        self.path = directory / "spool.sqlite3"
        self.arrived = threading.Event()
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._queue_lock = threading.Lock()
        self._queue: list[_Waiting] = []
        self._refused_total = 0
        self._refusal: str | None = None
        self._store = SpoolStore(self.path, clock)
        if self._store.rows.depth:
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
        waiting = _Waiting(NewRow(key=sweep.key(), message=encode_sweeps([sweep])))
        with self._queue_lock:
            self._queue.append(waiting)
        with self._lock:
            # Whoever comes first writes for all that wait behind it.
            if not waiting.is_done:
                with self._queue_lock:
                    group, self._queue = self._queue, []
                self._keep(group)
        if waiting.error is not None:
            raise waiting.error
        if waiting.is_new:
            self.arrived.set()
        return waiting.is_new

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
        with self._lock:
            self.arrived.clear()
            return self._store.run(lambda rows: self._read(rows, max_count, max_bytes))

    def confirm(self, sweeps: Sequence[SpooledSweep]) -> None:
        """Forget sweeps that the service holds durably."""
        with self._lock:
            self._store.free(lambda rows: rows.confirm(sweeps))

    def reject(self, sweep: SpooledSweep, reason: str) -> None:
        """Set a sweep aside that the service will never take, with the reason."""
        with self._lock:
            self._store.free(lambda rows: self._bury(rows, sweep.row_number, reason))

    def dead_letters(self, *, limit: int = 100) -> list[DeadLetter]:
        """List rejected sweeps, newest first."""
        with self._lock:
            return self._store.run(lambda rows: rows.dead_letters(limit))

    def message_of(self, number: int) -> bytes | None:
        """Return the message of a dead letter, None where there is no such."""
        with self._lock:
            return self._store.run(lambda rows: rows.message_of(number))

    def retry(self, numbers: Sequence[int] | None = None) -> int:
        """Let dead letters wait again, at the end of the queue; None takes all.

        Returns
        -------
        int
            How many there were.
        """
        with self._lock:
            count = self._store.run(lambda rows: rows.retry(numbers, self._now_s()))
        if count:
            self.arrived.set()
        return count

    def drop(self, numbers: Sequence[int] | None = None) -> int:
        """Forget dead letters for good; None takes all."""
        with self._lock:
            return self._store.free(lambda rows: rows.drop(numbers))

    def state(self) -> SpoolStatus:
        """Count what waits and what has passed.

        Returns
        -------
        SpoolStatus
            Its ``max_bytes`` is what may wait: by the limit, or by the room on the
            disk where that is less. Refusals are counted since this spool was opened.
        """
        with self._lock:
            status = self._store.run(lambda rows: rows.status(self._now_s()))
        return replace(
            status,
            max_bytes=min(
                self._max_bytes, status.depth_bytes + self._store.free_bytes()
            ),
            is_refusing=self._refusal is not None,
            refused_total=self._refused_total,
            last_error=self._refusal,
        )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._store.close()

    def _keep(self, group: Sequence[_Waiting]) -> None:
        """Write a group with one commit; one by one where that fails."""
        for waiting in group:
            waiting.is_done = True
        room = self._max_bytes - self._store.rows.depth_bytes
        fitting: list[_Waiting] = []
        for waiting in group:
            room -= len(waiting.row.message)
            if room < 0:
                self._refuse(waiting, self._full_sentence())
                room += len(waiting.row.message)
            else:
                fitting.append(waiting)
        if not self._try_insert(fitting) and len(fitting) > 1:
            for waiting in fitting:
                waiting.error = None
                self._refused_total -= 1
                self._try_insert([waiting])

    def _try_insert(self, group: Sequence[_Waiting]) -> bool:
        if not group:
            return True
        fresh = [waiting.row for waiting in group]
        try:
            news = self._store.run(lambda rows: rows.insert(fresh, self._now_s()))
        except SpoolError as error:
            for waiting in group:
                self._refuse(waiting, str(error), error)
            return False
        for waiting, is_new in zip(group, news, strict=True):
            waiting.is_new = is_new
        self._recover()
        return True

    def _refuse(
        self, waiting: _Waiting, sentence: str, error: SpoolError | None = None
    ) -> None:
        if self._refusal is None:
            _log.error("the newest sweeps are refused: %s", sentence)
        self._refusal = sentence
        self._refused_total += 1
        waiting.error = error or SpoolFullError(sentence)

    def _recover(self) -> None:
        if self._refusal is not None:
            _log.info("%s takes sweeps again", self.path)
        self._refusal = None

    def _full_sentence(self) -> str:
        return (
            f"{self.path} holds {self._store.rows.depth_bytes} of {self._max_bytes} "
            "bytes; bring the service back or raise spool.max_bytes"
        )

    def _read(
        self, rows: SpoolRows, max_count: int, max_bytes: int
    ) -> list[SpooledSweep]:
        batch, torn = rows.read(max_count, max_bytes)
        for row in torn:
            self._bury(rows, row, "the checksum of the stored message is wrong")
        return batch

    def _bury(self, rows: SpoolRows, row_number: int, reason: str) -> None:
        rows.bury(row_number, reason, self._now_s())
        dropped = rows.drop_oldest(self._max_bytes // 4)
        if dropped:
            _log.error("%s dropped %d of its oldest dead letters", self.path, dropped)

    def _now_s(self) -> float:
        return self._clock.now().timestamp()
