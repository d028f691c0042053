"""The DAQ's side: silence, pauses, sweeps on demand, over HTTP to real emulators."""

import re
import socket
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from instruments.clock import SystemClock
from instruments.polling import (
    ControlPort,
    ControlPortError,
    InstrumentState,
    ModePosition,
    PollingPipeline,
    ResonanceTracker,
)
from instruments.polling.control.port import MAX_BODY_BYTES, MAX_THREADS

CLOCK = SystemClock()


def wait_until(condition, timeout_s=40.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        CLOCK.sleep(0.01)


class Running:
    """A pipeline with its control port, and a client for it."""

    def __init__(self, emulation, service, folder, change=None):
        document = emulation.config.model_dump(mode="json", exclude_none=True)
        document["control"] = {"port": 0}
        if change is not None:
            change(document)
        self.emulation = emulation
        self.service = service
        self.pipeline = PollingPipeline(
            type(emulation.config).model_validate(document),
            service.url,
            clock=CLOCK,
            spool_directory=folder,
        )
        self.pipeline.start()
        port = self.pipeline.control_port.port
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False
        )

    def post(self, path, **body):
        return self.http.post(path, json=body)

    def status(self):
        return self.http.get("/status").json()

    def is_driven(self, vna="vna-1"):
        return self.emulation.served.vnas[vna].bench.is_driven

    def stored(self, cavity="cavity-1"):
        return [one for one in self.service.stored.values() if one.cavity == cavity]

    def stop(self):
        if not self.http.is_closed:
            self.http.close()
            self.pipeline.stop(60.0)


@pytest.fixture
def run(emulate, service, tmp_path):
    running = []

    def start(cavity_count=1, speed=20.0, change=None, hasty=()):
        emulation = emulate(cavity_count=cavity_count, speed=speed, hasty=hasty)
        running.append(Running(emulation, service, tmp_path, change))
        return running[-1]

    yield start
    for one in running:
        one.stop()


def test_silence_is_answered_once_the_rf_is_off_and_ends_with_its_lease(run):
    poller = run(cavity_count=2)
    wait_until(lambda: poller.stored("cavity-1") and poller.stored("cavity-2"))
    answer = poller.post("/inhibit", lease_s=60.0)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document["is_rf_off"]
    assert sorted(document["rf_off"]) == ["vna-1", "vna-2"]
    assert not poller.is_driven("vna-1")
    assert not poller.is_driven("vna-2")
    modes = {one["cavity"]: one["mode"] for one in poller.status()["cavities"]}
    assert modes == {"cavity-1": "inhibited", "cavity-2": "inhibited"}
    # The lease that its holder names last counts.
    assert poller.post("/inhibit", lease_s=1.0).status_code == 200
    wait_until(poller.is_driven)
    assert all(one.failure_count == 0 for one in poller.pipeline.health())


def test_silence_of_one_cavity_leaves_the_other_measured_until_permitted(run):
    poller = run(cavity_count=2)
    wait_until(lambda: poller.stored("cavity-2"))
    poller.post("/inhibit", lease_s=60.0, cavities=["cavity-1"], holder="daq-7")
    before = len(poller.stored("cavity-2"))
    wait_until(lambda: len(poller.stored("cavity-2")) >= before + 3)
    assert not poller.is_driven("vna-1")
    assert poller.post("/permit", cavities=["cavity-1"]).status_code == 200
    assert poller.status()["silences"][0]["holder"] == "daq-7"
    poller.post("/permit", holder="daq-7")
    wait_until(poller.is_driven)
    assert poller.status()["silences"] == []


def slow_sweeps(document):
    document["sweeps"]["wide"]["if_bandwidth_hz"] = 50
    document["schedule"] = {"wide": {"period_s": 3.0}}


def silent_for_long(document):
    """Find silence out after the test; the poller's end waits for it."""
    slow_sweeps(document)
    document["instruments"]["vna"]["vna-1"]["io_timeout_s"] = 4.0


def test_sweep_under_way_is_broken_off_and_repeated_and_is_no_failure(run):
    poller = run(speed=1.0, change=slow_sweeps)

    def vna_health():
        (health,) = [one for one in poller.pipeline.health() if one.kind == "vna"]
        return health

    def is_interrupted():
        wait_until(lambda: poller.status()["instruments"][-1]["state"] == "sweeping")
        answer = poller.post("/inhibit", lease_s=30.0)
        assert answer.json()["is_rf_off"]
        before = len(poller.stored())
        poller.post("/permit")
        wait_until(lambda: len(poller.stored()) > before)
        return vna_health().interrupted_count

    # The sweep may have ended before the call came.
    wait_until(is_interrupted, 90.0)
    assert vna_health().interrupted_count == 1
    assert vna_health().failure_count == 0
    counts = poller.pipeline.summary()
    assert counts.failures["vna-1"] == 0


def test_silence_that_cannot_be_confirmed_is_said_within_the_deadline(run):
    poller = run(cavity_count=2, hasty=["vna-1"])
    wait_until(lambda: poller.stored("cavity-1") and poller.stored("cavity-2"))
    poller.emulation.control(fault="vna_silent", cavity="cavity-1")
    wait_until(lambda: poller.pipeline.health()[-2].failure_count >= 1)
    # The other one has its time; it keeps silent until the last of its leases ends.
    first = poller.post(
        "/inhibit", lease_s=60.0, cavities=["cavity-2"], timeout_s=30.0, holder="first"
    )
    assert first.json()["rf_off"] == ["vna-2"]
    answer = poller.post("/inhibit", lease_s=30.0, timeout_s=0.5)
    assert answer.status_code == 504
    document = answer.json()
    assert document["rf_off"] == ["vna-2"]
    assert document["unconfirmed"].keys() == {"vna-1"}
    (reason,) = document["unconfirmed"].values()
    assert reason.startswith(("is disconnected (", "is connecting ("))


def test_instrument_that_has_just_fallen_silent_has_confirmed_nothing(run):
    poller = run(speed=1.0, change=silent_for_long)
    wait_until(lambda: poller.status()["instruments"][-1]["state"] == "sweeping")
    poller.emulation.control(fault="vna_silent", cavity="cavity-1")
    answer = poller.post("/inhibit", lease_s=30.0, timeout_s=0.2)
    assert answer.status_code == 504
    assert answer.json()["unconfirmed"] == {
        "vna-1": "has not confirmed it within 0.2 s"
    }


def test_pause_stops_the_schedule_and_not_the_trigger(run):
    poller = run(cavity_count=2)
    wait_until(lambda: poller.stored("cavity-1"))
    assert poller.post("/pause", cavities=["cavity-1"]).json() == {
        "paused": ["cavity-1"]
    }
    answer = poller.post(
        "/trigger", cavity="cavity-1", sweep="transmission", run=4, step=17
    )
    assert answer.status_code == 200, answer.text
    (sweep,) = answer.json()["sweeps"]
    assert sweep["state"] == "stored"
    key = sweep["idempotency_key"]
    wait_until(lambda: key in poller.service.stored)
    stored = poller.service.stored[key]
    assert (stored.run, stored.step, stored.purpose) == ("4", "17", "transmission")
    assert poller.http.get(f"/trigger/{key}").json()["state"] == "stored"
    before = len(poller.stored("cavity-1"))
    elsewhere = len(poller.stored("cavity-2"))
    wait_until(lambda: len(poller.stored("cavity-2")) >= elsewhere + 4)
    assert len(poller.stored("cavity-1")) == before
    assert poller.post("/resume").json() == {"paused": []}
    wait_until(lambda: len(poller.stored("cavity-1")) > before)


def test_trigger_without_a_sweep_makes_all_of_them_in_order(run):
    poller = run()
    wait_until(poller.stored)
    poller.post("/pause")
    answer = poller.post("/trigger", cavity="cavity-1", run="r", step="s")
    assert [one["sweep"] for one in answer.json()["sweeps"]] == [
        "wide",
        "transmission",
        "reflection",
    ]
    assert answer.status_code == 200


def test_trigger_that_nobody_can_serve_is_a_ticket_first_and_a_failure_then(run):
    poller = run(hasty=["vna-1"])
    wait_until(poller.stored)
    poller.emulation.control(fault="vna_silent", cavity="cavity-1")
    answer = poller.post(
        "/trigger", cavity="cavity-1", sweep="wide", timeout_s=0.0, expires_s=0.5
    )
    assert answer.status_code == 202
    (sweep,) = answer.json()["sweeps"]
    path = f"/trigger/{sweep['idempotency_key']}"
    wait_until(lambda: poller.http.get(path).status_code == 502)
    assert poller.http.get(path).json()["error"]


def test_trigger_during_silence_is_refused_with_the_reason(run):
    poller = run()
    poller.post("/inhibit", lease_s=60.0)
    answer = poller.post("/trigger", cavity="cavity-1")
    assert answer.status_code == 409
    assert answer.json() == {"error": "vna-1 keeps RF silence; permit it first"}


@pytest.fixture
def port_alone(run):
    return run().http


@pytest.mark.parametrize(
    ("path", "body", "code", "words"),
    [
        ("/inhibit", b"{}", 400, "lease_s: Field required"),
        ("/inhibit", b'{"lease_s": -1}', 400, "lease_s"),
        ("/inhibit", b'{"lease_s": NaN}', 400, "lease_s"),
        ("/inhibit", b'{"lease_s": 1, "cavity": "a"}', 400, "cavity: is not known"),
        ("/inhibit", b'{"lease_s": 1, "cavities": []}', 400, "cavities"),
        ("/inhibit", b"[1]", 400, "one JSON object"),
        ("/inhibit", b"{" * 9000, 400, "no JSON"),
        ("/inhibit", b"\xff", 400, "no JSON"),
        ("/pause", b'{"cavities": ["cavity-9"]}', 404, "there are cavity-1"),
        ("/trigger", b'{"cavity": "cavity-1", "sweep": "x"}', 404, "there are wide"),
        ("/nothing", b"", 404, "POST /inhibit"),
        ("/status", b"", 405, "GET /status"),
        ("/pause", b" " * (MAX_BODY_BYTES + 1), 413, "bytes"),
    ],
)
def test_bad_call_is_one_sentence(port_alone, path, body, code, words):
    answer = port_alone.post(path, content=body)
    assert answer.status_code == code
    assert words in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Host": "evil.example:80"}],
)
def test_web_pages_are_not_answered(port_alone, headers):
    answer = port_alone.post("/inhibit", json={"lease_s": 1.0}, headers=headers)
    assert answer.status_code == 403
    assert port_alone.get("/status").json()["silences"] == []


class Quiet:
    """Calls that take as long as a test says."""

    def __init__(self):
        self.released = threading.Event()

    def answer(self, method, path, body):
        from instruments.polling.control.calls import Answer

        self.released.wait(60)
        return Answer(status_code=200, document={})


def test_places_are_bounded_and_nothing_is_left_after_the_end():
    before = set(threading.enumerate())
    calls = Quiet()
    port = ControlPort(calls, port=0)
    port.start()
    open_wires = []
    for _ in range(MAX_THREADS):
        wire = socket.create_connection(("127.0.0.1", port.port), timeout=60)
        wire.sendall(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        open_wires.append(wire)
    wait_until(
        lambda: (
            sum(one.name == "control-call" for one in threading.enumerate())
            == MAX_THREADS
        )
    )
    with socket.create_connection(("127.0.0.1", port.port), timeout=60) as extra:
        extra.sendall(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 503 " in extra.recv(200)
    calls.released.set()
    port.stop()
    assert set(threading.enumerate()) <= before
    for wire in open_wires:
        wire.close()


def test_port_that_is_taken_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(ControlPortError, match=f"control.port {number}"):
            ControlPort(Quiet(), port=number)


def state_of(poller):
    (health,) = [one for one in poller.pipeline.health() if one.kind == "vna"]
    return health.state


def test_health_tells_held_while_silent_and_not_after(run):
    poller = run()
    wait_until(poller.stored)
    poller.post("/pause")
    poller.post("/inhibit", lease_s=60.0)
    wait_until(lambda: state_of(poller) is InstrumentState.HELD)
    poller.post("/permit")
    wait_until(lambda: state_of(poller) is not InstrumentState.HELD)


def test_poller_that_stops_during_silence_leaves_the_rf_off(run):
    poller = run()
    wait_until(poller.stored)
    poller.post("/inhibit", lease_s=60.0)
    poller.stop()
    assert not poller.is_driven()


def test_nothing_is_left_after_the_end(run, tmp_path):
    before = set(threading.enumerate())
    poller = run(cavity_count=2)
    wait_until(lambda: poller.stored("cavity-1") and poller.stored("cavity-2"))
    ours = set(threading.enumerate()) - before
    named = {one for one in ours if not one.name.startswith("Thread")}
    assert {"vna-1", "watchdog", "uploader", "control-port"} <= {
        one.name for one in named
    }
    poller.post("/inhibit", lease_s=0.2)
    poller.post("/trigger", cavity="cavity-1", sweep="wide", timeout_s=0.0)
    assert connections_of(poller.emulation)
    poller.stop()
    left = {one for one in named if one.is_alive()} - {threading.main_thread()}
    assert left == set()
    wait_until(lambda: not connections_of(poller.emulation))
    open_files = {Path(one.path).name for one in psutil.Process().open_files()}
    assert open_files.isdisjoint(one.name for one in tmp_path.iterdir())


def connections_of(emulation):
    """Return what is connected to the emulated instruments."""
    told = str(emulation.served.resources)
    ports = {int(number) for number in re.findall(r"\d{4,5}", told)}
    return [
        one
        for one in psutil.Process().net_connections("tcp")
        if one.status == psutil.CONN_ESTABLISHED and one.raddr.port in ports
    ]


def test_tracker_never_follows_a_distrusted_sweep(clock):
    expected = ModePosition(resonant_frequency_hz=5e9, loaded_q=8000.0)
    tracker = ResonanceTracker({"c": expected}, clock=clock)
    fit = {
        "state": "ok",
        "resonant_frequency_hz": 5.001e9,
        "loaded_q": 8000.0,
        "measured_at": "2026-01-31T03:00:00.000000Z",
    }
    tracker.distrust("c", clock.now())
    assert not tracker.follow("c", fit)
    assert tracker.position("c") == expected
    assert tracker.follow("c", fit | {"measured_at": "2026-01-31T03:00:01.000000Z"})
