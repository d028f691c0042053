"""Driver x emulated family x front x fault. Both sides were written from one table."""

import gc
import threading
import time
from dataclasses import replace
from functools import partial

import numpy as np
import psutil
import pytest

from instruments.clock import SystemClock
from instruments.errors import (
    GarbledReplyError,
    InstrumentError,
    InstrumentTimeoutError,
    NotConnectedError,
    ScpiError,
    UntrueDataError,
)
from instruments.measurement import SweepPlan, SweepPurpose, TruthFlag
from instruments.measurement.segments import FineWindow, fine_sweeps
from instruments.transport import open_wire
from instruments.vna import (
    DIALECTS,
    ReferenceRule,
    VectorNetworkAnalyzer,
    VnaRules,
)

SPEED = 20.0
PATIENT_S = 20.0
"""Longest wait for who is well; a machine may stand still for seconds."""
FAMILIES = [dialect.name for dialect in DIALECTS]
ENA_LIKE = ("keysight_ena", "copper_mountain", "siglent_sna")
TEXT_FAMILIES = ("siglent_sna", "librevna")
FRONTS = {"hislip": "hislip", "vxi11": "inst0", "socket": "SOCKET"}
PLAN = SweepPlan(
    cavity="cavity-1",
    purpose=SweepPurpose.TRANSMISSION,
    start_frequency_hz=5.09e9,
    stop_frequency_hz=5.11e9,
    point_count=41,
    s_parameters=("S21", "S11"),
    if_bandwidth_hz=1000.0,
    source_power_dbm=-20.0,
)
LINKS = [
    *(("keysight_pna", front) for front in FRONTS),
    *zip(FAMILIES[1:], [*FRONTS, *FRONTS, *FRONTS], strict=False),
]
"""Every family on one front, one family on all of them."""

LINK_FAULTS = {
    # VXI-11 tells it as an error of the instrument's own.
    "vna_silent": (InstrumentTimeoutError, NotConnectedError),
    "drop_mid_block": (NotConnectedError,),
    "garbage": (GarbledReplyError, InstrumentTimeoutError, NotConnectedError),
    "stale_reply": (GarbledReplyError, InstrumentTimeoutError, NotConnectedError),
    "power_cycle": (NotConnectedError, InstrumentTimeoutError),
}


class Driven:
    """One emulated VNA of a family, and the driver on one of its fronts."""

    def __init__(self, emulation, front="hislip", **options):
        self.emulation = emulation
        self.vna = emulation.served.vnas["vna-1"]
        names = emulation.served.resources["vna-1"]
        (self.resource,) = [name for name in names if FRONTS[front] in name]
        self._options = {"clock": SystemClock(), "time_scale": SPEED, **options}
        self.snapshot = ()
        self.open()

    def open(self):
        self.wire = open_wire(
            self.resource, open_timeout_s=PATIENT_S, io_timeout_s=PATIENT_S
        )
        self.driver = VectorNetworkAnalyzer(
            self.wire, snapshot=self.snapshot, **self._options
        )
        self.driver.connect()
        self.snapshot = self.driver.snapshot

    def reopen(self):
        self.wire.close()
        self.open()

    def close(self):
        self.driver.release()
        self.wire.close()

    def fault(self, kind, **request):
        self.emulation.control(fault=kind, cavity="cavity-1", **request)

    def hasten(self):
        """Wait no longer for replies that will not come."""
        self.wire._io_timeout_s = 1.0
        self.wire._session.timeout = 1000.0

    def clear(self, kind):
        self.emulation.control(clear=kind, cavity="cavity-1")

    def held(self):
        """What the emulator holds, by S-parameter."""
        number = 30 if 30 in self.vna.channels else 1
        channel = self.vna.channels[number]
        return {
            one.parameter: channel.read(one.parameter)
            for one in channel.measurements.values()
        }

    def panel(self):
        """What an operator finds at the front panel."""
        bench = self.vna.bench
        channels = {
            number: (
                channel.mode,
                channel.rearms,
                replace(
                    channel.stimulus,
                    # Where averaging is off, one family answers 1 for any count.
                    averaging_count=channel.stimulus.averaging_count
                    if channel.stimulus.is_averaging
                    else 1,
                ),
                sorted(one.parameter for one in channel.measurements.values()),
            )
            for number, channel in self.vna.channels.items()
            if channel.measurements
        }
        return (
            channels,
            self.vna.active_channel,
            self.vna.format.bit_count,
            self.vna.format.is_swapped,
            bench.trigger_source,
            bench.triggers_average,
            bench.triggers_active_only,
            bench.is_output_on,
        )


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    """No test leaves a thread, a socket or a file."""
    process = psutil.Process()
    threads, files = set(threading.enumerate()), process.num_fds()
    yield
    deadline = time.monotonic() + 40.0
    while True:
        gc.collect()
        left = [one for one in threading.enumerate() if one not in threads]
        if not left and process.num_fds() <= files + 2:
            return
        assert time.monotonic() < deadline, (left, process.num_fds() - files)
        time.sleep(0.02)


@pytest.fixture
def drive(emulate):
    driven = []

    def start(family, front="hislip", **options):
        emulation = emulate(model=family, speed=SPEED)
        driven.append(Driven(emulation, front, **options))
        return driven[-1]

    yield start
    for one in driven:
        one.wire.close()


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_sweep_is_what_the_instrument_holds_and_the_panel_comes_back(
    drive, family, front
):
    driven = drive(family, front)
    before = driven.panel()
    sweep = driven.driver.acquire(PLAN)
    assert sweep.flags == ()
    assert sweep.instrument.serial == driven.vna.serial
    held = driven.held()
    assert sweep.traces.keys() == held.keys()
    for name, trace in sweep.traces.items():
        assert np.allclose(trace, held[name], rtol=1e-6, atol=1e-9)
    planned = np.linspace(PLAN.start_frequency_hz, PLAN.stop_frequency_hz, 41)
    assert np.abs(sweep.frequency_hz - planned).max() < 1.0
    assert driven.driver.acquire(replace(PLAN, averaging_count=3)).flags == ()
    driven.close()
    assert driven.panel() == before


@pytest.mark.parametrize("family", FAMILIES)
def test_coarse_and_fine_come_in_as_few_sweeps_as_the_family_can(drive, family):
    driven = drive(family)
    if family in ENA_LIKE:
        driven.wire.write("SENS1:SEGM:DATA 5,0,0,0,0,0,1,4.5E9,5.5E9,11")
        assert driven.wire.query("*OPC?").strip("+") == "1"
    before = driven.panel()
    window = FineWindow(
        resonant_frequency_hz=5.1e9,
        loaded_q=8000.0,
        span_linewidths=10.0,
        point_count=30,
    )
    wide = replace(
        PLAN,
        purpose=SweepPurpose.WIDE,
        start_frequency_hz=4.9e9,
        stop_frequency_hz=5.3e9,
    )
    plans = fine_sweeps(
        replace(wide, point_count=71), window, driven.driver.segment_limits
    )
    assert len(plans) == (2 if family in ("anritsu_shockline", "librevna") else 1)
    for plan in plans:
        sweep = driven.driver.acquire(plan)
        assert sweep.flags == ()
        assert sweep.point_count == plan.point_count
    if len(plans) == 1:
        near = np.abs(sweep.frequency_hz - 5.1e9) < 5.1e9 / 8000 * 5.01
        assert near.sum() >= 30
    driven.snapshot = driven.driver.snapshot
    driven.reopen()
    assert driven.driver.acquire(plans[0]).flags == ()
    assert driven.driver.snapshot == driven.snapshot
    assert driven.driver.acquire(PLAN).point_count == 41
    driven.close()
    assert driven.panel() == before


@pytest.mark.parametrize(("family", "front"), LINKS)
def test_fault_of_the_link_is_typed_and_a_new_session_sweeps_again(
    drive, family, front, some_try_within
):
    driven = drive(family, front)
    before = driven.panel()
    driven.driver.acquire(PLAN)
    for kind in ("delay", "split_packets"):
        driven.fault(kind, **({"delay_s": 0.01} if kind == "delay" else {}))
        assert driven.driver.acquire(PLAN).flags == ()
        driven.clear(kind)

    def fail_and_heal(kind, errors):
        driven.fault(kind)
        driven.hasten()
        began = time.monotonic()
        with pytest.raises(errors):
            driven.driver.acquire(PLAN)
        took_s = time.monotonic() - began
        with pytest.raises(InstrumentError):
            driven.driver.acquire(PLAN)
        driven.clear(kind)
        driven.reopen()
        assert driven.driver.acquire(PLAN).point_count == 41
        return took_s

    for kind, errors in LINK_FAULTS.items():
        some_try_within(5.0, partial(fail_and_heal, kind, errors), tries=5)
    driven.close()
    assert driven.panel() == before


@pytest.mark.parametrize("family", FAMILIES)
def test_data_that_cannot_be_true_are_read_again_once(drive, family):
    driven = drive(family)
    plans = [PLAN, replace(PLAN, point_count=42)]
    for kind in ("wrong_length", "not_a_number", "missing_points", "wrong_endian"):
        if kind == "wrong_endian" and family in TEXT_FAMILIES:
            continue
        driven.fault(kind, count=1)
        plans.reverse()
        assert driven.driver.acquire(plans[0]).point_count == plans[0].point_count
        driven.fault(kind, count=20)
        with pytest.raises(UntrueDataError) as caught:
            driven.driver.acquire(plans[0])
        expected = "point_count" if kind == "wrong_length" else "not_finite"
        assert caught.value.flag == expected
        driven.clear(kind)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_wrong_with_the_instrument_is_told(drive, family):
    driven = drive(family)
    first = driven.driver.acquire(PLAN)
    assert first.flags == ()
    driven.fault("repeated_trace", count=1)
    assert TruthFlag.REPEATED_TRACE in driven.driver.acquire(PLAN).flags
    if family not in TEXT_FAMILIES:
        # The others have no command that tells.
        driven.fault("rf_off")
        assert TruthFlag.RF_OFF in driven.driver.acquire(PLAN).flags
        driven.clear("rf_off")
        assert driven.driver.acquire(PLAN).flags == ()
    driven.fault("error_entry")
    with pytest.raises(ScpiError):
        driven.driver.acquire(replace(PLAN, point_count=43))
    assert driven.driver.acquire(replace(PLAN, point_count=43)).flags == ()


@pytest.mark.parametrize("family", FAMILIES)
def test_average_that_ended_early_is_told(drive, family):
    driven = drive(family)
    averaged = replace(PLAN, averaging_count=20)
    assert driven.driver.acquire(averaged).flags == ()

    def is_short():
        driven.fault("averages_short", count=1)
        return TruthFlag.AVERAGES_SHORT in driven.driver.acquire(averaged).flags

    # One family takes a trigger a sweep, and so gets the missing ones.
    is_completed = family == "anritsu_shockline"
    # It is told by the time, so that a machine that stands still hides it.
    assert any(is_short() for _ in range(1 if is_completed else 10)) is not is_completed
    assert driven.driver.acquire(averaged).flags == ()


@pytest.mark.parametrize("kind", ["front_panel", "front_panel_in_sweep"])
@pytest.mark.parametrize("family", FAMILIES)
def test_knob_that_somebody_turns_is_told_and_turned_back(drive, family, kind):
    driven = drive(family)
    assert driven.driver.acquire(PLAN).flags == ()
    driven.fault(kind, **({"count": 1} if kind == "front_panel_in_sweep" else {}))
    if kind == "front_panel":
        driven.clear(kind)
    sweep = driven.driver.acquire(PLAN)
    assert sweep.flags == (TruthFlag.SETTINGS_DRIFT,)
    assert sweep.settings.if_bandwidth_hz == PLAN.if_bandwidth_hz
    assert sweep.frequency_hz[-1] == pytest.approx(PLAN.stop_frequency_hz, abs=1.0)
    assert driven.driver.acquire(PLAN).flags == ()


@pytest.mark.parametrize("family", ["rohde_schwarz", "librevna"])
def test_reference_that_is_lost_is_told(drive, family):
    rule = ReferenceRule(source="external", require_lock=True)
    driven = drive(family, rules=VnaRules(reference=rule))
    assert driven.driver.acquire(PLAN).flags == ()
    driven.fault("reference_unlocked")
    assert TruthFlag.REFERENCE_UNLOCKED in driven.driver.acquire(PLAN).flags


@pytest.mark.parametrize("family", FAMILIES)
def test_quiet_stops_a_running_sweep_at_once(drive, family):
    class InhibitError(Exception):
        pass

    def inhibit():
        raise InhibitError

    driven = drive(family)
    driven.driver.acquire(PLAN)
    with pytest.raises(InhibitError):
        driven.driver.acquire(PLAN, on_wait=inhibit)
    is_silent = driven.driver.quiet()
    assert is_silent is (family != "siglent_sna")
    if family not in ("siglent_sna", "librevna"):
        assert not driven.vna.bench.is_output_on
    assert driven.driver.acquire(PLAN).flags == ()
    assert driven.vna.bench.is_output_on
