import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.simulation.array import EmulatedArray
from instruments.simulation.faults import Fault, FaultKind, FaultRefusedError
from instruments.simulation.physics.chain import SweepSettings, chain_noise_sigma

EPOCH = datetime(2026, 11, 1, tzinfo=UTC)
AXIS_HZ = np.linspace(4e9, 8e9, 101)
LOOK = {"if_bandwidth_hz": 1000.0, "source_power_dbm": -20.0, "averaging_count": 1}


class SteppedClock:
    def __init__(self):
        self.elapsed_s = 0.0

    def now(self):
        return EPOCH + timedelta(seconds=self.elapsed_s)

    def monotonic_s(self):
        return 50.0 + self.elapsed_s

    def sleep(self, duration_s):
        self.elapsed_s += duration_s


@pytest.fixture
def clock():
    return SteppedClock()


@pytest.fixture
def array(array_config, clock):
    return EmulatedArray(array_config, clock=clock, speed=10.0)


def test_emulated_time_runs_at_its_speed(array, clock):
    clock.sleep(3.0)
    assert array.now_s() == pytest.approx(30.0)


def test_nominal_state_is_cold_and_in_no_field(array):
    state = array.receiver_state("cavity-1", 100.0)
    assert state.point.plates.four_kelvin_k == pytest.approx(4.0, rel=0.05)
    assert state.point.magnetic_field_tesla == 0.0
    assert state.point.hemt_bias_ratio == 1.0
    assert state.resonant_frequency_hz == pytest.approx(5.2e9, rel=1e-5)
    assert state.loaded_q == pytest.approx(8000.0, rel=1e-3)
    assert state.coupling_beta == pytest.approx(1.5, rel=1e-3)
    assert array.mixing_chamber_k(100.0) == pytest.approx(0.02, rel=0.1)


def test_fault_ramps_up_in_emulated_time_and_fades_when_cleared(array, clock):
    array.inject(
        FaultKind.CIRCULATOR_STRAY_FIELD, "cavity-2", severity=0.6, ramp_s=20.0
    )
    clock.sleep(1.0)
    assert array.magnetic_field_tesla("cavity-2", array.now_s()) == pytest.approx(0.015)
    clock.sleep(5.0)
    assert array.magnetic_field_tesla("cavity-2", array.now_s()) == pytest.approx(0.03)
    assert array.magnetic_field_tesla("cavity-1", array.now_s()) == 0.0
    array.clear(FaultKind.CIRCULATOR_STRAY_FIELD, "cavity-2")
    clock.sleep(2.0)
    assert array.magnetic_field_tesla("cavity-2", array.now_s()) == pytest.approx(
        0.0, abs=1e-12
    )


def test_warming_is_shared_by_all(array, clock):
    array.inject(FaultKind.FRIDGE_WARMING, severity=0.5)
    for cavity in ("cavity-1", "cavity-2"):
        plates = array.receiver_state(cavity, array.now_s()).point.plates
        assert plates.four_kelvin_k > 15.0
        assert plates.mixing_chamber_k > 15.0
    assert array.mixing_chamber_k(array.now_s()) > 15.0


def test_receiver_faults_reach_the_state(array):
    array.inject(FaultKind.LOOSE_CONNECTOR, "cavity-1", severity=0.5, connector_index=3)
    array.inject(FaultKind.AMPLIFIER_FAULT, "cavity-2", severity=1.0)
    loose = array.receiver_state("cavity-1", array.now_s())
    assert loose.strain.connector_index == 3
    assert loose.strain.connector_severity == pytest.approx(0.5, rel=0.15)
    pinched = array.receiver_state("cavity-2", 0.0).point.hemt_bias_ratio
    assert pinched == pytest.approx(0.1)


def test_truth_keeps_what_was_injected_with_its_times(array, clock):
    clock.sleep(2.0)
    array.inject(FaultKind.AMPLIFIER_FAULT, "cavity-1", severity=0.3)
    clock.sleep(4.0)
    (cleared,) = array.clear()
    (kept,) = array.faults.truth()
    assert kept == cleared
    assert (kept.onset_s, kept.cleared_s) == (pytest.approx(20.0), pytest.approx(60.0))
    assert kept.injected_at == EPOCH + timedelta(seconds=2)
    assert array.clear() == ()


def test_snapshot_is_the_same_at_every_reading_and_differs_between_sweeps(array):
    one = array.snapshot("cavity-1", 5.0, serial=1)
    first = one.look(AXIS_HZ, ("S21", "S11"), **LOOK)
    np.testing.assert_array_equal(
        one.look(AXIS_HZ, ("S11",), **LOOK)["S11"], first["S11"]
    )
    other = array.snapshot("cavity-1", 5.0, serial=2).look(AXIS_HZ, ("S21",), **LOOK)
    assert not np.array_equal(other["S21"], first["S21"])


def test_same_seed_builds_the_same_hardware_in_every_run(array, array_config):
    again = EmulatedArray(array_config, clock=SteppedClock())
    assert again.hardware("cavity-1") == array.hardware("cavity-1")
    assert again.hardware("cavity-1") != again.hardware("cavity-2")


def test_source_switched_off_leaves_noise_alone(array):
    snapshot = array.snapshot("cavity-1", 0.0, 0)
    dark = snapshot.look(AXIS_HZ, ("S23",), is_driven=False, **LOOK)["S23"]
    settings = SweepSettings(if_bandwidth_hz=LOOK["if_bandwidth_hz"])
    point = replace(
        array.receiver_state("cavity-1", 0.0).point,
        source_power_dbm=LOOK["source_power_dbm"],
    )
    none = {"S23": np.zeros(AXIS_HZ.size, np.complex128)}
    sigma = chain_noise_sigma(
        AXIS_HZ, array.hardware("cavity-1"), point, none, settings
    )["S23"]
    relative = dark / np.ravel(sigma)
    assert np.std(relative) == pytest.approx(np.sqrt(2.0), rel=0.1)
    assert abs(np.mean(relative)) < 0.3
    # Never below the floor of the VNA's data sheet, -88 dBm in 1 kHz at -20 dBm.
    assert 20 * np.log10(np.std(dark)) > -69.5


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((FaultKind.AMPLIFIER_FAULT, None), "needs a cavity"),
        ((FaultKind.AMPLIFIER_FAULT, "cavity-9"), "cavity-9 is no cavity"),
        ((FaultKind.FRIDGE_WARMING, "cavity-1"), "leave cavity out"),
    ],
)
def test_fault_in_the_wrong_place_is_refused(arguments, sentence, array):
    with pytest.raises(FaultRefusedError, match=sentence):
        array.inject(*arguments)


@pytest.mark.parametrize(
    "numbers",
    [{"severity": 0.0}, {"severity": 1.5}, {"ramp_s": -1.0}, {"ramp_s": float("nan")}],
)
def test_fault_with_a_number_out_of_range_is_refused(numbers, array):
    with pytest.raises(FaultRefusedError):
        array.inject(FaultKind.AMPLIFIER_FAULT, "cavity-1", **numbers)
    assert array.faults.truth() == ()


def test_connector_out_of_range_is_refused(array):
    with pytest.raises(FaultRefusedError, match="connector is 99"):
        array.inject(FaultKind.LOOSE_CONNECTOR, "cavity-1", connector_index=99)


def test_threads_inject_and_read_at_the_same_time(array):
    def work():
        for _ in range(30):
            array.inject(FaultKind.AMPLIFIER_FAULT, "cavity-1", severity=0.5)
            array.receiver_state("cavity-1", array.now_s())
            array.clear(FaultKind.AMPLIFIER_FAULT)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    truth = array.faults.truth()
    assert len(truth) == 120
    assert all(fault.cleared_s is not None for fault in truth)


@given(
    severity=st.floats(0.01, 1.0),
    ramp_s=st.floats(0.0, 100.0),
    at_s=st.floats(-10.0, 400.0),
    cleared_s=st.none() | st.floats(10.0, 200.0),
)
def test_level_stays_between_nothing_and_the_severity(
    severity, ramp_s, at_s, cleared_s
):
    fault = Fault(
        kind=FaultKind.AMPLIFIER_FAULT,
        severity=severity,
        ramp_s=ramp_s,
        onset_s=10.0,
        injected_at=EPOCH,
        cleared_s=cleared_s,
    )
    assert 0.0 <= fault.level(at_s) <= severity
    assert fault.level(5.0) == 0.0
    if cleared_s is not None:
        assert fault.level(cleared_s + ramp_s + 1e-6) == pytest.approx(0.0, abs=1e-6)
