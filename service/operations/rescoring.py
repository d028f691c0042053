"""Lets a model judge what was measured before it came, beside what was said then."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from instruments.clock import Clock
from service.errors import ServiceError
from service.operations.judging import Judge, ReferenceShelf
from service.storage.diagnoses import insert_diagnosis
from service.storage.engine import Database
from service.storage.model_records import Role
from service.storage.records import SweepRecord, TaskKind
from service.storage.rescoring import RescoreWindow, count_unjudged, list_unjudged
from service.storage.sweep_queries import load_sweep
from service.storage.tasks import has_task

BATCH = 16
"""Sweeps between two commits."""

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
        sweeps = [sweep for _, sweep in batch]
        judged = _judge(database, judge, shelf, sweeps, clock)
        done, failed = done + judged, failed + len(batch) - judged
        after = (batch[-1][0], batch[-1][1].sweep_id)
        left = max(left - len(batch), 0)
        yield Progress(done, failed, left)


def _judge(
    database: Database,
    judge: Judge,
    shelf: ReferenceShelf,
    batch: list[SweepRecord],
    clock: Clock,
) -> int:
    diagnoses = []
    for record in batch:
        try:
            with database.read() as transaction:
                sweep = load_sweep(transaction, record)
                reference_id, reference = shelf.find(transaction, record)
            diagnoses.append((record, judge.diagnose(sweep, reference, reference_id)))
        except ServiceError:
            raise
        except Exception as error:  # noqa: BLE001 - one bad sweep must not stop the rest
            _log.error("rescoring_failed", sweep_id=record.sweep_id, exc_info=error)
    with database.write() as transaction:
        for record, diagnosis in diagnoses:
            insert_diagnosis(transaction, record, diagnosis, clock.now(), Role.RESCORED)
    return len(diagnoses)


def _stand_back(database: Database, clock: Clock) -> None:
    until_s = clock.monotonic_s() + LONGEST_PATIENCE_S
    while clock.monotonic_s() < until_s:
        with database.read() as transaction:
            now = clock.now()
            if not has_task(transaction, TaskKind.DIAGNOSE, now=now, horizon=_HORIZON):
                return
        clock.sleep(PATIENCE_S)
