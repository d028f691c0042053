"""Lets a registered model judge stored sweeps before it may be promoted."""

import time
from collections.abc import Sequence
from pathlib import Path

from instruments.measurement import SweepPurpose
from models.evaluation.evaluate import GROUPED
from service.operations.gates import Gate, judge_latency, judge_report
from service.operations.judging import Judge, ReferenceShelf, load_judge
from service.operations.model_folders import check_registered
from service.storage.engine import Database
from service.storage.model_records import ModelRecord
from service.storage.sweep_queries import SweepFilter, list_sweeps, load_sweep

REHEARSED_COUNT = 40
"""Wide sweeps that the rehearsal judges, newest first."""

_FIRST_COUNT = 5


def rehearse(database: Database, record: ModelRecord, home: Path) -> list[Gate]:
    """Hold a model to every gate: hashes, report, and processor time on real sweeps.

    Raises
    ------
    ModelUnavailableError
        If its files are damaged or cannot be loaded.
    """
    judge = load_judge(check_registered(database, record.version, home))
    gates = judge_report(record.report, grouped=GROUPED)
    return [*gates, judge_latency(_times_s(database, judge))]


def _times_s(database: Database, judge: Judge) -> Sequence[float]:
    shelf = ReferenceShelf()
    wanted = SweepFilter(purpose=SweepPurpose.WIDE)
    times_s = []
    with database.read() as transaction:
        records = list_sweeps(transaction, wanted, REHEARSED_COUNT)
        for record in records:
            sweep = load_sweep(transaction, record)
            reference_id, reference = shelf.find(transaction, record)
            # Processor time: whatever else the machine does is not the model's fault.
            before_s = time.thread_time()
            judge.diagnose(sweep, reference, reference_id)
            times_s.append(time.thread_time() - before_s)
    # The first ones also load code and fill caches.
    return times_s[_FIRST_COUNT:] or times_s
