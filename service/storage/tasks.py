"""The outbox: tasks that are claimed with a lease and end exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from service.storage import tables
from service.storage.engine import Transaction
from service.storage.records import TaskKind, TaskRecord
from service.storage.times import from_us, to_us

_T = tables.task.c

# Built once: every batch ends with it.
_FINISH = (
    delete(tables.task)
    .where(
        _T.id.in_(bindparam("task_ids", expanding=True)),
        _T.lease_owner == bindparam("owner"),
    )
    .returning(_T.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How much of one kind waits.

    Attributes
    ----------
    oldest_at
        When the oldest waiting task was made; None where nothing waits.
    given_up
        Tasks that failed too often and wait for a person.
    """

    kind: TaskKind
    waiting: int
    oldest_at: datetime | None
    given_up: int


def add_task(
    transaction: Transaction,
    kind: TaskKind,
    subject: str,
    now: datetime,
    lane: str | None = None,
) -> None:
    """Leave a task in the outbox.

    Parameters
    ----------
    lane
        Tasks of one lane are done in order: a later one waits for the earlier.
    """
    transaction.execute(
        insert(tables.task).values(
            kind=kind.value,
            subject=subject,
            lane=lane,
            created_at_us=to_us(now),
            available_at_us=to_us(now),
            attempts=0,
        )
    )


def has_task(
    transaction: Transaction, kind: TaskKind, *, now: datetime, horizon: timedelta
) -> bool:
    """Tell whether a task can be claimed; cheap, takes no lock."""
    query = select(_T.id).where(_T.kind == kind.value, _is_due(now, horizon))
    return transaction.execute(query.limit(1)).first() is not None


def claim_tasks(
    transaction: Transaction,
    kind: TaskKind,
    *,
    owner: str,
    now: datetime,
    lease: timedelta,
    horizon: timedelta,
    limit: int,
) -> list[TaskRecord]:
    """Take the oldest claimable tasks; until the lease ends nobody else gets them.

    Parameters
    ----------
    horizon
        Longer than any lease and any pause. A task that is due later than that was
        left by a clock that has been set back since, and is due now.
    """
    earlier = tables.task.alias("earlier")
    is_next_of_lane = ~exists().where(
        earlier.c.lane == _T.lane,
        earlier.c.id < _T.id,
        earlier.c.available_at_us.is_not(None),
    )
    wanted = (
        select(_T.id)
        .where(_T.kind == kind.value, _is_due(now, horizon), is_next_of_lane)
        .order_by(_T.available_at_us, _T.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=tables.task)
    )
    claimed = transaction.execute(
        update(tables.task)
        .where(_T.id.in_(wanted.scalar_subquery()))
        .values(
            available_at_us=to_us(now + lease),
            lease_owner=owner,
            attempts=_T.attempts + 1,
        )
        .returning(_T.id, _T.subject, _T.created_at_us, _T.attempts)
    )
    tasks = [
        TaskRecord(
            task_id=row.id,
            kind=kind,
            subject=row.subject,
            created_at=from_us(row.created_at_us),
            attempts=row.attempts,
        )
        for row in claimed
    ]
    return sorted(tasks, key=lambda task: task.task_id)


def _is_due(now: datetime, horizon: timedelta) -> ColumnElement[bool]:
    return or_(
        _T.available_at_us <= to_us(now), _T.available_at_us > to_us(now + horizon)
    )


def finish_tasks(
    transaction: Transaction, task_ids: Sequence[int], owner: str
) -> frozenset[int]:
    """Remove tasks that are done.

    Returns
    -------
    frozenset of int
        Those that were still ours; the lease of the others went to somebody else.
    """
    asked = {"task_ids": list(task_ids), "owner": owner}
    return frozenset(transaction.execute(_FINISH, asked).scalars())


def finish_task(transaction: Transaction, task_id: int, owner: str) -> bool:
    """Remove a task that is done; False after the lease went to somebody else."""
    return bool(finish_tasks(transaction, [task_id], owner))


def postpone_task(
    transaction: Transaction, task_id: int, owner: str, until: datetime, reason: str
) -> None:
    """Give a task back that failed, to be claimed again at a later time."""
    transaction.execute(
        update(tables.task)
        .where(_T.id == task_id, _T.lease_owner == owner)
        .values(
            available_at_us=to_us(until), lease_owner=None, failed_reason=reason[:500]
        )
    )


def give_up_task(
    transaction: Transaction, task_id: int, owner: str, reason: str
) -> None:
    """Keep a task that cannot succeed, for a person to look at."""
    transaction.execute(
        update(tables.task)
        .where(_T.id == task_id, _T.lease_owner == owner)
        .values(available_at_us=None, lease_owner=None, failed_reason=reason[:500])
    )


def list_backlog(transaction: Transaction, kinds: Sequence[TaskKind]) -> list[Backlog]:
    """Tell how much of each kind waits."""
    query = select(
        _T.kind,
        func.count(_T.available_at_us).label("waiting"),
        func.count().label("total"),
        func.min(_T.created_at_us)
        .filter(_T.available_at_us.is_not(None))
        .label("oldest"),
    ).group_by(_T.kind)
    rows = {row.kind: row for row in transaction.execute(query)}
    backlog = []
    for kind in kinds:
        row = rows.get(kind.value)
        oldest = None if row is None or row.oldest is None else from_us(row.oldest)
        waiting = 0 if row is None else row.waiting
        total = 0 if row is None else row.total
        backlog.append(
            Backlog(
                kind=kind, waiting=waiting, oldest_at=oldest, given_up=total - waiting
            )
        )
    return backlog
