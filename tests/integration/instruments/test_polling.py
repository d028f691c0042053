"""An emulated array polled over real sockets, with faults, into a real spool."""

import json
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from instruments.array import dump_array
from instruments.client import Spool, SpoolFullError
from instruments.clock import SystemClock
from instruments.measurement import SweepPurpose
from instruments.polling import (
    InstrumentState,
    ModePosition,
    Poller,
    PollingPipeline,
    ResonanceTracker,
)

CLOCK = SystemClock()


class Kept:
    """Collects what a poller gives, with the time of arrival."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sweeps = []
        self.readings = []

    def keep_sweep(self, sweep):
        with self.lock:
            self.sweeps.append((time.monotonic(), sweep))

    def of(self, cavity, *, since_s=0.0, purpose=None):
        with self.lock:
            return [
                sweep
                for at_s, sweep in self.sweeps
                if sweep.cavity == cavity
                and at_s >= since_s
                and purpose in (None, sweep.purpose)
            ]


def wait_until(condition, timeout_s=40.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        CLOCK.sleep(0.01)


@pytest.fixture
def kept():
    return Kept()


@pytest.fixture
def start_poller(kept):
    pollers = []

    def start(config, **options):
        expected = {
            name: ModePosition(
                resonant_frequency_hz=cavity.expected.resonant_frequency_hz,
                loaded_q=cavity.expected.loaded_q,
            )
            for name, cavity in config.cavities.items()
        }
        options.setdefault("tracker", ResonanceTracker(expected, clock=CLOCK))
        poller = Poller(
            config,
            clock=CLOCK,
            keep_sweep=kept.keep_sweep,
            keep_reading=kept.readings.append,
            **options,
        )
        poller.start()
        pollers.append(poller)
        return poller

    yield start
    for poller in pollers:
        poller.stop(60.0)


def health_of(poller, name):
    return next(one for one in poller.health() if one.name == name)


def test_every_kind_of_every_cavity_is_swept_with_its_conditions(
    emulate, start_poller, kept
):
    emulation = emulate(cavity_count=2)
    poller = start_poller(emulation.config, take_reference=True)
    cavities = ("cavity-1", "cavity-2")
    for cavity in cavities:
        for purpose in SweepPurpose:
            wait_until(lambda c=cavity, p=purpose: len(kept.of(c, purpose=p)) >= 3)
        wide = kept.of(cavity, purpose=SweepPurpose.WIDE)
        assert [sweep.is_reference for sweep in wide[:3]] == [True, False, False]
        newest = wide[-1]
        assert newest.conditions["temperature_k"] == pytest.approx(4.0, rel=0.05)
        assert abs(newest.conditions["magnetic_field_tesla"]) < 1e-3
        assert newest.thermal_cycle == "2026-11"
        narrow = kept.of(cavity, purpose=SweepPurpose.TRANSMISSION)[-1]
        f0 = emulation.config.cavities[cavity].expected.resonant_frequency_hz
        assert narrow.frequency_hz.mean() == pytest.approx(f0, abs=2.0)
        assert not narrow.is_reference
    assert all(one.failure_count == 0 for one in poller.health())
    assert {reading.name for reading in kept.readings} == {
        "receiver_temperature_k",
        "mixing_chamber_temperature_k",
        "stray_field_tesla",
    }


def test_narrow_sweeps_follow_the_tracked_mode(emulate, start_poller, kept):
    emulation = emulate()
    tracker = ResonanceTracker(
        {"cavity-1": ModePosition(resonant_frequency_hz=5.1e9, loaded_q=8000.0)},
        clock=CLOCK,
    )
    start_poller(emulation.config, tracker=tracker)
    wait_until(lambda: kept.of("cavity-1", purpose=SweepPurpose.TRANSMISSION))
    fit = {"state": "ok", "resonant_frequency_hz": 5.102e9, "loaded_q": 4000.0}
    assert tracker.follow("cavity-1", fit)
    wait_until(
        lambda: (
            abs(kept.of("cavity-1")[-1].frequency_hz.mean() - 5.102e9) < 2.0
            and kept.of("cavity-1")[-1].purpose is SweepPurpose.REFLECTION
        )
    )
    axis = kept.of("cavity-1", purpose=SweepPurpose.REFLECTION)[-1].frequency_hz
    assert axis[-1] - axis[0] == pytest.approx(10 * 5.102e9 / 4000, abs=2.0)


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "drop_mid_block"},
        {"fault": "garbage", "count": 3},
        {"fault": "vna_silent"},
    ],
)
def test_faulty_vna_recovers_and_never_holds_the_other_up(
    emulate, start_poller, kept, protocol, fault
):
    emulation = emulate(cavity_count=2, front=protocol, hasty=["vna-1"])
    poller = start_poller(emulation.config)
    wait_until(lambda: kept.of("cavity-1") and kept.of("cavity-2"))
    began_s = time.monotonic()
    emulation.control(**fault, cavity="cavity-1")
    wait_until(lambda: health_of(poller, "vna-1").failure_count >= 1)
    wait_until(lambda: len(kept.of("cavity-2", since_s=began_s)) >= 3)
    assert health_of(poller, "vna-1").last_error
    cleared_s = time.monotonic()
    emulation.control(clear=fault["fault"], cavity="cavity-1")
    wait_until(lambda: len(kept.of("cavity-1", since_s=cleared_s)) >= 3)
    other = health_of(poller, "vna-2")
    assert (other.failure_count, other.last_error) == (0, None)
    wait_until(
        lambda: health_of(poller, "vna-1").state is not InstrumentState.DISCONNECTED
    )


def test_absent_instruments_hold_nobody_up(emulate, start_poller, kept, free_port):
    emulation = emulate(cavity_count=2)
    document = emulation.config.model_dump(mode="json", exclude_none=True)
    nowhere = f"TCPIP::127.0.0.1::{free_port}::SOCKET"
    document["instruments"]["vna"]["vna-1"]["resource"] = nowhere
    document["instruments"]["sensor"]["thermometer"]["resource"] = nowhere
    poller = start_poller(type(emulation.config).model_validate(document))
    wait_until(lambda: len(kept.of("cavity-2")) >= 4)
    assert "cannot be reached" in health_of(poller, "vna-1").last_error
    assert health_of(poller, "thermometer").failure_count >= 1
    newest = kept.of("cavity-2")[-1]
    assert newest.conditions.keys() == {"magnetic_field_tesla", "start_lateness_s"}


def test_full_spool_is_counted_and_the_array_polled_on(emulate, kept):
    emulation = emulate()
    refused = []

    def refuse(sweep):
        refused.append(sweep)
        raise SpoolFullError("the spool is full")

    poller = Poller(
        emulation.config,
        clock=CLOCK,
        tracker=ResonanceTracker(
            {"cavity-1": ModePosition(resonant_frequency_hz=5.1e9, loaded_q=8000.0)},
            clock=CLOCK,
        ),
        keep_sweep=refuse,
        keep_reading=kept.readings.append,
        take_reference=True,
    )
    poller.start()
    wait_until(lambda: len(refused) >= 4)
    poller.stop(60.0)
    health = health_of(poller, "vna-1")
    assert health.lost_count == health.measured_count == len(refused)
    assert health.failure_count == 0
    assert health.last_error == "the spool is full"
    wide = [sweep for sweep in refused if sweep.purpose is SweepPurpose.WIDE]
    assert all(sweep.is_reference for sweep in wide)


def test_sensor_without_a_valid_input_is_noted_and_scanned_on(
    emulate, start_poller, kept
):
    emulation = emulate()
    served = emulation.config.instruments.sensor["thermometer"]
    document = emulation.config.model_dump(mode="json", exclude_none=True)
    document["instruments"]["sensor"]["thermometer"]["readings"] = {
        "5": "receiver_temperature_k",
        "9": "still_temperature_k",
    }
    poller = start_poller(type(emulation.config).model_validate(document))
    wait_until(lambda: health_of(poller, "thermometer").fault_count >= 2)
    health = health_of(poller, "thermometer")
    assert "9" not in served.readings
    assert "resistance over range" in health.last_error
    assert health.failure_count == 0
    assert {r.name for r in kept.readings if r.source == "thermometer"} == {
        "receiver_temperature_k"
    }


def test_stopping_gives_every_front_panel_back(
    emulate, start_poller, kept, some_try_within
):
    def start_and_stop():
        emulation = emulate(cavity_count=2)
        poller = start_poller(emulation.config)
        began = time.monotonic()
        for cavity in ("cavity-1", "cavity-2"):
            wait_until(lambda name=cavity: kept.of(name, since_s=began))
        began = time.monotonic()
        poller.stop(60.0)
        took_s = time.monotonic() - began
        for pna in emulation.served.vnas.values():
            assert pna.channels[1].mode == "CONT"
        assert all(one.state is InstrumentState.STOPPED for one in poller.health())
        return took_s

    some_try_within(3.0, start_and_stop, tries=5)


def median_delay_s(service, count):
    """Return how long the newest sweeps took, from their end to the service."""
    offset_s = CLOCK.now().timestamp() - time.monotonic()
    arrived = sorted(service.arrived_at_s.items(), key=lambda pair: pair[1])[-count:]
    delays_s = sorted(
        at_s + offset_s - service.stored[key].measured_at.timestamp()
        for key, at_s in arrived
    )
    return delays_s[len(delays_s) // 2]


def test_everything_measured_reaches_the_service(emulate, service, tmp_path):
    emulation = emulate(cavity_count=2)
    pipeline = PollingPipeline(
        emulation.config, service.url, clock=CLOCK, spool_directory=tmp_path
    )
    pipeline.start()
    # Sweep end to the service's desk: a commit to disk and a local POST.
    wait_until(
        lambda: (
            len(service.stored) >= 12
            and service.readings
            and median_delay_s(service, 12) < 0.2
        ),
        90.0,
    )
    summary = pipeline.stop(60.0)
    assert summary.measured_count == summary.spooled_count == len(service.stored)
    assert summary.confirmed_count == summary.measured_count
    assert (summary.rejected_count, summary.lost_count) == (0, 0)
    assert summary.depth == 0
    assert service.cavities["cavity-1"]["vna"] == "vna-1"
    assert service.cavities["cavity-2"]["sweep_period_s"] == 0.8


def test_dead_service_keeps_the_array_polled_and_drains_afterwards(
    emulate, start_service, tmp_path, free_port
):
    emulation = emulate()
    pipeline = PollingPipeline(
        emulation.config,
        f"http://127.0.0.1:{free_port}",
        clock=CLOCK,
        spool_directory=tmp_path,
    )
    pipeline.start()
    wait_until(lambda: pipeline.summary().depth >= 4)
    assert "service: " in pipeline.status_line()
    service = start_service(free_port)
    wait_until(lambda: pipeline.summary().depth == 0, 40.0)
    summary = pipeline.stop(60.0)
    assert summary.confirmed_count == summary.measured_count == len(service.stored)


def test_a_service_that_comes_back_while_the_poller_ends_gets_what_waits(
    emulate, start_service, tmp_path, free_port
):
    emulation = emulate()
    pipeline = PollingPipeline(
        emulation.config,
        f"http://127.0.0.1:{free_port}",
        clock=CLOCK,
        spool_directory=tmp_path,
    )
    pipeline.start()
    wait_until(lambda: pipeline.summary().depth >= 2)
    late = threading.Timer(1.0, start_service, (free_port,))
    late.start()
    summary = pipeline.stop(90.0)
    late.join()
    assert summary.depth == 0
    assert summary.confirmed_count == summary.measured_count > 0


def test_mode_that_the_service_has_fitted_is_followed(emulate, service, tmp_path):
    emulation = emulate()
    fit = {
        "state": "ok",
        "resonant_frequency_hz": 5.103e9,
        "loaded_q": 9000.0,
        "age_s": 0.1,
    }
    service.cavities["cavity-1"] = {"resonance": fit}
    pipeline = PollingPipeline(
        emulation.config, service.url, clock=CLOCK, spool_directory=tmp_path
    )
    pipeline.start()
    wait_until(
        lambda: any(
            abs(sweep.frequency_hz.mean() - 5.103e9) < 2.0
            for sweep in list(service.stored.values())
        )
    )
    pipeline.stop(60.0)


def run_poll(root, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli", "poll", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=root,
    )


def test_command_polls_for_its_duration_and_prints_the_summary(
    emulate, service, root, tmp_path
):
    emulation = emulate()
    dump_array(emulation.config, tmp_path / "array.yaml")
    with run_poll(
        root,
        tmp_path / "array.yaml",
        "--url",
        service.url,
        "--spool",
        tmp_path / "spool",
        "--reference",
        "--duration",
        "4",
        "--json",
    ) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    summary = json.loads(output)
    assert summary["sweeps_measured"] >= 3
    assert summary["sweeps_confirmed"] == summary["sweeps_measured"]
    assert summary["spool_depth"] == 0
    assert summary["failures"]["vna-1"] == 0
    assert "sweeps measured" in errors
    assert sum(sweep.is_reference for sweep in service.stored.values()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_the_command_in_order(emulate, service, root, tmp_path, number):
    emulation = emulate()
    dump_array(emulation.config, tmp_path / "array.yaml")
    with run_poll(
        root,
        tmp_path / "array.yaml",
        "--url",
        service.url,
        "--spool",
        tmp_path / "spool",
    ) as process:
        wait_until(lambda: len(service.stored) >= 2, 90.0)
        process.send_signal(number)
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "spool_depth: 0" in output
    assert emulation.served.vnas["vna-1"].channels[1].mode == "CONT"


def test_killed_command_loses_nothing(emulate, root, tmp_path, free_port):
    emulation = emulate()
    dump_array(emulation.config, tmp_path / "array.yaml")
    with run_poll(
        root,
        tmp_path / "array.yaml",
        "--url",
        f"http://127.0.0.1:{free_port}",
        "--spool",
        tmp_path / "spool",
    ) as process:
        path = tmp_path / "spool" / "spool.sqlite3-wal"
        wait_until(lambda: path.exists() and path.stat().st_size > 450_000, 90.0)
        process.kill()
        process.communicate(timeout=120)
    spool = Spool(tmp_path / "spool", max_bytes=10**9, clock=CLOCK)
    state = spool.state()
    assert state.depth == state.enqueued_total >= 2
    assert len(spool.next_batch()) == state.depth
    spool.close()


@pytest.mark.parametrize(
    ("change", "url", "code", "words"),
    [
        (("vna: vna-1", "vna: vna-9"), "http://h:1", 2, "cavities.cavity-1.vna"),
        (("", ""), "localhost:8000", 2, "--url"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    emulate, root, tmp_path, change, url, code, words
):
    emulation = emulate()
    path = tmp_path / "array.yaml"
    dump_array(emulation.config, path)
    path.write_text(path.read_text().replace(*change, 1))
    with run_poll(root, path, "--url", url) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == code
    assert output == ""
    assert words in errors
    assert len(errors.strip().splitlines()) == 1


def test_a_run_that_reached_no_instrument_fails(emulate, root, tmp_path, free_port):
    emulation = emulate()
    path = tmp_path / "array.yaml"
    dump_array(emulation.config, path)
    # Both forms of a resource, HiSLIP's and the socket's, to where nobody listens.
    text = re.sub(r"(hislip0,|127\.0\.0\.1::)\d+", r"\g<1>1", path.read_text())
    path.write_text(text)
    url = f"http://127.0.0.1:{free_port}"
    arguments = ("--url", url, "--duration=1.5", "--drain=0", "--json")
    with run_poll(root, path, *arguments) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert json.loads(output)["sweeps_measured"] == 0
    assert "no instrument could be used" in errors.splitlines()[-1]


def test_spool_in_use_is_exit_code_one(emulate, root, tmp_path):
    emulation = emulate()
    dump_array(emulation.config, tmp_path / "array.yaml")
    spool = Spool(tmp_path / "spool", max_bytes=10**9, clock=CLOCK)
    arguments = ("--url", "http://127.0.0.1:1", "--spool", tmp_path / "spool")
    with run_poll(root, tmp_path / "array.yaml", *arguments) as process:
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "in use by another poller" in errors
    spool.close()
