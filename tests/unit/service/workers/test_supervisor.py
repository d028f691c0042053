"""Children start, start again, and go with their parent."""

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from instruments.clock import SystemClock
from service.workers import supervisor as supervising
from service.workers.supervisor import Supervisor

PARENT = """
import os, sys, threading
from instruments.clock import SystemClock
from service.workers.supervisor import Supervisor
supervisor = Supervisor(
    [("worker", "alert", "--until-stdin-closes")], dict(os.environ), SystemClock()
)
supervisor.start()
while not supervisor.pids:
    threading.Event().wait(0.01)
print(supervisor.pids[0], flush=True)
threading.Event().wait(60)
"""


STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(".", end="", flush=True)
time.sleep(60)
"""


def wait_for(condition, timeout_s=40.0):
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if (found := condition()) is not None and found is not False:
            return found
        threading.Event().wait(0.02)
    pytest.fail("nothing happened in time")


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or (
        psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    )


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    return os.environ | {"HALOWATCH_HOME": str(tmp_path)}


def test_a_killed_worker_starts_again_and_stop_ends_it(environment):
    supervisor = Supervisor(
        [("worker", "alert", "--until-stdin-closes")], environment, SystemClock()
    )
    supervisor.start()
    try:
        first = wait_for(lambda: (supervisor.pids or [None])[0])
        os.kill(first, signal.SIGKILL)
        second = wait_for(
            lambda: next((pid for pid in supervisor.pids if pid != first), None)
        )
    finally:
        supervisor.stop()
    assert is_gone(first)
    assert is_gone(second)


def test_workers_that_still_start_end_at_once(environment, some_try_within):
    def start_and_stop():
        supervisor = Supervisor(
            3 * [("worker", "alert", "--until-stdin-closes")],
            environment,
            SystemClock(),
        )
        supervisor.start()
        wait_for(lambda: len(supervisor.pids) == 3)
        began_s = time.monotonic()
        supervisor.stop()
        return time.monotonic() - began_s

    # Their imports alone take longer.
    some_try_within(0.5, start_and_stop)


class StubbornSupervisor(Supervisor):
    """Starts children that do not end when they are asked."""

    def _spawn(self, arguments):
        child = subprocess.Popen(
            [sys.executable, "-c", STUBBORN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with child.stdout:
            assert child.stdout.read(1) == b"."
        return child


def test_workers_that_do_not_end_share_one_deadline(
    environment, monkeypatch, some_try_within
):
    monkeypatch.setattr(supervising, "STOP_DEADLINE_S", 1.0)

    def start_and_stop():
        supervisor = StubbornSupervisor(4 * [("worker",)], environment, SystemClock())
        supervisor.start()
        wait_for(lambda: len(supervisor.pids) == 4)
        children = supervisor.pids
        began_s = time.monotonic()
        supervisor.stop()
        assert all(map(is_gone, children))
        return time.monotonic() - began_s

    some_try_within(2.0, start_and_stop)


def test_workers_die_with_a_parent_that_was_killed(environment):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], env=environment, stdout=subprocess.PIPE
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        parent.kill()
    wait_for(lambda: is_gone(child))
