"""A VISA call that never returns costs its own VNA a thread, and the others nothing."""

import threading
import time

import pytest

from instruments.clock import SystemClock
from instruments.polling import ModePosition, Poller, ResonanceTracker
from instruments.polling import worker as worker_module
from instruments.vna import VectorNetworkAnalyzer

CLOCK = SystemClock()


def wait_until(condition, timeout_s=40.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        CLOCK.sleep(0.01)


class HangingOnce:
    """Lets one acquisition of one cavity hang until the test lets it go."""

    def __init__(self, cavity):
        self.cavity = cavity
        self.released = threading.Event()
        self.hung = threading.Event()
        self._acquire = VectorNetworkAnalyzer.acquire

    def acquire(self, driver, plan, **options):
        if plan.cavity == self.cavity and not self.hung.is_set():
            self.hung.set()
            self.released.wait(90)
        return self._acquire(driver, plan, **options)


@pytest.fixture
def hanging(monkeypatch):
    hanging = HangingOnce("cavity-1")

    def acquire(driver, plan, **options):
        return hanging.acquire(driver, plan, **options)

    monkeypatch.setattr(VectorNetworkAnalyzer, "acquire", acquire)
    monkeypatch.setattr(worker_module, "_PATIENCE_S", 0.5)
    yield hanging
    hanging.released.set()


def test_stuck_call_is_abandoned_and_its_sweep_made_by_another_thread(emulate, hanging):
    config = emulate(cavity_count=2).config
    positions = {
        name: ModePosition(
            resonant_frequency_hz=cavity.expected.resonant_frequency_hz,
            loaded_q=cavity.expected.loaded_q,
        )
        for name, cavity in config.cavities.items()
    }
    kept = []
    poller = Poller(
        config,
        clock=CLOCK,
        tracker=ResonanceTracker(positions, clock=CLOCK),
        keep_sweep=kept.append,
        keep_reading=lambda reading: None,
    )
    poller.start()
    try:
        assert hanging.hung.wait(60)
        # Overdue half a second after its last beat; all others have their time.
        poller._posts["vna-1"].worker.session.expected_s = 0.0
        wait_until(lambda: any(one.cavity == "cavity-1" for one in kept))
        health = {one.name: one for one in poller.health()}
        assert health["vna-1"].abandoned_count == 1
        assert health["vna-2"].abandoned_count == health["vna-2"].failure_count == 0
        assert poller.attempts.failures_of("vna-1") == {"stuck": 1}
        hanging.released.set()
        count = len(kept)
        wait_until(lambda: len(kept) >= count + 4)
        keys = [one.key() for one in kept]
        assert len(keys) == len(set(keys))
        assert poller.attempts.failures_of("vna-1") == {"stuck": 1}
    finally:
        poller.stop(60.0)
