"""Works off the outbox: judges what was accepted, once a sweep and model version."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from instruments.clock import Clock
from instruments.measurement.times import format_time
from models.diagnosis import Diagnosis
from service.config_values import Channel
from service.errors import StorageConflictError, StorageUnavailableError
from service.operations.alerting import evaluate_sweep
from service.operations.claiming import claim_due
from service.operations.judging import Judge, ReferenceShelf
from service.operations.loading_tasks import LoadedTask, judge_by, load_tasks
from service.operations.mode_following import follow_mode
from service.operations.panel import Panel, PanelSource
from service.operations.recent_sweeps import compare_with_recent
from service.operations.referencing import follow_references
from service.storage.diagnoses import insert_diagnosis
from service.storage.engine import Database, Transaction
from service.storage.events import add_event
from service.storage.model_records import Role
from service.storage.records import EventKind, SweepRecord, TaskKind, TaskRecord
from service.storage.tasks import (
    finish_tasks,
    give_up_task,
    postpone_task,
)

BATCH = 16
"""Most sweeps that are judged between two commits."""

MAX_ATTEMPTS = 5
"""Claims of one task before it is kept for a person."""

_LONGEST_PAUSE = timedelta(seconds=2.0**MAX_ATTEMPTS)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """A sweep and what was concluded from it.

    Attributes
    ----------
    beside
        What the shadows concluded.
    """

    sweep: SweepRecord
    diagnosis: Diagnosis
    beside: tuple[Diagnosis, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnoser:
    """Judges outbox tasks.

    Attributes
    ----------
    panel
        Says who judges; asked once a batch.
    owner
        Name of this worker in leases; another worker has another.
    """

    database: Database
    clock: Clock
    panel: PanelSource
    owner: str
    lease: timedelta
    channels: Sequence[Channel]
    references: ReferenceShelf = field(default_factory=ReferenceShelf)

    def run_once(self) -> int:
        """Claim a batch, judge it, and store what was concluded.

        Returns
        -------
        int
            How many tasks were claimed; 0 where nothing waits.

        Raises
        ------
        StorageUnavailableError
            If the database cannot be reached; claimed tasks come back after the
            lease.
        """
        panel = self.panel.current()
        tasks = self._claim()
        waiting: Sequence[TaskRecord] = tasks
        while waiting:
            loaded, waiting = self._load(waiting)
            self._store(self._judged(loaded, panel))
        return len(tasks)

    def _claim(self) -> list[TaskRecord]:
        return claim_due(
            self.database,
            TaskKind.DIAGNOSE,
            owner=self.owner,
            now=self.clock.now(),
            lease=self.lease,
            longest_pause=_LONGEST_PAUSE,
            limit=BATCH,
        )

    def _load(
        self, tasks: Sequence[TaskRecord]
    ) -> tuple[list[LoadedTask], Sequence[TaskRecord]]:
        """Read sweeps and references; return what can be judged now, and what waits.

        A sweep that cannot be read goes back, and does not stop the others.
        """
        try:
            with self.database.read() as transaction:
                return load_tasks(transaction, self.references, tasks)
        except StorageUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - one bad sweep must not stop the rest
            if len(tasks) == 1:
                self._put_back(tasks[0], error)
                return [], ()
        return self._load(tasks[:1])[0], tasks[1:]

    def _judge(self, task: TaskRecord, panel: Panel) -> Judged | None:
        """Judge one task by itself; None where that failed and the task went back."""
        loaded, _ = self._load([task])
        return next((judged for _, judged in self._judged(loaded, panel)), None)

    def _judged(
        self, loaded: Sequence[LoadedTask], panel: Panel
    ) -> list[tuple[TaskRecord, Judged]]:
        """Let the panel judge sweeps together."""
        live = judge_by(loaded, lambda cavity: [panel.live_for(cavity)])
        beside = judge_by(loaded, panel.shadows_for)
        found = []
        for row, one in enumerate(loaded):
            ((_, diagnosis),) = live[row]
            if isinstance(diagnosis, Exception):
                self._put_back(one.task, diagnosis)
            else:
                shadows = _said(beside[row])
                found.append((one.task, Judged(one.sweep, diagnosis, shadows)))
        return found

    def _put_back(self, task: TaskRecord, error: Exception) -> None:
        _log.error("judging_failed", sweep_id=task.subject, exc_info=error)
        reason = f"{type(error).__name__}: {error}"
        with self.database.write() as transaction:
            if task.attempts >= MAX_ATTEMPTS:
                give_up_task(transaction, task.task_id, self.owner, reason)
            else:
                until = self.clock.now() + timedelta(seconds=2.0**task.attempts)
                postpone_task(transaction, task.task_id, self.owner, until, reason)

    def _store(self, judged: Sequence[tuple[TaskRecord, Judged]]) -> None:
        try:
            self._store_together(judged)
        except StorageConflictError:
            # The array's own rules cross the order of the cavities: one by one then.
            for pair in judged:
                self._store_together([pair])

    def _store_together(self, judged: Sequence[tuple[TaskRecord, Judged]]) -> None:
        if not judged:
            return
        with self.database.write() as transaction:
            ours = finish_tasks(
                transaction, [task.task_id for task, _ in judged], self.owner
            )
            # Every worker takes the rows of the cavities in one order: no deadlock.
            for task, one in sorted(judged, key=_cavity_of):
                # A lease that ran out belongs to somebody else, who judges as well.
                if task.task_id in ours:
                    self._store_one(transaction, one)

    def _store_one(self, transaction: Transaction, one: Judged) -> None:
        now, sweep, diagnosis = self.clock.now(), one.sweep, one.diagnosis
        for beside in one.beside:
            insert_diagnosis(transaction, sweep, beside, now, Role.SHADOW)
        diagnosis = follow_mode(transaction, sweep, diagnosis, now)
        diagnosis = compare_with_recent(transaction, sweep, diagnosis)
        if not insert_diagnosis(transaction, sweep, diagnosis, now):
            return
        follow_references(transaction, sweep, diagnosis, now)
        add_event(transaction, EventKind.DIAGNOSIS, _event(sweep, diagnosis), now)
        evaluate_sweep(transaction, sweep, diagnosis, now, self.channels)


def _said(
    shadows: Sequence[tuple[Judge, Diagnosis | Exception]],
) -> tuple[Diagnosis, ...]:
    """Return what shadows said; what one broke on must not stop the live one."""
    found = []
    for shadow, said in shadows:
        if isinstance(said, Exception):
            _log.warning(
                "shadow_failed", model_version=shadow.model_version, exc_info=said
            )
        else:
            found.append(said)
    return tuple(found)


def _cavity_of(item: tuple[TaskRecord, Judged]) -> str:
    return item[1].sweep.cavity


def _event(sweep: SweepRecord, diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "sweep_id": sweep.sweep_id,
        "cavity": sweep.cavity,
        "purpose": sweep.purpose.value,
        "measured_at": format_time(sweep.measured_at),
        "model_version": diagnosis.model_version,
        "condition": diagnosis.condition.label,
    }
