"""Lets a registered model judge stored sweeps before it may be promoted."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from instruments.measurement import SweepPurpose
from models.evaluation.gates import GROUPED, Gate, judge_latency, judge_report
from service.errors import SamplesExpiredError
from service.operations.judging import Asked, Judge, ReferenceShelf, load_judge
from service.operations.loading_sweeps import load_together
from service.operations.model_folders import check_registered
from service.operations.model_register import read_history
from service.storage.engine import Database
from service.storage.model_records import EVERY_CAVITY, ModelRecord, ModelState
from service.storage.models import get_model
from service.storage.sweep_queries import SweepFilter, list_sweeps

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


def gates_before_promotion(
    database: Database, version: str, cavities: Sequence[str], home: Path
) -> list[Gate]:
    """Rehearse a version that is to be live, unless that would change nothing.

    An unknown version, and one that is live there already, are refused all the same.

    Raises
    ------
    ModelUnavailableError
        As :func:`rehearse`.
    """
    scopes = tuple(cavities) or (EVERY_CAVITY,)
    with database.read() as transaction:
        record = get_model(transaction, version)
        history = read_history(transaction)
    is_live = all(history.state(version, one) is ModelState.LIVE for one in scopes)
    return [] if record is None or is_live else rehearse(database, record, home)


def _times_s(database: Database, judge: Judge) -> Sequence[float]:
    times_s = []
    for asked in _newest(database):
        # Each by itself: what is promised is the time of one judgement. Processor time:
        # whatever else the machine does is not the model's fault.
        before_s = time.thread_time()
        judge.diagnose(*asked)
        times_s.append(time.thread_time() - before_s)
    # The first ones also load code and fill caches.
    return times_s[_FIRST_COUNT:] or times_s


def _newest(database: Database) -> Iterator[Asked]:
    """Read the newest wide sweeps that have samples, as many as may be held at once."""
    shelf = ReferenceShelf()
    wanted = SweepFilter(purpose=SweepPurpose.WIDE)
    with database.read() as transaction:
        waiting = list_sweeps(transaction, wanted, REHEARSED_COUNT)
    most = len(waiting)
    while waiting:
        try:
            with database.read() as transaction:
                loaded = load_together(transaction, shelf, waiting[:most])
        except SamplesExpiredError:
            # One of them has none; alone, it is passed over.
            waiting = waiting[1:] if most == 1 else waiting
            most = 1
            continue
        yield from (one.asked for one in loaded)
        waiting = waiting[len(loaded) :]
