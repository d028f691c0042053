"""Workers recover from failures; the watchdog replaces those that hang."""

import threading
import time

import pytest

from instruments.array.config import ArrayConfig
from instruments.client import Backoff
from instruments.clock import SystemClock
from instruments.errors import InstrumentTimeoutError
from instruments.polling import InstrumentState, Poller, ResonanceTracker
from instruments.polling.health import HealthBoard
from instruments.polling.worker import Worker

IDLE = {
    "schema_version": 1,
    "array": {"name": "idle"},
    "instruments": {"vna": {"vna-1": {"resource": "TCPIP::127.0.0.1::1::SOCKET"}}},
    "sweeps": {
        "wide": {"purpose": "reflection", "s_parameters": ["S11"], "point_count": 9}
    },
    "schedule": {},
    "cavities": {
        "cavity-1": {
            "vna": "vna-1",
            "enabled": False,
            "expected": {"resonant_frequency_hz": 5e9, "loaded_q": 100},
        }
    },
}


class CountingSession:
    """Counts what is done with it; fails or hangs where a test says so."""

    def __init__(self, log, *, failures=0, hang=None):
        self.log = log
        self.failures = failures
        self.hang = hang
        self.expected_s = 0.0

    def open(self):
        self.log.append("open")

    def next_due_s(self):
        return 0.0

    def measure(self, beat):
        if self.hang is not None:
            self.log.append("hang")
            self.hang.wait(90)
            beat()
        if self.failures:
            self.failures -= 1
            raise InstrumentTimeoutError("no reply")
        self.log.append("measure")
        time.sleep(0.002)
        beat()
        return True

    def close(self, *, is_orderly):
        self.log.append("release" if is_orderly else "drop")

    def renew(self):
        return CountingSession(self.log)


def wait_until(condition):
    deadline = time.monotonic() + 40.0
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.002)


def make_worker(session, clock, board, longest_s=0.01):
    board.add("vna-1", "vna")
    backoff = Backoff(first_s=0.01, longest_s=longest_s, jitter=0.0)
    return Worker("vna-1", session, board=board, clock=clock, backoff=backoff)


def test_failure_drops_the_session_and_the_next_one_works():
    clock = SystemClock()
    board = HealthBoard(clock)
    log = []
    worker = make_worker(CountingSession(log, failures=3), clock, board)
    worker.start()
    wait_until(lambda: log.count("measure") >= 2)
    worker.end()
    worker.join(60)
    assert log[:6] == ["open", "drop"] * 3
    assert log[-1] == "release"
    (health,) = board.snapshot()
    assert health.failure_count == 3
    assert health.last_error == "no reply"
    assert health.state is InstrumentState.STOPPED


def test_unforeseen_error_ends_no_worker(caplog):
    class Broken(CountingSession):
        def measure(self, beat):
            if self.failures:
                self.failures -= 1
                raise ZeroDivisionError("a mistake of ours")
            return super().measure(beat)

    clock = SystemClock()
    board = HealthBoard(clock)
    log = []
    worker = make_worker(Broken(log, failures=1), clock, board)
    worker.start()
    wait_until(lambda: "measure" in log)
    worker.end()
    worker.join(60)
    assert "a mistake of ours" in board.snapshot()[0].last_error
    assert "met what it does not know" in caplog.text


def test_waiting_worker_ends_at_once(some_try_within):
    def start_and_end():
        clock = SystemClock()
        board = HealthBoard(clock)
        session = CountingSession([], failures=99)
        worker = make_worker(session, clock, board, longest_s=60.0)
        worker._backoff.failure_count = 20
        worker.start()
        wait_until(lambda: board.snapshot()[0].state is InstrumentState.DISCONNECTED)
        began = time.monotonic()
        worker.end()
        worker.join(60)
        assert not worker.is_alive
        return time.monotonic() - began

    some_try_within(1.0, start_and_end)


def add_session(poller, session):
    poller._board.add("extra", "vna")
    poller._add("extra", session, 1.0, threading.Event())


def extra_health(poller):
    return next(one for one in poller.health() if one.name == "extra")


@pytest.fixture
def idle_poller(clock):
    poller = Poller(
        ArrayConfig.model_validate(IDLE),
        clock=clock,
        tracker=ResonanceTracker({}, clock=clock),
        keep_sweep=lambda sweep: None,
        keep_reading=lambda reading: None,
    )
    yield poller
    poller.stop(60.0)


def test_stuck_worker_is_replaced_and_leaves_no_trace(idle_poller, clock):
    log = []
    hang = threading.Event()
    add_session(idle_poller, CountingSession(log, hang=hang))
    idle_poller.start()
    wait_until(lambda: "hang" in log)
    stuck = idle_poller._posts["extra"].worker
    clock.step(9.0)
    time.sleep(1.2)
    assert extra_health(idle_poller).abandoned_count == 0
    clock.step(2.0)
    wait_until(lambda: "measure" in log)
    health = extra_health(idle_poller)
    assert health.abandoned_count == 1
    assert "stuck" in health.last_error
    hang.set()
    stuck.join(60)
    assert "drop" in log
    assert extra_health(idle_poller).state is not InstrumentState.STOPPED


def test_hopeless_instrument_does_not_eat_all_threads(idle_poller, clock):
    hang = threading.Event()

    class Hopeless(CountingSession):
        def renew(self):
            return Hopeless(self.log, hang=hang)

    log = []
    add_session(idle_poller, Hopeless(log, hang=hang))
    idle_poller.start()
    deadline = time.monotonic() + 60.0
    while extra_health(idle_poller).state is not InstrumentState.FAULT:
        clock.step(5.0)
        time.sleep(0.05)
        assert time.monotonic() < deadline
    assert log.count("hang") == 5
    hang.set()
