"""One VNA polled for two cavities through switches: routes, turns, mistakes."""

import threading
import time

import pytest

from instruments.array.config import ArrayConfig
from instruments.clock import SystemClock
from instruments.measurement import SweepPurpose, TruthFlag
from instruments.polling import ModePosition, Poller, ResonanceTracker
from instruments.switches import open_router

CLOCK = SystemClock()
MODES_HZ = {"one": 5.1e9, "two": 6.2e9}


def document(**switch):
    narrow = {"point_count": 101, "if_bandwidth_hz": 1000, "s_parameters": ["S21"]}
    return {
        "schema_version": 1,
        "array": {"name": "shared"},
        "instruments": {
            "vna": {"vna-1": {"resource": "TCPIP::127.0.0.1::hislip0,0::INSTR"}},
            "switch": {
                "matrix": {
                    "driver": "mini_circuits_http",
                    "resource": "http://127.0.0.1",
                    "elements": {"A": 2, "B": 2},
                    "settle_time_s": 0.06,
                    **switch,
                }
            },
        },
        "routes": {
            "left": {"matrix": {"A": "1", "B": "1"}},
            "right": {"matrix": {"A": "2", "B": "2"}},
        },
        "sweeps": {"transmission": {"purpose": "transmission", **narrow}},
        "schedule": {"transmission": {"period_s": 0.5}},
        "cavities": {
            name: {
                "vna": "vna-1",
                "route": route,
                "expected": {"resonant_frequency_hz": f0_hz, "loaded_q": 8000},
            }
            for (name, f0_hz), route in zip(
                MODES_HZ.items(), ("left", "right"), strict=True
            )
        },
    }


class Shared:
    """A poller of one VNA and two cavities, and what it has kept."""

    def __init__(self, served, folder, expected_hz):
        self.sweeps = []
        self.lock = threading.Lock()
        positions = {
            name: ModePosition(resonant_frequency_hz=f0_hz, loaded_q=8000.0)
            for name, f0_hz in expected_hz.items()
        }
        self.tracker = ResonanceTracker(positions, clock=CLOCK)
        self.poller = Poller(
            served.config,
            clock=CLOCK,
            tracker=self.tracker,
            keep_sweep=self.keep,
            keep_reading=lambda reading: None,
            router=open_router(served.config, clock=CLOCK, directory=folder),
        )
        self.poller.start()

    def keep(self, sweep):
        with self.lock:
            self.sweeps.append(sweep)

    def of(self, cavity):
        with self.lock:
            return [sweep for sweep in self.sweeps if sweep.cavity == cavity]

    def wait_for(self, count):
        deadline_s = time.monotonic() + 60.0
        while any(len(self.of(cavity)) < count for cavity in MODES_HZ):
            assert time.monotonic() < deadline_s, self.poller.health()
            CLOCK.sleep(0.02)


@pytest.fixture
def share(serve, tmp_path):
    running = []

    def start(expected_hz=MODES_HZ, **switch):
        served = serve(ArrayConfig.model_validate(document(**switch)))
        running.append(Shared(served, tmp_path, expected_hz))
        return running[-1]

    yield start
    for one in running:
        one.poller.stop(10.0)


def doubts(sweep):
    return set(sweep.flags) - {TruthFlag.LATE}


def test_each_cavity_gets_its_turn_its_route_and_its_mode(share):
    shared = share()
    shared.wait_for(3)
    for cavity, route in (("one", "left"), ("two", "right")):
        for sweep in shared.of(cavity)[:3]:
            assert sweep.route == route
            assert sweep.purpose is SweepPurpose.TRANSMISSION
            assert doubts(sweep) == set()
            centre_hz = sweep.frequency_hz.mean()
            assert centre_hz == pytest.approx(MODES_HZ[cavity], abs=10.0)
    (health,) = shared.poller.health()
    assert health.failure_count == 0


def test_route_that_is_assumed_is_said(share):
    shared = share(read_back=False)
    shared.wait_for(2)
    found = [doubts(sweep) for sweep in shared.sweeps[:4]]
    assert found == [{TruthFlag.ROUTE_UNVERIFIED}] * 4


def test_trace_without_the_expected_mode_is_said_and_not_followed(share):
    # The array file and the cabling disagree: there is no mode where one should be.
    shared = share({"one": 5.1e9, "two": 6.3e9})
    shared.wait_for(2)
    assert all(doubts(sweep) == set() for sweep in shared.of("one"))
    strange = shared.of("two")[0]
    assert doubts(strange) == {TruthFlag.UNEXPECTED_CAVITY}
    measured_at = strange.measured_at.isoformat().replace("+00:00", "Z")
    fit = {
        "state": "ok",
        "resonant_frequency_hz": 6.29e9,
        "loaded_q": 8000.0,
        "measured_at": measured_at,
    }
    assert not shared.tracker.follow("two", fit)
