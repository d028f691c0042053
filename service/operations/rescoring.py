"""Lets a model judge what was measured before it came, beside what was said then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from instruments.clock import Clock
from models.diagnosis import Diagnosis
from service.errors import (
    ServiceError,
    StorageConflictError,
    StorageUnavailableError,
)
from service.operations.judging import Judge, ReferenceShelf, judge_all
from service.operations.loading_sweeps import LoadedSweep, load_together
from service.storage.diagnoses import insert_diagnosis
from service.storage.engine import Database
from service.storage.model_records import Role
from service.storage.records import SweepRecord, TaskKind
from service.storage.rescoring import RescoreWindow, count_unjudged, list_unjudged
from service.storage.tasks import has_task

BATCH = 16
"""Most sweeps between two commits."""

PATIENCE_S = 0.5
"""Pause in seconds while fresh sweeps wait to be judged."""

LONGEST_PATIENCE_S = 30.0
"""Longest that history stands back for fresh sweeps before it takes one batch."""

_HORIZON = timedelta(hours=1)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a re-score is.

    Attributes
    ----------
    done, failed
        Sweeps judged, and sweeps on which the model broke, in this run.
    left
        Sweeps that were not judged when the run began, less those.
    """

    done: int
    failed: int
    left: int


def rescore(
    database: Database,
    judge: Judge,
    *,
    cavity: str | None,
    measured_from: datetime,
    measured_to: datetime,
    clock: Clock,
) -> Iterator[Progress]:
    """Judge what the model has not judged in a stretch of time, oldest first.

    It can be stopped at any time: what is stored is stored, and the next run takes what
    is left. Fresh sweeps come first: while some wait, it waits too.
    """
    window = RescoreWindow(
        version=judge.model_version,
        cavity=cavity,
        measured_from=measured_from,
        measured_to=measured_to,
    )
    with database.read() as transaction:
        left = count_unjudged(transaction, window)
    shelf = ReferenceShelf()
    done = failed = 0
    after: tuple[int, str] | None = None
    yield Progress(0, 0, left)
    while True:
        _stand_back(database, clock)
        with database.read() as transaction:
            batch = list_unjudged(transaction, window, after, BATCH)
        if not batch:
            return
        judged = _judge(database, judge, shelf, [sweep for _, sweep in batch], clock)
        done, failed = done + judged, failed + len(batch) - judged
        after = (batch[-1][0], batch[-1][1].sweep_id)
        left = max(left - len(batch), 0)
        yield Progress(done, failed, left)


def _judge(
    database: Database,
    judge: Judge,
    shelf: ReferenceShelf,
    batch: Sequence[SweepRecord],
    clock: Clock,
) -> int:
    """Judge sweeps, as many together as may be held; return how many were judged."""
    judged, waiting = 0, batch
    while waiting:
        loaded = _load(database, shelf, waiting)
        if not loaded:
            # It could not be read, which is logged.
            waiting = waiting[1:]
            continue
        said = judge_all(judge, [one.asked for one in loaded])
        good = list(_sound(loaded, said))
        with database.write() as transaction:
            for record, diagnosis in good:
                now = clock.now()
                insert_diagnosis(transaction, record, diagnosis, now, Role.RESCORED)
        judged, waiting = judged + len(good), waiting[len(loaded) :]
    return judged


def _load(
    database: Database, shelf: ReferenceShelf, waiting: Sequence[SweepRecord]
) -> list[LoadedSweep]:
    """Read the first of the sweeps; nothing where the very first cannot be read."""
    try:
        with database.read() as transaction:
            return load_together(transaction, shelf, waiting)
    except (StorageUnavailableError, StorageConflictError):
        raise
    except Exception as error:  # noqa: BLE001 - one bad sweep must not stop the rest
        if len(waiting) == 1:
            _log_failure(waiting[0], error)
            return []
    return _load(database, shelf, waiting[:1])


def _sound(
    loaded: Sequence[LoadedSweep], said: Sequence[Diagnosis | Exception]
) -> Iterator[tuple[SweepRecord, Diagnosis]]:
    for one, found in zip(loaded, said, strict=True):
        if isinstance(found, ServiceError):
            raise found
        if isinstance(found, Exception):
            _log_failure(one.sweep, found)
        else:
            yield one.sweep, found


def _log_failure(record: SweepRecord, error: Exception) -> None:
    _log.error("rescoring_failed", sweep_id=record.sweep_id, exc_info=error)


def _stand_back(database: Database, clock: Clock) -> None:
    until_s = clock.monotonic_s() + LONGEST_PATIENCE_S
    while clock.monotonic_s() < until_s:
        with database.read() as transaction:
            now = clock.now()
            if not has_task(transaction, TaskKind.DIAGNOSE, now=now, horizon=_HORIZON):
                return
        clock.sleep(PATIENCE_S)
