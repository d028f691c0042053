"""One writer a process: group commit, acknowledged only after the commit."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import IntegrityError

from instruments.clock import Clock
from service.errors import (
    InvalidRequestError,
    QueueFullError,
    StorageUnavailableError,
)
from service.metrics import ServiceMetrics
from service.storage.engine import Database
from service.storage.records import NewSweep, Written
from service.storage.sweeps import insert_sweeps

MAX_GROUP = 128
"""Most writes in one commit."""

GATHER_S = 0.002
"""Wait for more writes once several came at a time, in seconds: a commit costs as much
as twenty sweeps."""

GATHER_SHARE = 0.5
"""The wait where the last commit took long, as a share of it: so does the next, for
few as for many."""

MOST_GATHER_S = 0.016
"""Longest wait for more writes, in seconds."""

GATHER_COUNT = 32
"""Sweeps that are enough for a commit."""

_CONFLICT_ATTEMPTS = 3

_log = structlog.get_logger(__name__)


Settle = Callable[[list[Written] | Exception], None]
"""Called in the writer's thread once a post is durable, or has failed."""


@dataclass(frozen=True, slots=True)
class _Post:
    sweeps: Sequence[NewSweep]
    size_bytes: int
    settle: Settle


class GroupCommitWriter:
    """A thread that stores what waits in one transaction after the other.

    While one commit is under way, the next group gathers; so the group grows with
    the load. Once several writes came at a time, the next group waits a moment for
    more; a lone write waits for nobody. The queue is bounded in bytes.

    Parameters
    ----------
    queue_bytes
        Most bytes that may wait, the group under way included.
    """

    def __init__(
        self,
        database: Database,
        metrics: ServiceMetrics,
        clock: Clock,
        *,
        queue_bytes: int,
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._clock = clock
        self._queue_bytes = queue_bytes
        self._waiting: deque[_Post] = deque()
        self._waiting_bytes = 0
        self._waiting_count = 0
        self._wanted_count = 1
        self._is_busy = False
        self._commit_s = 0.0
        self._changed = threading.Condition()
        self._is_closing = False
        self._thread = threading.Thread(
            target=self._run, name="group-commit", daemon=True
        )
        self._thread.start()

    def submit(self, sweeps: Sequence[NewSweep], settle: Settle) -> None:
        """Queue the sweeps of one post; they are stored together or not at all.

        Parameters
        ----------
        sweeps
            Encoded sweeps.
        settle
            Called in the writer's thread with what became of each sweep, after
            the commit, or with the error.

        Raises
        ------
        QueueFullError
            If the queue cannot hold them.
        """
        size_bytes = sum(sweep.size_bytes for sweep in sweeps)
        with self._changed:
            if self._is_closing:
                raise StorageUnavailableError("the service is shutting down")
            if self._waiting_bytes and (
                self._waiting_bytes + size_bytes > self._queue_bytes
            ):
                raise QueueFullError(
                    f"{self._waiting_bytes} bytes wait for a commit; send it again"
                )
            self._waiting_bytes += size_bytes
            self._waiting_count += len(sweeps)
            self._waiting.append(_Post(sweeps, size_bytes, settle))
            if self._waiting_count >= self._wanted_count:
                self._changed.notify()

    def write(self, sweeps: Sequence[NewSweep]) -> "Future[list[Written]]":
        """Queue sweeps and return a future of what became of them."""
        future: Future[list[Written]] = Future()

        def settle(result: list[Written] | Exception) -> None:
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

        self.submit(sweeps, settle)
        return future

    def close(self) -> None:
        """Store what waits, then end the thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(timeout=30.0)

    def _run(self) -> None:
        while True:
            group = self._next_group()
            if not group:
                return
            self._commit(group)
            with self._changed:
                self._waiting_bytes -= sum(post.size_bytes for post in group)
                self._metrics.queue_bytes.set(self._waiting_bytes)

    def _next_group(self) -> list[_Post]:
        with self._changed:
            while not self._waiting and not self._is_closing:
                self._changed.wait()
            if self._is_busy and not self._is_closing:
                self._gather()
            group: list[_Post] = []
            count = 0
            while self._waiting and count < MAX_GROUP:
                group.append(self._waiting.popleft())
                count += len(group[-1].sweeps)
            self._waiting_count -= count
            self._is_busy = len(group) > 1
            return group

    def _gather(self) -> None:
        self._wanted_count = GATHER_COUNT
        self._changed.wait_for(
            lambda: self._is_closing or self._waiting_count >= GATHER_COUNT,
            gather_wait_s(self._commit_s),
        )
        self._wanted_count = 1

    def _commit(self, group: list[_Post]) -> None:
        sweeps = [sweep for post in group for sweep in post.sweeps]
        started_s = self._clock.monotonic_s()
        try:
            written = self._store(sweeps)
        except StorageUnavailableError as error:
            for post in group:
                post.settle(error)
            return
        except Exception as error:  # noqa: BLE001 - every waiting caller must hear of it
            self._commit_alone(group, error)
            return
        self._commit_s = self._clock.monotonic_s() - started_s
        self._metrics.commit_s.observe(self._commit_s)
        self._metrics.group_size.observe(len(sweeps))
        at = 0
        for post in group:
            post.settle(written[at : at + len(post.sweeps)])
            at += len(post.sweeps)

    def _commit_alone(self, group: list[_Post], error: Exception) -> None:
        # What the database refuses must not take its neighbours down with it.
        if len(group) > 1:
            for post in group:
                self._commit([post])
            return
        refused = [sweep.sweep_id for sweep in group[0].sweeps]
        _log.error("commit_refused", sweep_ids=refused[:16], exc_info=error)
        cause = getattr(error, "orig", None) or error
        group[0].settle(InvalidRequestError(f"the database refuses it: {cause}"))

    def _store(self, sweeps: list[NewSweep]) -> list[Written]:
        for attempt in range(1, _CONFLICT_ATTEMPTS + 1):
            try:
                with self._database.write() as transaction:
                    return insert_sweeps(transaction, sweeps)
            except IntegrityError:
                # Another replica stored one of the keys between our look and our
                # insert; the next look sees it.
                if attempt == _CONFLICT_ATTEMPTS:
                    raise
        raise AssertionError("the loop above returns or raises")


def gather_wait_s(commit_s: float) -> float:
    """Return how long to wait for more writes, by how long the last commit took."""
    return min(max(GATHER_S, GATHER_SHARE * commit_s), MOST_GATHER_S)
