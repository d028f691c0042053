"""Signals that come at the worst moment."""

import signal
import subprocess
import sys
import threading

import pytest

from service.signals import SignalRelay

_HELD = """
import os, signal, threading
from service.{room} import {name}
acted = threading.Event()
{prepare}
with acted._cond:
    # The main thread is about to wait: it holds the lock that set() needs.
    os.kill(os.getpid(), signal.{number})
    for _ in range(1000):
        pass
raise SystemExit(0 if acted.wait(10) else 1)
"""


@pytest.mark.parametrize(
    ("room", "name", "prepare", "number"),
    [
        ("workers.looping", "stop_on_signal", "stop_on_signal(acted)", "SIGTERM"),
        ("workers.looping", "stop_on_signal", "stop_on_signal(acted)", "SIGINT"),
        ("signals", "act_on", "act_on([signal.SIGHUP], acted.set)", "SIGHUP"),
        (
            "cli.poll",
            "_stop_signals",
            "held = _stop_signals(); acted = held.__enter__()",
            "SIGTERM",
        ),
    ],
)
def test_a_signal_while_the_main_thread_holds_the_lock_hangs_nothing(
    room, name, prepare, number
):
    script = _HELD.format(room=room, name=name, prepare=prepare, number=number)
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0


_STUCK = """
import os, signal, threading
from service.workers import looping
looping.TOLD_LAST_RESORT_S = 0.2
looping.stop_on_signal(threading.Event())
os.kill(os.getpid(), signal.SIGTERM)
# What stands for an answer that never comes: it is never released.
lock = threading.Lock()
lock.acquire()
threading.Thread(target=lock.acquire).start()
lock.acquire()
"""


def test_a_worker_that_waits_for_ever_ends_when_it_is_told_to():
    command = [sys.executable, "-c", _STUCK]
    assert subprocess.run(command, timeout=60, check=False).returncode == 1


def test_many_signals_at_once_are_acted_upon_after_the_last():
    started, may_go_on = threading.Semaphore(0), threading.Semaphore(0)
    sent, seen = [0], []

    def act() -> None:
        started.release()
        assert may_go_on.acquire(timeout=10)
        seen.append(sent[-1])

    relay = SignalRelay(act)
    relay(signal.SIGHUP, None)
    assert started.acquire(timeout=10)
    for number in range(1, 50):
        sent.append(number)
        relay(signal.SIGHUP, None)
    may_go_on.release()
    assert started.acquire(timeout=10)
    may_go_on.release()
    assert not started.acquire(timeout=0.2)
    assert seen[-1] == 49
    assert len(seen) == 2
