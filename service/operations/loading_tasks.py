"""Reads the sweeps of claimed tasks and lets judges look at many of them together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.diagnosis import Diagnosis
from service.operations.judging import Judge, ReferenceShelf, judge_all
from service.operations.loading_sweeps import LoadedSweep, load_together
from service.storage.engine import Transaction
from service.storage.records import SweepRecord, TaskRecord
from service.storage.sweep_queries import get_sweeps


@dataclass(frozen=True, slots=True)
class LoadedTask:
    """A task with what is needed to judge its sweep."""

    task: TaskRecord
    loaded: LoadedSweep

    @property
    def sweep(self) -> SweepRecord:
        """The sweep without its samples."""
        return self.loaded.sweep


def load_tasks(
    transaction: Transaction, shelf: ReferenceShelf, tasks: Sequence[TaskRecord]
) -> tuple[list[LoadedTask], Sequence[TaskRecord]]:
    """Read the sweeps of tasks, up to the first reference and no more than may be held.

    The sweep behind a reference is compared with it, or not: its checks come first.

    Returns
    -------
    loaded : list of LoadedTask
    waiting : sequence of TaskRecord
        The rest.

    Raises
    ------
    LookupError
        If a sweep is not stored.
    """
    known = get_sweeps(transaction, [task.subject for task in tasks])
    records: list[SweepRecord] = []
    for task in tasks:
        record = known.get(task.subject)
        if record is None:
            raise LookupError(f"sweep {task.subject} is not stored")
        records.append(record)
        if record.is_reference:
            break
    found = load_together(transaction, shelf, records)
    loaded = [LoadedTask(task, one) for task, one in zip(tasks, found, strict=False)]
    return loaded, tasks[len(loaded) :]


def judge_by(
    loaded: Sequence[LoadedTask], judges_of: Callable[[str], Sequence[Judge]]
) -> list[list[tuple[Judge, Diagnosis | Exception]]]:
    """Let the judges of each sweep's cavity look, each at all of its sweeps at once.

    Returns
    -------
    list of list
        For each sweep its judges, and what each said or what broke it.
    """
    judges = [judges_of(one.sweep.cavity) for one in loaded]
    rows_of: dict[int, tuple[Judge, list[int]]] = {}
    for row, each in enumerate(judges):
        for judge in each:
            rows_of.setdefault(id(judge), (judge, []))[1].append(row)
    said: dict[tuple[int, int], Diagnosis | Exception] = {}
    for number, (judge, rows) in rows_of.items():
        answers = judge_all(judge, [loaded[row].loaded.asked for row in rows])
        said |= {(row, number): one for row, one in zip(rows, answers, strict=True)}
    return [
        [(judge, said[row, id(judge)]) for judge in each]
        for row, each in enumerate(judges)
    ]
