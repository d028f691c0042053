"""The outbox: tasks that are claimed with a lease and end exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Integer,
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

# Built once: workers ask several times a second.
_IS_DUE = or_(
    _T.available_at_us <= bindparam("now_us"),
    _T.available_at_us > bindparam("horizon_us"),
)
_ANY_DUE = select(_T.id).where(_T.kind == bindparam("of_kind"), _IS_DUE).limit(1)
_EARLIER = tables.task.alias("earlier")
_IS_NEXT_OF_LANE = ~exists().where(
    _EARLIER.c.lane == _T.lane,
    _EARLIER.c.id < _T.id,
    _EARLIER.c.available_at_us.is_not(None),
)
_CLAIMABLE = (
    select(_T.id)
    .where(_T.kind == bindparam("of_kind"), _IS_DUE, _IS_NEXT_OF_LANE)
    .order_by(_T.available_at_us, _T.id)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True, of=tables.task)
)
_CLAIM = (
    update(tables.task)
    .where(_T.id.in_(_CLAIMABLE.scalar_subquery()))
    .values(
        available_at_us=bindparam("until_us"),
        lease_owner=bindparam("owner"),
        attempts=_T.attempts + 1,
    )
    .returning(_T.id, _T.subject, _T.created_at_us, _T.attempts)
)
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
    asked = {"of_kind": kind.value, **_due(now, horizon)}
    return transaction.execute(_ANY_DUE, asked).first() is not None


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
    asked = {
        "of_kind": kind.value,
        **_due(now, horizon),
        "limit": limit,
        "until_us": to_us(now + lease),
        "owner": owner,
    }
    claimed = transaction.execute(_CLAIM, asked)
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


def _due(now: datetime, horizon: timedelta) -> dict[str, int]:
    return {"now_us": to_us(now), "horizon_us": to_us(now + horizon)}


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
