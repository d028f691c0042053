"""Whoever goes on with an export gets every sweep once, whatever order commits have."""

import contextlib
import random
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from instruments.measurement import Reading
from models.serving.predictor import Predictor
from service.errors import (
    ConflictError,
    InvalidRequestError,
    StorageUnavailableError,
)
from service.operations.exporting.selection import read_page
from service.operations.preparing import SweepPreparer
from service.storage import tables
from service.storage.cavities import put_cavity
from service.storage.diagnoses import insert_diagnosis
from service.storage.export_queries import (
    ExportFilter,
    list_diagnosis_rows,
    list_reading_rows,
)
from service.storage.forgetting import forget, forget_readings
from service.storage.identifiers import TimeOrderedIds
from service.storage.model_records import Role
from service.storage.months import name_month
from service.storage.payloads import delete_payloads
from service.storage.readings import insert_readings
from service.storage.sweep_queries import get_sweep, load_sweep
from service.storage.sweeps import insert_sweeps

only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def prepare(database, make_sweep, clock):
    """Give sweeps their ids, in order."""
    preparer = SweepPreparer(clock, TimeOrderedIds(clock))
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, clock.now())

    def prepare(*seeds: int, **changes):
        return [preparer.prepare(make_sweep(seed, 21, **changes)) for seed in seeds]

    return prepare


@pytest.fixture
def store(database):
    def store(*sweeps) -> None:
        with database.write() as transaction:
            insert_sweeps(transaction, sweeps)

    return store


class Follower:
    """Goes on with one export again and again."""

    def __init__(self, database, **wanted) -> None:
        self.database, self.wanted = database, ExportFilter(**wanted)
        self.after, self.found = "", []

    def go_on(self, max_bytes: int = 1 << 20) -> list[str]:
        found, is_last = [], False
        while not is_last:
            page = read_page(self.database, self.wanted, self.after, max_bytes)
            found += [item.record.sweep_id for item in page.items]
            self.after, is_last = page.last_id, page.is_last
        self.found += found
        return found


@pytest.fixture
def follower(database) -> Follower:
    return Follower(database)


def test_a_sweep_with_an_earlier_id_may_be_committed_later(prepare, store, follower):
    # As a long body is: its ids are given before its post reaches the writer.
    slow, quick = prepare(1, 2)
    store(quick)
    assert follower.go_on() == [quick.sweep_id]
    store(slow)
    assert follower.go_on() == [slow.sweep_id]
    assert follower.go_on() == []


def test_a_clock_that_was_set_back_hides_nothing(
    prepare, store, follower, make_sweep, clock
):
    (before,) = prepare(1)
    store(before)
    follower.go_on()
    clock.step(-3600.0)
    restarted = SweepPreparer(clock, TimeOrderedIds(clock))
    after = restarted.prepare(make_sweep(2, 21, measured_at=clock.now()))
    assert after.sweep_id < before.sweep_id
    store(after)
    assert follower.go_on() == [after.sweep_id]


class UndoneError(Exception):
    pass


@only_postgresql
@pytest.mark.parametrize("is_undone", [False, True])
def test_writers_whose_commits_cross_are_followed_once(
    database, prepare, store, follower, is_undone
):
    first, slow, third, fourth = prepare(1, 2, 3, 4)
    store(first)
    with contextlib.suppress(UndoneError), database.write() as transaction:
        # It has its number; those of the others are seen before it is.
        insert_sweeps(transaction, [slow])
        store(third)
        assert follower.go_on() == [first.sweep_id]
        store(fourth)
        assert follower.go_on() == []
        if is_undone:
            raise UndoneError
    late = [] if is_undone else [slow.sweep_id]
    assert follower.go_on() == [*late, third.sweep_id, fourth.sweep_id]
    assert follower.go_on() == []


@only_postgresql
def test_readings_whose_commits_cross_are_followed_once(database, clock):
    def insert(transaction, value: float) -> None:
        at = clock.now() + timedelta(seconds=value)
        reading = Reading(name="stage_temperature_k", value=value, measured_at=at)
        insert_readings(transaction, [reading])

    def read() -> list[float]:
        with database.read() as transaction:
            rows = list_reading_rows(transaction, ExportFilter(), 0, 100)
        return [row["value"] for _, row in rows]

    with database.write() as slow:
        insert(slow, 1.0)
        with database.write() as quick:
            insert(quick, 2.0)
        assert read() == []
    assert read() == [1.0, 2.0]


@pytest.fixture
def judge(database):
    predictor = Predictor.without_model()

    def judge(transaction, sweep_id: str, role: Role = Role.LIVE) -> None:
        record = get_sweep(transaction, sweep_id)
        diagnosis = predictor.diagnose(load_sweep(transaction, record), None, None)
        insert_diagnosis(transaction, record, diagnosis, record.received_at, role)

    return judge


@only_postgresql
def test_diagnoses_whose_commits_cross_are_followed_once(
    database, prepare, store, judge
):
    sweeps = prepare(1, 2)
    store(*sweeps)
    ids = [sweep.sweep_id for sweep in sweeps]

    def read() -> list[str]:
        with database.read() as transaction:
            rows = list_diagnosis_rows(transaction, ExportFilter(), 0, 100)
        return [row["sweep_id"] for _, row in rows]

    with database.write() as slow:
        judge(slow, ids[0], Role.SHADOW)
        with database.write() as quick:
            judge(quick, ids[1], Role.SHADOW)
        assert read() == []
    assert read() == ids


def test_a_follower_of_two_busy_writers_gets_every_sweep_once(
    database, prepare, follower
):
    waves = [prepare(*range(k, k + 30)) for k in (0, 100)]

    def write(sweeps, seed: int) -> None:
        dice = random.Random(seed)
        while sweeps:
            group, sweeps = sweeps[:2], sweeps[2:]
            is_stored = False
            while not is_stored:
                # The lock of SQLite may be the other one's for long.
                with contextlib.suppress(StorageUnavailableError):
                    with database.write() as transaction:
                        insert_sweeps(transaction, group)
                        time.sleep(dice.random() * 0.01)
                    is_stored = True

    wanted = sorted(sweep.sweep_id for wave in waves for sweep in wave)
    threads = [
        threading.Thread(target=write, args=(wave, seed))
        for seed, wave in enumerate(waves)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        follower.go_on(max_bytes=5000)
    follower.go_on()
    assert sorted(follower.found) == wanted


def test_a_condition_is_followed_no_further_than_it_is_judged(
    database, prepare, store, judge
):
    first, second = prepare(1, 2)
    store(first, second)
    follower = Follower(database, condition="unknown")

    def finish(sweep_id: str) -> None:
        with database.write() as transaction:
            judge(transaction, sweep_id)
            name = tables.diagnosis.c.condition_label
            transaction.execute(update(tables.diagnosis).values({name: "unknown"}))
            done = tables.task.c.subject == sweep_id
            transaction.execute(delete(tables.task).where(done))

    finish(second.sweep_id)
    assert follower.go_on() == []
    finish(first.sweep_id)
    assert follower.go_on() == [first.sweep_id, second.sweep_id]


def test_sweeps_of_before_there_were_numbers_come_first(
    database, prepare, store, follower, clock
):
    old = prepare(1, 2, 3)
    store(*old)
    with database.write() as transaction:
        transaction.execute(update(tables.sweep).values(arrival=None))
    whole = Follower(database)
    assert follower.go_on() == [sweep.sweep_id for sweep in old]
    new = prepare(4, 5)
    store(*new)
    assert follower.go_on(max_bytes=1) == [sweep.sweep_id for sweep in new]
    since = Follower(database, measured_from=clock.now())
    for one in (whole, since):
        one.go_on(max_bytes=1)
        assert one.found == follower.found


def test_the_id_of_a_sweep_alone_is_a_place(prepare, store, follower):
    sweeps = prepare(1, 2, 3)
    store(*sweeps)
    follower.after = sweeps[0].sweep_id
    assert follower.go_on() == [sweep.sweep_id for sweep in sweeps[1:]]


def test_a_place_that_was_forgotten_is_still_one(database, prepare, store, follower):
    first, last = prepare(1, 2)
    store(first)
    follower.go_on()
    store(last)
    with database.write() as transaction:
        gone = tables.sweep.c.id == first.sweep_id
        transaction.execute(delete(tables.sweep).where(gone))
    assert follower.go_on() == [last.sweep_id]


def test_a_place_of_another_database_is_refused(prepare, store, follower):
    first, other = prepare(1, 2)
    store(first)
    for place in (f"1_{other.sweep_id}", f"9_{other.sweep_id}", other.sweep_id):
        follower.after = place
        with pytest.raises(ConflictError, match="begin the export anew"):
            follower.go_on()
    follower.after = "1_2_3"
    with pytest.raises(InvalidRequestError, match="X-Halowatch-After"):
        follower.go_on()


def test_retention_leaves_the_last_which_tells_the_next_number(
    database, prepare, store, follower, clock
):
    (newest,) = prepare(1)
    earlier = prepare(2, 3, measured_at=clock.now() - timedelta(hours=1))
    store(newest, *earlier)
    readings = [
        Reading(name="stage_temperature_k", value=value, measured_at=clock.now())
        for value in (1.0, 2.0)
    ]
    readings[1] = replace(readings[1], measured_at=clock.now() - timedelta(hours=1))
    with database.write() as transaction:
        insert_readings(transaction, readings)
        follower.after = f"2_{earlier[0].sweep_id}"
        delete_payloads(transaction, [one.sweep_id for one in (newest, *earlier)])
        month = name_month(clock.now())
        assert forget(transaction, month, "", 9) == (earlier[0].sweep_id, 1)
        far = clock.now() + timedelta(days=9)
        assert forget_readings(transaction, far) == 1
        assert forget_readings(transaction, far) is None
    assert follower.go_on() == []
    (late,) = prepare(4)
    store(late)
    assert follower.go_on() == [late.sweep_id]
    assert follower.after == f"4_{late.sweep_id}"
