"""An emulated receiver shows the cavity of its array file, and what acts on it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.simulation.conditions import EmulatedCavity, Strain, plates_around
from instruments.simulation.physics.chain import Plate, SweepSettings
from instruments.simulation.receiver import EmulatedReceiver
from instruments.simulation.snapshot import look_at_all

AXIS_HZ = np.linspace(4.0e9, 8.0e9, 401)
COLD = Strain(temperature_k=4.0)


def make_receiver(*, seed=7, cycle="one", f0_hz=5.1e9, loaded_q=8000.0, beta=1.5):
    cavity = EmulatedCavity(
        name="cavity-1",
        vna="vna-1",
        resonant_frequency_hz=f0_hz,
        loaded_q=loaded_q,
        coupling_beta=beta,
        thermal_cycle=cycle,
    )
    return EmulatedReceiver(seed, cavity)


RECEIVER = make_receiver()


def response(strain, names=("S21", "S23", "S11"), axis_hz=AXIS_HZ):
    snapshot = RECEIVER.look(0.0, strain, 1)
    return snapshot.response(axis_hz, names, source_power_dbm=-20.0)


def change_db(before, after):
    return np.abs(20.0 * np.log10(np.abs(after / before)))


@given(
    f0_hz=st.floats(1e9, 1e10),
    loaded_q=st.floats(500.0, 2e5),
    beta=st.floats(0.1, 8.0),
    seed=st.integers(0, 50),
)
def test_cold_receiver_has_the_mode_of_the_array_file(f0_hz, loaded_q, beta, seed):
    receiver = make_receiver(seed=seed, f0_hz=f0_hz, loaded_q=loaded_q, beta=beta)
    state = receiver.state(0.0, COLD, 1)
    assert state.resonant_frequency_hz == pytest.approx(f0_hz, rel=1e-5)
    assert state.loaded_q == pytest.approx(loaded_q, rel=1e-3)
    assert state.coupling_beta == pytest.approx(beta, rel=1e-3)


def test_its_traces_peak_and_dip_there():
    axis_hz = 5.1e9 + np.linspace(-5e6, 5e6, 2001)
    traces = response(COLD, axis_hz=axis_hz)
    assert abs(axis_hz[np.abs(traces["S21"]).argmax()] - 5.1e9) < 0.1e6
    assert abs(axis_hz[np.abs(traces["S23"]).argmin()] - 5.1e9) < 0.5e6


def test_warm_receiver_is_lossier_and_tuned_lower():
    warm = RECEIVER.state(0.0, Strain(temperature_k=150.0), 1)
    assert warm.loaded_q < 0.8 * 8000.0
    assert warm.resonant_frequency_hz < 5.1e9 * (1.0 - 1e-3)


def test_rod_tunes_the_mode():
    low, high = (
        RECEIVER.state(0.0, Strain(temperature_k=4.0, rod_position_ratio=at), 1)
        for at in (0.4, 0.6)
    )
    moved_hz = high.resonant_frequency_hz - low.resonant_frequency_hz
    assert moved_hz == pytest.approx(0.2 * 0.12 * 5.1e9, rel=0.1)


@pytest.mark.parametrize(
    ("line", "seen"),
    [("weak_line", {"S21", "S11"}), ("bypass_line", {"S23"})],
)
def test_loose_connector_shows_where_it_is(line, seen):
    index = RECEIVER.connectors.index((line, 1))
    good = response(COLD)
    loose = response(
        Strain(temperature_k=4.0, connector_severity=0.4, connector_index=index)
    )
    changed = {
        name for name in good if np.median(change_db(good[name], loose[name])) > 0.5
    }
    assert changed == seen


def test_loose_contact_shakes_the_phase_of_the_sweep():
    index = RECEIVER.connectors.index(("bypass_line", 1))
    strain = Strain(temperature_k=4.0, connector_severity=0.5, connector_index=index)
    snapshot = RECEIVER.look(0.0, strain, 1)
    settings = {"if_bandwidth_hz": 1.0, "source_power_dbm": 0.0, "averaging_count": 100}
    seen = snapshot.look(AXIS_HZ, ("S23", "S11"), **settings)
    still = snapshot.response(AXIS_HZ, ("S23", "S11"), source_power_dbm=0.0)
    shaken = {name: np.std(np.angle(seen[name] / still[name])) for name in still}
    assert shaken["S23"] > 10 * shaken["S11"]


def test_field_and_lost_bias_reach_the_traces():
    good = response(COLD)
    stray = response(Strain(temperature_k=4.0, magnetic_field_tesla=0.03))
    pinched = response(Strain(temperature_k=4.0, amplifier_severity=1.0))
    moved = np.abs(stray["S23"] / good["S23"] - 1.0)
    assert np.median(moved) > 0.02
    assert np.median(np.abs(stray["S11"] / good["S11"] - 1.0)) < 1e-3
    assert np.median(change_db(good["S23"], pinched["S23"])) > 20.0


def test_strong_drive_compresses_and_power_may_differ_from_point_to_point():
    power_dbm = np.full(AXIS_HZ.size, -20.0)
    power_dbm[:200] = 10.0
    snapshot = RECEIVER.look(0.0, COLD, 1)
    (weak, strong, mixed) = (
        snapshot.response(AXIS_HZ, ("S23",), source_power_dbm=power)["S23"]
        for power in (-20.0, 10.0, power_dbm)
    )
    assert np.abs(strong / weak).max() < 0.95
    np.testing.assert_array_equal(mixed[:200], strong[:200])
    np.testing.assert_array_equal(mixed[200:], weak[200:])


def test_cycles_mate_anew_and_seeds_build_anew():
    again, other_cycle, other = (
        make_receiver().hardware,
        make_receiver(cycle="two").hardware,
        make_receiver(seed=8).hardware,
    )
    assert again == RECEIVER.hardware
    assert other_cycle != again
    assert other_cycle.circulator.center_frequency_hz == (
        again.circulator.center_frequency_hz
    )
    assert other.circulator.center_frequency_hz != again.circulator.center_frequency_hz


@given(st.floats(2.0, 320.0), st.floats(0.01, 5.0))
def test_every_plate_warms_with_the_fridge(temperature_k, step_k):
    one, two = (plates_around(t) for t in (temperature_k, temperature_k + step_k))
    for plate in Plate:
        assert two.at(plate) >= one.at(plate)
    assert one.mixing_chamber_k <= one.four_kelvin_k <= one.fifty_kelvin_k


def test_many_moments_at_once_are_those_of_each_look():
    index = RECEIVER.connectors.index(("bypass_line", 1))
    strains = [
        COLD,
        Strain(temperature_k=4.0, connector_severity=0.5, connector_index=index),
        Strain(temperature_k=40.0, magnetic_field_tesla=0.03),
        Strain(temperature_k=4.0, amplifier_severity=0.4, rod_position_ratio=0.6),
    ]
    # More than one block, and a last one that is not full.
    axis_hz = np.linspace(4.0e9, 8.0e9, 6001)
    names = ("S11", "S23")
    moments = [(60.0 * number, strain, number) for number, strain in enumerate(strains)]
    moments.append((600.0, COLD, 4))
    together = look_at_all(
        [RECEIVER.moment(*moment) for moment in moments],
        axis_hz,
        names,
        source_power_dbm=-10.0,
        settings=SweepSettings(if_bandwidth_hz=300.0),
    )
    assert together.shape == (5, 2, 6001)
    for sweep, moment in zip(together, moments, strict=True):
        alone = RECEIVER.look(*moment).look(
            axis_hz,
            names,
            if_bandwidth_hz=300.0,
            source_power_dbm=-10.0,
            averaging_count=1,
        )
        for trace, name in zip(sweep, names, strict=True):
            np.testing.assert_allclose(trace, alone[name], rtol=1e-6)
