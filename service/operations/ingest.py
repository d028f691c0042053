"""Stores the sweeps of one post and says what became of each."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeAlias

from service.errors import (
    KeyConflictError,
    ServiceError,
    StorageUnavailableError,
    SweepsRejectedError,
)
from service.metrics import ServiceMetrics
from service.operations.preparing import Prepared, Refusal
from service.storage.cavities import list_cavities
from service.storage.disk import DiskGuard
from service.storage.engine import Database
from service.storage.records import NewSweep, Outcome, RefusalCode, Written
from service.storage.writer import Settle

COMMIT_WAIT_S = 20.0
"""Longest wait for a commit, in seconds: a synchronous standby may be away."""


class SweepWriter(Protocol):
    """What makes sweeps durable."""

    def submit(self, sweeps: Sequence[NewSweep], settle: Settle) -> None:
        """Queue sweeps; ``settle`` is called, in any thread, once they are durable."""
        ...


_Waiting: TypeAlias = "asyncio.Future[list[Written]]"


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one sweep of a post."""

    sweep_id: str | None
    outcome: Outcome
    error: str | None = None
    code: RefusalCode | None = None

    def to_record(self) -> dict[str, str | None]:
        """Write with the names of the public contract; a rejected one has a code."""
        record = {
            "sweep_id": self.sweep_id,
            "status": self.outcome.value,
            "error": self.error,
        }
        return record if self.code is None else {**record, "code": self.code.value}


class CavityRegister:
    """Which cavities are registered, looked up once each."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: frozenset[str] = frozenset()

    async def unknown(self, cavities: set[str]) -> set[str]:
        """Return those that are not registered.

        Raises
        ------
        StorageUnavailableError
            If the database cannot be asked.
        """
        if cavities <= self._known:
            return set()
        self._known = await asyncio.to_thread(self._read)
        return cavities - self._known

    def forget(self) -> None:
        """Ask the database again next time."""
        self._known = frozenset()

    def _read(self) -> frozenset[str]:
        with self._database.read() as transaction:
            return frozenset(record.cavity for record in list_cavities(transaction))


class _Settled:
    """Carries what a commit made of many posts into the event loop in one go."""

    def __init__(self) -> None:
        self._done: deque[tuple[_Waiting, list[Written] | Exception]] = deque()
        self._is_calling = False

    def add(self, waiting: "_Waiting", result: list[Written] | Exception) -> None:
        """Settle a post soon; called in the writer's thread."""
        self._done.append((waiting, result))
        if not self._is_calling:
            self._is_calling = True
            try:
                waiting.get_loop().call_soon_threadsafe(self._finish)
            except RuntimeError:
                self._is_calling = False
                raise

    def _finish(self) -> None:
        self._is_calling = False
        while self._done:
            waiting, result = self._done.popleft()
            if waiting.done():
                continue
            if isinstance(result, Exception):
                waiting.set_exception(result)
            else:
                waiting.set_result(result)


class Ingest:
    """Takes prepared sweeps and answers once they are durable."""

    def __init__(
        self,
        register: CavityRegister,
        writer: SweepWriter,
        metrics: ServiceMetrics,
        disk: DiskGuard,
    ) -> None:
        self._disk = disk
        self._settled = _Settled()
        self._register = register
        self._writer = writer
        self._counters = {
            outcome: metrics.sweeps.labels(outcome.value) for outcome in Outcome
        }

    async def accept(self, prepared: Sequence[Prepared]) -> list[ItemResult]:
        """Store what can be stored.

        Returns
        -------
        list
            One result a sweep, in order.

        Raises
        ------
        UnavailableError
            If nothing was stored because the disk is nearly full, or the database
            or the queue refuses.
        """
        self._disk.check()
        cavities = {item.cavity for item in prepared if isinstance(item, NewSweep)}
        unknown = await self._register.unknown(cavities) if cavities else set()
        sweeps = [
            item
            for item in prepared
            if isinstance(item, NewSweep) and item.cavity not in unknown
        ]
        written = iter(await self._store(sweeps) if sweeps else ())
        results = [_result(item, unknown, written) for item in prepared]
        for result in results:
            self._counters[result.outcome].inc()
        return results

    async def _store(self, sweeps: Sequence[NewSweep]) -> list[Written]:
        loop = asyncio.get_running_loop()
        waiting: _Waiting = loop.create_future()
        # What asyncio.timeout does, at a third of its cost: this is the busiest path.
        deadline = loop.call_later(COMMIT_WAIT_S, _expire, waiting)
        try:
            self._writer.submit(sweeps, partial(self._settled.add, waiting))
            return await waiting
        except TimeoutError:
            # It may still be stored: then the next post of it is a duplicate.
            raise StorageUnavailableError(
                f"the commit takes longer than {COMMIT_WAIT_S:.0f} s; send it again",
                retry_after_s=5,
            ) from None
        except StorageUnavailableError:
            # What comes back after an outage may be another database.
            self._register.forget()
            raise
        finally:
            deadline.cancel()


def _expire(waiting: _Waiting) -> None:
    if not waiting.done():
        waiting.set_exception(TimeoutError())


def reject_if_nothing_was_stored(results: Sequence[ItemResult]) -> None:
    """Raise where every sweep was rejected.

    Raises
    ------
    KeyConflictError
        If the only reason is a key that belongs to other content.
    SweepsRejectedError
        For any other reason.
    """
    if any(result.outcome is not Outcome.REJECTED for result in results):
        return
    members = {"results": [result.to_record() for result in results]}
    conflict = all(result.code is RefusalCode.KEY_CONFLICT for result in results)
    problem: type[ServiceError] = KeyConflictError if conflict else SweepsRejectedError
    raise problem(str(results[0].error), members)


def _result(
    item: Prepared, unknown: set[str], written: Iterator[Written]
) -> ItemResult:
    if isinstance(item, Refusal):
        return ItemResult(None, Outcome.REJECTED, item.error, item.code)
    if item.cavity in unknown:
        return ItemResult(
            None,
            Outcome.REJECTED,
            f"cavity: {item.cavity!r} is not registered; "
            f"PUT /api/v1/cavities/{item.cavity} registers it",
            RefusalCode.UNREGISTERED_CAVITY,
        )
    done = next(written)
    if done.outcome is Outcome.REJECTED:
        return ItemResult(
            None,
            Outcome.REJECTED,
            f"idempotency_key: {item.key[:64]!r} was used before with other content; "
            "send a new key",
            RefusalCode.KEY_CONFLICT,
        )
    return ItemResult(done.sweep_id, done.outcome)
