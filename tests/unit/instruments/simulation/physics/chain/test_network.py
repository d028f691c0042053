from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instruments.simulation.physics.chain import (
    OperatingPoint,
    PlateTemperatures,
    SwitchPosition,
    chain_response,
    plates_at,
    usual_receiver,
)
from instruments.simulation.physics.chain.joined_parts import PATHS
from instruments.simulation.physics.chain.ranges import constants_of
from instruments.simulation.physics.chain.vector import with_constants

ALL = tuple(PATHS)


def level_db(trace):
    return 20 * np.log10(np.abs(trace))


def random_point(seed, count=None):
    """Draw every field of the state, far from where it usually is."""
    rng = np.random.default_rng(seed)
    limits = {
        "magnetic_field_tesla": (-0.05, 0.05),
        "remanent_field_tesla": (-1e-3, 1e-3),
        "magnet_field_tesla": (-9.0, 9.0),
        "gain_drift_db": (-1.0, 1.0),
        "frequency_shift_ratio": (-1e-4, 1e-4),
        "antenna_depth_change_m": (-2e-3, 2e-3),
        "gas_permittivity_ratio": (1.0, 1.05),
        "gas_loss_ratio": (0.0, 1e-4),
        "flux_quanta_ratio": (0.1, 0.4),
        "jpa_gain_db": (0.0, 15.0),
        "jpa_pump_detuning_hz": (-5e7, 5e7),
        "pad_heating_k": (0.0, 2.0),
        "source_power_dbm": (-70.0, -10.0),
        "calibration_age_s": (0.0, 1e6),
        "calibration_temperature_k": (294.0, 298.0),
        "plates.room_k": (292.0, 299.0),
        "rod_direction_factor": (1.0, 1.0),
        "switch_position_index": (0.0, 0.0),
    }
    values = {}
    for name, _, known in constants_of(OperatingPoint()):
        low, high = limits.get(name, (max(known.low, 0.0), min(known.high, 300.0)))
        values[name] = rng.uniform(low, high, count)
    return values


def test_torch_gives_the_same_numbers_at_any_operating_point(drawn, axis_hz):
    values = random_point(1, 4)
    with_numpy = chain_response(
        axis_hz, drawn, with_constants(OperatingPoint(), values), ALL
    )
    tensors = {name: torch.asarray(value) for name, value in values.items()}
    with_torch = chain_response(
        torch.asarray(axis_hz), drawn, with_constants(OperatingPoint(), tensors), ALL
    )
    for name in ALL:
        np.testing.assert_allclose(
            with_torch[name].numpy(), with_numpy[name], rtol=1e-10, atol=1e-20
        )


def test_every_field_of_the_state_has_a_finite_gradient(drawn):
    leaves = {
        name: torch.tensor(float(value), dtype=torch.float64, requires_grad=True)
        for name, value in random_point(2).items()
    }
    axis_hz = torch.linspace(4.9e9, 5.3e9, 101, dtype=torch.float64)
    traces = chain_response(axis_hz, drawn, with_constants(OperatingPoint(), leaves))
    sum(torch.log(torch.abs(trace)).sum() for trace in traces.values()).backward()
    for name in ("plates.cold_plate_k", "switch_position_index"):
        leaves.pop(name)
    for name, leaf in leaves.items():
        assert torch.isfinite(leaf.grad), name


@pytest.mark.parametrize("cold_k", [0.0, 4.0])
def test_every_constant_has_a_finite_gradient_even_at_zero_kelvin(usual, cold_k):
    leaves = {
        name: torch.tensor(float(value), dtype=torch.float64, requires_grad=True)
        for name, value, _ in constants_of(usual)
    }
    axis_hz = torch.linspace(5.0e9, 5.2e9, 21, dtype=torch.float64)
    point = OperatingPoint(plates=plates_at(cold_k), cavity_temperature_k=cold_k)
    traces = chain_response(axis_hz, with_constants(usual, leaves), point, ALL)
    sum(torch.log(torch.abs(trace)).sum() for trace in traces.values()).backward()
    for name, leaf in leaves.items():
        assert leaf.grad is None or torch.isfinite(leaf.grad), name


def test_many_sweeps_are_the_same_as_one_at_a_time(drawn, axis_hz):
    values = random_point(3, 3)
    many = chain_response(axis_hz, drawn, with_constants(OperatingPoint(), values), ALL)
    for row in range(3):
        alone = {name: float(value[row]) for name, value in values.items()}
        one = chain_response(
            axis_hz, drawn, with_constants(OperatingPoint(), alone), ALL
        )
        for name in ALL:
            assert one[name].shape == (257,)
            np.testing.assert_allclose(many[name][row], one[name], rtol=1e-10)


def test_hardware_can_be_one_unit_a_sweep(usual, axis_hz):
    gains = np.asarray([36.0, 40.0])
    both = with_constants(usual, {"hemt.gain_db": gains})
    trace = chain_response(axis_hz, both, OperatingPoint())["S23"]
    step_db = level_db(trace[1]) - level_db(trace[0])
    np.testing.assert_allclose(step_db, 4.0, atol=0.1)


def test_zero_kelvin_and_either_sign_of_the_field_are_fine(usual, axis_hz):
    frozen = PlateTemperatures(
        four_kelvin_k=0.0, still_k=0.0, cold_plate_k=0.0, mixing_chamber_k=0.0
    )
    point = OperatingPoint(
        plates=frozen,
        cavity_temperature_k=0.0,
        rod_temperature_k=0.0,
        magnetic_field_tesla=np.asarray([-0.03, 0.03]),
        magnet_field_tesla=np.asarray([-8.0, 8.0]),
    )
    traces = chain_response(axis_hz, usual, point, ALL)
    for trace in traces.values():
        assert np.isfinite(trace).all()
    change = np.abs(traces["S23"][0] - traces["S23"][1]).mean()
    assert change > 0.05 * np.abs(traces["S23"]).mean()


def test_one_point_is_a_point_of_many(usual, axis_hz):
    many = chain_response(axis_hz, usual, OperatingPoint())
    one = chain_response(axis_hz[100:101], usual, OperatingPoint())
    for name, trace in one.items():
        assert trace.shape == (1,)
        np.testing.assert_allclose(trace, many[name][100:101], rtol=1e-12)


def test_two_hundred_thousand_points_are_right(usual):
    axis_hz = np.linspace(4.0e9, 8.0e9, 200_001)
    fine = chain_response(axis_hz, usual, OperatingPoint(), ("S23",))["S23"]
    coarse = chain_response(axis_hz[::50_000], usual, OperatingPoint(), ("S23",))
    assert fine.shape == (200_001,)
    np.testing.assert_allclose(fine[::50_000], coarse["S23"], rtol=1e-12)


@pytest.mark.parametrize(
    "axis_hz",
    [np.asarray([]), np.asarray([0.0, 1e9]), np.asarray([-1e9]), np.asarray([6e10])],
)
def test_a_wrong_axis_is_refused(usual, axis_hz):
    with pytest.raises(ValueError, match="the frequency axis"):
        chain_response(axis_hz, usual, OperatingPoint())


def test_transmission_peaks_and_reflection_dips_at_the_mode(usual):
    axis_hz = 5.1e9 + np.linspace(-4e6, 4e6, 4001)
    point = OperatingPoint(cavity_temperature_k=4.0)
    traces = chain_response(axis_hz, usual, point)
    mode_hz = axis_hz[np.abs(traces["S21"]).argmax()]
    assert abs(mode_hz - 5.1e9) < 2e6
    assert abs(axis_hz[np.abs(traces["S23"]).argmin()] - mode_hz) < 0.5e6
    peak_db = level_db(traces["S21"])
    assert peak_db.max() - np.median(peak_db) > 10


def test_field_moves_the_circulator_and_leaves_the_input_line_alone(usual, axis_hz):
    fields_tesla = np.asarray([0.0, 0.002, 0.01, 0.05])
    traces = chain_response(
        axis_hz, usual, OperatingPoint(magnetic_field_tesla=fields_tesla)
    )
    relative = np.abs(traces["S23"] / traces["S23"][0] - 1.0).mean(axis=1)
    assert 0.01 < relative[2] < relative[3]
    # The cavity shows its strong side through the weak port on resonance only.
    change_db = np.abs(level_db(traces["S11"]) - level_db(traces["S11"])[0])
    assert np.median(change_db) < 1e-4


def test_the_switch_shows_its_states(usual, axis_hz):
    positions = np.asarray([float(position) for position in SwitchPosition])
    traces = chain_response(
        axis_hz, usual, OperatingPoint(switch_position_index=positions)
    )
    mean_db = level_db(traces["S23"]).mean(axis=1)
    cavity, bypass, hot, cold, nothing = mean_db
    assert abs(bypass - cavity) < 1.0
    assert abs(nothing - cavity) < 1.0
    assert max(hot, cold) < cavity - 10.0
    through_db = level_db(traces["S21"]).mean(axis=1)
    assert (through_db[1:] < through_db[0] - 40.0).all()


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    receiver_k=st.floats(0.0, 280.0),
    stray_tesla=st.floats(-0.05, 0.05),
    magnet_tesla=st.floats(-16.0, 16.0),
)
def test_traces_are_continuous_in_temperature_and_field(
    receiver_k, stray_tesla, magnet_tesla
):
    step = np.asarray([0.0, 1e-4])
    plates = plates_at(receiver_k)
    moved = {
        f"{name}_k": getattr(plates, f"{name}_k") + step
        for name in ("fifty_kelvin", "four_kelvin", "still", "mixing_chamber")
    }
    point = OperatingPoint(
        plates=replace(plates, **moved),
        cavity_temperature_k=receiver_k + step,
        magnetic_field_tesla=stray_tesla + 1e-3 * step,
        magnet_field_tesla=magnet_tesla + step,
    )
    traces = chain_response(np.linspace(5.2e9, 8e9, 101), usual_receiver(), point)
    for name, trace in traces.items():
        change = np.abs(trace[1] - trace[0]) / np.abs(trace).max()
        assert change.max() < 5e-3, name


def test_an_impulse_does_not_arrive_before_it_can(usual):
    axis_hz = np.linspace(2.0e9, 10.0e9, 8001)
    point = OperatingPoint(cavity_temperature_k=300.0, rod_temperature_k=300.0)
    traces = chain_response(axis_hz, usual, point)
    window = np.blackman(axis_hz.size)
    for name, earliest_s in (("S21", 19e-9), ("S23", 19e-9), ("S11", 0.0)):
        impulse = np.abs(np.fft.ifft(traces[name] * window, 16_384))
        time_s = np.fft.fftfreq(16_384, axis_hz[1] - axis_hz[0])
        early = (time_s < earliest_s - 1e-9) & (time_s > -30e-9)
        assert impulse[early].max() < 2e-3 * impulse.max(), name


def test_the_fourth_port_is_open(usual, axis_hz):
    traces = chain_response(axis_hz, usual, OperatingPoint(), ("S44", "S14", "S41"))
    assert (traces["S44"] == 1.0).all()
    assert (traces["S14"] == 0.0).all()
