"""Works off the outbox: judges what was accepted, once a sweep and model version."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from instruments.clock import Clock
from instruments.measurement import Sweep
from instruments.measurement.times import format_time
from models.diagnosis import Diagnosis
from service.config_values import Channel
from service.errors import StorageConflictError, StorageUnavailableError
from service.operations.alerting import evaluate_sweep
from service.operations.judging import Judge, ReferenceShelf
from service.operations.mode_following import follow_mode
from service.operations.panel import Panel, PanelSource
from service.operations.recent_sweeps import compare_with_recent
from service.operations.referencing import follow_references
from service.storage.diagnoses import insert_diagnosis
from service.storage.engine import Database, Transaction
from service.storage.events import add_event
from service.storage.model_records import Role
from service.storage.records import EventKind, SweepRecord, TaskKind, TaskRecord
from service.storage.sweep_queries import get_sweep, load_sweep
from service.storage.tasks import (
    claim_tasks,
    finish_task,
    give_up_task,
    has_task,
    postpone_task,
)

BATCH = 16
"""Most sweeps that are judged between two commits."""

MAX_ATTEMPTS = 5
"""Claims of one task before it is kept for a person."""

_LONGEST_PAUSE = timedelta(seconds=2.0**MAX_ATTEMPTS)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
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
        judged: list[tuple[TaskRecord, Judged]] = []
        for task in tasks:
            result = self._judge(task, panel)
            if result is not None:
                judged.append((task, result))
            if result is not None and result.sweep.is_reference:
                # The next sweep is compared with it, or not: its checks come first.
                self._store(judged)
                judged = []
        if judged:
            self._store(judged)
        return len(tasks)

    def _claim(self) -> list[TaskRecord]:
        now = self.clock.now()
        horizon = 2 * max(self.lease, _LONGEST_PAUSE)
        with self.database.read() as transaction:
            if not has_task(transaction, TaskKind.DIAGNOSE, now=now, horizon=horizon):
                return []
        with self.database.write() as transaction:
            return claim_tasks(
                transaction,
                TaskKind.DIAGNOSE,
                owner=self.owner,
                now=now,
                lease=self.lease,
                horizon=horizon,
                limit=BATCH,
            )

    def _judge(self, task: TaskRecord, panel: Panel) -> Judged | None:
        try:
            with self.database.read() as transaction:
                record = get_sweep(transaction, task.subject)
                if record is None:
                    raise LookupError(f"sweep {task.subject} is not stored")  # noqa: TRY301 - handled as any other failure of this task
                sweep = load_sweep(transaction, record)
                reference_id, reference = self.references.find(transaction, record)
            live = panel.live_for(record.cavity)
            return Judged(
                sweep=record,
                diagnosis=live.diagnose(sweep, reference, reference_id),
                beside=tuple(
                    diagnosis
                    for shadow in panel.shadows_for(record.cavity)
                    if (diagnosis := _beside(shadow, sweep, reference, reference_id))
                ),
            )
        except StorageUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - one bad sweep must not stop the rest
            self._put_back(task, error)
            return None

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
        with self.database.write() as transaction:
            # Every worker takes the rows of the cavities in one order: no deadlock.
            for task, one in sorted(judged, key=_cavity_of):
                # A lease that ran out belongs to somebody else, who judges as well.
                if finish_task(transaction, task.task_id, self.owner):
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


def _beside(
    shadow: Judge, sweep: Sweep, reference: Sweep | None, reference_id: str | None
) -> Diagnosis | None:
    """Let a shadow judge; what it breaks on must not stop the live one."""
    try:
        return shadow.diagnose(sweep, reference, reference_id)
    except Exception as error:  # noqa: BLE001 - a shadow is on trial
        _log.warning(
            "shadow_failed", model_version=shadow.model_version, exc_info=error
        )
        return None


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
