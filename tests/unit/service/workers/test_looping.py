"""The loop ends when told, rides out an outage, and goes with its parent."""

import contextlib
import os
import threading

from sqlalchemy import text

from service import signals
from service.errors import StorageUnavailableError
from service.storage.engine import Database
from service.storage.watching import CommitWatch
from service.workers import looping
from service.workers.looping import stop_with_parent, work_until


def test_the_loop_goes_on_while_there_is_work_and_ends_when_told():
    stop = threading.Event()
    done = []

    def step() -> bool:
        done.append(1)
        if len(done) == 5:
            stop.set()
        return True

    work_until(stop, step, idle_s=60.0)
    assert len(done) == 5


def test_an_outage_is_waited_out(monkeypatch):
    monkeypatch.setattr(looping, "OUTAGE_PAUSE_S", 0.01)
    stop = threading.Event()
    outcomes = iter([StorageUnavailableError("gone"), StorageUnavailableError("gone")])
    done = []

    def step() -> bool:
        for outage in outcomes:
            raise outage
        done.append(1)
        stop.set()
        return False

    work_until(stop, step, idle_s=0.01)
    assert done == [1]


def test_an_idle_loop_steps_again_at_a_commit(tmp_path, clock):
    path = tmp_path / "a.sqlite"
    path.touch()
    stop, idle, again = (threading.Event() for _ in range(3))
    done = []

    def step() -> bool:
        done.append(1)
        (idle if len(done) < 3 else again).set()
        return False

    with contextlib.closing(Database(f"sqlite:///{path}")) as database:
        watch = CommitWatch(database)
        # The clock stands still, so that nothing but a commit ends the idling.
        loop = threading.Thread(
            target=lambda: (
                work_until(stop, step, idle_s=0.001, watch=watch, clock=clock)
                or watch.close()
            )
        )
        loop.start()
        try:
            assert idle.wait(30)
            assert not again.wait(0.2)
            with database.write() as transaction:
                transaction.execute(text("CREATE TABLE t (n INTEGER)"))
                assert len(done) == 2
            assert again.wait(30)
        finally:
            stop.set()
            loop.join(30)


def test_the_loop_ends_when_the_other_end_of_the_pipe_closes():
    stop = threading.Event()
    read_end, write_end = os.pipe()
    # Only the flag is under test: the hard end would take the test along.
    exits: list[int] = []
    process_exit = signals.os._exit
    signals.os._exit = exits.append
    looping_wait = looping.LAST_RESORT_S
    looping.LAST_RESORT_S = 0.0
    try:
        with os.fdopen(read_end, "rb") as lifeline:
            stop_with_parent(stop, lifeline)
            assert not stop.wait(0.05)
            os.close(write_end)
            assert stop.wait(30.0)
            while not exits:
                stop.wait(0.01)
                threading.Event().wait(0.01)
    finally:
        signals.os._exit = process_exit
        looping.LAST_RESORT_S = looping_wait
    assert exits == [0]
