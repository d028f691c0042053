"""The spool loses nothing that it has acknowledged, and says so when it is full."""

import sqlite3
import subprocess
import sys
import threading

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.client import Spool, SpoolError, SpoolFullError
from instruments.clock import SystemClock
from instruments.measurement.message import decode_sweep

MIB = 1024 * 1024


@pytest.fixture
def open_spool(tmp_path, clock):
    opened = []

    def opener(max_bytes=MIB):
        opened.append(Spool(tmp_path / "spool", max_bytes=max_bytes, clock=clock))
        return opened[-1]

    yield opener
    for spool in opened:
        spool.close()


def unpacked(spooled):
    return decode_sweep(msgpack.unpackb(spooled.message))


def test_sweeps_come_back_equal_and_in_order(open_spool, make_sweep):
    spool = open_spool()
    sweeps = [make_sweep(number) for number in range(5)]
    assert all(spool.put(sweep) for sweep in sweeps)
    assert [unpacked(spooled) for spooled in spool.next_batch()] == sweeps
    assert len(spool.next_batch(max_count=2)) == 2


def test_sweep_stays_until_it_is_confirmed(open_spool, make_sweep):
    spool = open_spool()
    spool.put(make_sweep())
    (first,) = spool.next_batch()
    assert spool.next_batch() == [first]
    spool.confirm([first])
    assert spool.next_batch() == []
    assert spool.state().confirmed_total == 1


def test_same_sweep_waits_once(open_spool, make_sweep):
    spool = open_spool()
    assert spool.put(make_sweep())
    assert not spool.put(make_sweep())
    assert spool.state().enqueued_total == 1


def test_batch_ends_at_its_bytes_but_is_never_empty(open_spool, make_sweep):
    spool = open_spool()
    for number in range(3):
        spool.put(make_sweep(number, point_count=100))
    size = len(spool.next_batch(max_count=1)[0].message)
    assert len(spool.next_batch(max_bytes=2 * size)) == 2
    assert len(spool.next_batch(max_bytes=1)) == 1


def test_full_spool_refuses_the_newest_and_keeps_the_rest(open_spool, make_sweep):
    spool = open_spool(max_bytes=3000)
    spool.put(make_sweep(0, point_count=100))
    with pytest.raises(SpoolFullError, match=r"of 3000 bytes.*spool\.max_bytes"):
        spool.put(make_sweep(1, point_count=100))
    (kept,) = spool.next_batch()
    assert unpacked(kept) == make_sweep(0, point_count=100)
    spool.confirm([kept])
    assert spool.put(make_sweep(1, point_count=100))


def test_rejected_sweep_is_set_aside_with_its_reason(open_spool, make_sweep):
    spool = open_spool()
    spool.put(make_sweep())
    spool.reject(spool.next_batch()[0], "it is not registered")
    assert spool.next_batch() == []
    (letter,) = spool.dead_letters()
    assert (letter.key, letter.reason) == (make_sweep().key(), "it is not registered")
    state = spool.state()
    assert (state.rejected_total, state.depth_bytes) == (1, 0)


def test_state_counts_depth_bytes_and_age(open_spool, make_sweep, clock):
    spool = open_spool()
    assert spool.state().oldest_age_s is None
    spool.put(make_sweep(0))
    clock.step(7.0)
    spool.put(make_sweep(1))
    state = spool.state()
    size = sum(len(spooled.message) for spooled in spool.next_batch())
    assert (state.depth, state.depth_bytes) == (2, size)
    assert state.oldest_age_s == pytest.approx(7.0)


def test_totals_and_sweeps_survive_closing(open_spool, make_sweep):
    spool = open_spool()
    spool.put(make_sweep(0))
    spool.put(make_sweep(1))
    spool.confirm(spool.next_batch(max_count=1))
    before = spool.state()
    spool.close()
    again = open_spool()
    assert again.state() == before
    assert again.arrived.is_set()
    assert [unpacked(spooled) for spooled in again.next_batch()] == [make_sweep(1)]


def test_torn_row_is_set_aside_and_the_others_go_on(open_spool, make_sweep):
    spool = open_spool()
    for number in range(3):
        spool.put(make_sweep(number))
    spool.close()
    with sqlite3.connect(spool.path) as database:
        database.execute(
            "UPDATE sweep SET message = substr(message, 1, 20) || x'00' "
            "|| substr(message, 22) WHERE id = 2"
        )
    database.close()
    again = open_spool()
    batch = again.next_batch()
    assert [unpacked(spooled) for spooled in batch] == [make_sweep(0), make_sweep(2)]
    (letter,) = again.dead_letters()
    assert "checksum" in letter.reason


def test_second_poller_on_the_same_spool_is_refused(open_spool):
    open_spool()
    with pytest.raises(SpoolError, match="in use by another poller"):
        open_spool()


def test_place_that_is_no_directory_is_named(tmp_path, clock):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SpoolError, match="cannot be used"):
        Spool(tmp_path / "file", max_bytes=MIB, clock=clock)


def test_closed_spool_says_so(open_spool, make_sweep):
    spool = open_spool()
    spool.close()
    with pytest.raises(SpoolError, match="fails"):
        spool.put(make_sweep())


def test_many_threads_put_each_sweep_once(open_spool, make_sweep):
    spool = open_spool()
    threads = [
        threading.Thread(
            target=lambda start=start: [
                spool.put(make_sweep(number)) for number in range(start, start + 20)
            ]
        )
        for start in (0, 10, 20, 30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spool.state().enqueued_total == 50
    assert len(spool.next_batch(max_count=100)) == 50


@given(st.lists(st.sampled_from(["put", "confirm", "reject", "reopen"]), max_size=25))
def test_every_sweep_is_waiting_confirmed_or_rejected(
    tmp_path_factory, clock, make_sweep, steps
):
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder, max_bytes=MIB, clock=clock)
    waiting = []
    for number, step in enumerate(steps):
        if step == "put":
            spool.put(make_sweep(number))
            waiting.append(make_sweep(number))
        elif step == "reopen":
            spool.close()
            spool = Spool(folder, max_bytes=MIB, clock=clock)
        elif waiting:
            head = spool.next_batch(max_count=1)
            assert unpacked(head[0]) == waiting.pop(0)
            spool.confirm(head) if step == "confirm" else spool.reject(head[0], "no")
    state = spool.state()
    spool.close()
    assert state.depth == len(waiting)
    assert state.enqueued_total == state.confirmed_total + state.rejected_total + len(
        waiting
    )


WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
import numpy as np
from instruments.client import Spool
from instruments.clock import SystemClock
from instruments.measurement import Sweep, SweepPurpose
spool = Spool(Path(sys.argv[1]), max_bytes=10**9, clock=SystemClock())
for number in range(100_000):
    sweep = Sweep(
        cavity="cavity-1",
        measured_at=datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=number),
        purpose=SweepPurpose.WIDE,
        frequency_hz=np.linspace(4e9, 8e9, 801),
        traces={"S21": np.full(801, number + 1j, np.complex64)},
    )
    spool.put(sweep)
    print(sweep.key(), flush=True)
"""


@pytest.mark.parametrize("acknowledged_count", [1, 17, 60])
def test_kill_loses_nothing_that_was_acknowledged(tmp_path, root, acknowledged_count):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    )
    with writer:
        assert writer.stdout is not None
        acknowledged = [
            writer.stdout.readline().strip() for _ in range(acknowledged_count)
        ]
        writer.kill()
        acknowledged += writer.stdout.read().split()
    spool = Spool(tmp_path, max_bytes=10**9, clock=SystemClock())
    kept = spool.next_batch(max_count=100_000, max_bytes=10**9)
    keys = [spooled.key for spooled in kept]
    assert keys[: len(acknowledged)] == acknowledged
    assert len(keys) - len(acknowledged) <= 1
    assert all(unpacked(spooled).key() == spooled.key for spooled in kept)
    assert spool.state().rejected_total == 0
    spool.close()


def test_dead_letters_are_bounded_and_the_oldest_go_first(open_spool, make_sweep):
    spool = open_spool(max_bytes=20_000)
    for number in range(8):
        spool.put(make_sweep(number, point_count=50))
        spool.reject(spool.next_batch()[0], f"reason {number}")
    letters = spool.dead_letters()
    assert sum(letter.size_bytes for letter in letters) <= 5_000
    kept = [letter.reason for letter in letters]
    assert kept == [f"reason {7 - place}" for place in range(len(letters))]
    state = spool.state()
    assert state.dead_letter_count == len(letters) < 8
    assert state.rejected_total == 8


def test_state_says_when_it_refuses_and_when_it_takes_again(open_spool, make_sweep):
    spool = open_spool(max_bytes=3000)
    assert spool.put(make_sweep(0, point_count=100))
    with pytest.raises(SpoolFullError) as refused:
        spool.put(make_sweep(1, point_count=100))
    state = spool.state()
    assert (state.is_refusing, state.refused_total) == (True, 1)
    assert state.last_error == str(refused.value)
    assert state.max_bytes == 3000
    spool.confirm(spool.next_batch())
    assert spool.put(make_sweep(2, point_count=100))
    state = spool.state()
    assert (state.is_refusing, state.last_error) == (False, None)
