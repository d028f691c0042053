"""Claims tasks that are due, without troubling the database where none is."""

from datetime import datetime, timedelta

from service.storage.engine import Database
from service.storage.records import TaskKind, TaskRecord
from service.storage.tasks import claim_tasks, has_task


def claim_due(
    database: Database,
    kind: TaskKind,
    *,
    owner: str,
    now: datetime,
    lease: timedelta,
    longest_pause: timedelta,
    limit: int,
) -> list[TaskRecord]:
    """Claim tasks that are due, oldest first.

    Parameters
    ----------
    lease
        How long nobody else takes them.
    longest_pause
        For which a task may be put off: what is due later than any lease or pause would
        have it was put there by a clock that went wrong.
    limit
        Most tasks.
    """
    horizon = 2 * max(lease, longest_pause)
    # Who only reads stands in nobody's way, and mostly nothing is due.
    with database.read() as transaction:
        if not has_task(transaction, kind, now=now, horizon=horizon):
            return []
    with database.write() as transaction:
        return claim_tasks(
            transaction,
            kind,
            owner=owner,
            now=now,
            lease=lease,
            horizon=horizon,
            limit=limit,
        )
