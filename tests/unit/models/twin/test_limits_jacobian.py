"""Derivatives of the chain by torch are those of finite differences."""

import numpy as np
import pytest
import torch

from instruments.simulation.physics.chain import (
    SweepSettings,
    list_constants,
    usual_receiver,
    with_constants,
)
from models.twin.limits_information import asked_information
from models.twin.limits_jacobian import response_slopes, sweep_slopes
from models.twin.limits_rows import noise_rows, response_rows
from models.twin.limits_state import (
    FIELD_PRIOR_TESLA,
    TEMPERATURE_PRIOR_DEX,
    point_at,
    temperature_slopes,
)
from models.twin.limits_sweep import SweepSetup, off_resonance, thinned
from models.twin.parameters import cycle_constants, hardware_constants, state_constants


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def hardware():
    return usual_receiver(has_jpa=False)


def setup_of(points=23, s_parameters=("S21", "S23", "S11")):
    return SweepSetup(
        frequency_hz=np.linspace(4.0e9, 8.0e9, points),
        s_parameters=s_parameters,
        settings=SweepSettings(),
    )


def test_slopes_by_hardware_are_finite_differences(hardware):
    setup, point = setup_of(11), point_at(20.0, 0.005)
    known = hardware_constants(hardware)[::9]
    names = [one.name for one in known]
    found = response_slopes(setup, hardware, names, point, [])[:, 0]
    for one, slope in zip(known, found, strict=True):
        step = 1e-3 * one.prior_sigma
        up, down = (
            response_rows(setup, with_constants(hardware, {one.name: value}), point)
            for value in (one.value + step, one.value - step)
        )
        expected = (up - down) / (2.0 * step)
        # What moves a trace by less than 1e-9 is lost in rounding, and in the noise.
        limit = 1e-4 * np.abs(expected).max() + 1e-9 / one.prior_sigma
        assert np.abs(slope - expected).max() < limit, one.name


def test_slopes_by_state_are_finite_differences(hardware):
    setup, point = setup_of(11), point_at(20.0, 0.005)
    known = state_constants(point)
    names = [one.name for one in known]
    found = response_slopes(setup, hardware, [], point, names)[:, 0]
    for one, slope in zip(known, found, strict=True):
        step = 1e-3 * one.prior_sigma
        up, down = (
            response_rows(setup, hardware, with_constants(point, {one.name: value}))
            for value in (one.value + step, one.value - step)
        )
        expected = (up - down) / (2.0 * step)
        # What moves a trace by less than 1e-9 is lost in rounding, and in the noise.
        limit = 1e-4 * np.abs(expected).max() + 1e-9 / one.prior_sigma
        assert np.abs(slope - expected).max() < limit, one.name


@pytest.mark.parametrize("temperature_k", [0.02, 20.0])
def test_asked_directions_are_those_of_the_fridge_and_the_field(
    hardware, temperature_k
):
    setup, point = setup_of(), point_at(temperature_k, 0.005)
    found = sweep_slopes(setup, hardware, [], point).asked
    noise = noise_rows(setup, hardware, point)
    dex = 1e-4
    up = response_rows(setup, hardware, point_at(temperature_k * 10**dex, 0.005))
    down = response_rows(setup, hardware, point_at(temperature_k / 10**dex, 0.005))
    by_temperature = TEMPERATURE_PRIOR_DEX * (up - down) / (2 * dex) / noise
    size = np.abs(by_temperature).max()
    assert np.abs(found[:, 0] - by_temperature).max() < 1e-3 * size
    step = 1e-7
    up = response_rows(setup, hardware, point_at(temperature_k, 0.005 + step))
    down = response_rows(setup, hardware, point_at(temperature_k, 0.005 - step))
    by_field = FIELD_PRIOR_TESLA * (up - down) / (2 * step) / noise
    assert np.abs(found[:, 1] - by_field).max() < 1e-4 * np.abs(by_field).max()


def test_every_slope_is_finite_from_base_to_room(hardware):
    for temperature_k, field_tesla in ((0.01, 0.0), (9.2, -0.05), (300.0, 0.05)):
        point = point_at(temperature_k, field_tesla)
        slopes = sweep_slopes(setup_of(5), hardware, [], point)
        for block in (slopes.state, slopes.asked):
            assert np.isfinite(block).all()


def test_cold_plates_stop_following(hardware):
    slopes = temperature_slopes(point_at(0.02, 0.0))
    own = slopes["plates.mixing_chamber_k"]
    assert own == pytest.approx(0.02 * np.log(10.0), rel=1e-6)
    assert slopes["plates.four_kelvin_k"] < 1e-3
    assert slopes["plates.room_k"] == 0.0


def test_points_on_a_mode_are_left_out(hardware):
    point = point_at(4.0, 0.0)
    kept = off_resonance(setup_of(4001), hardware, point)
    assert 0 < 4001 - kept.frequency_hz.size < 100
    mode_hz = hardware.cavity.modes[0].resonant_frequency_hz
    narrow = SweepSetup(
        frequency_hz=mode_hz + np.linspace(-1e5, 1e5, 11),
        s_parameters=("S21",),
        settings=SweepSettings(),
    )
    with pytest.raises(ValueError, match="ask for a wide sweep"):
        off_resonance(narrow, hardware, point)


def test_thinning_keeps_the_information(hardware):
    point = point_at(20.0, 0.005)
    shared = cycle_constants(hardware)[::4]
    found = []
    for most in (801, 201):
        setup = off_resonance(thinned(setup_of(801), most), hardware, point)
        slopes = sweep_slopes(setup, hardware, shared, point)
        nothing = np.zeros((len(shared), len(shared)))
        found.append(np.diag(asked_information(slopes, nothing)))
    assert found[1] == pytest.approx(found[0], rel=0.3)


@pytest.mark.parametrize(
    ("temperature_k", "field_tesla", "named"),
    [(0.001, 0.0, "temperature"), (400.0, 0.0, "temperature"), (4.0, 1.0, "field")],
)
def test_states_out_of_reach_are_refused(temperature_k, field_tesla, named):
    with pytest.raises(ValueError, match=named):
        point_at(temperature_k, field_tesla)


def test_traces_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="S44 is no trace"):
        setup_of(s_parameters=("S44",))
    with pytest.raises(ValueError, match="no sample"):
        setup_of(0)


def test_names_are_those_of_the_chain(hardware):
    known = {one.name for one in list_constants(hardware)}
    assert {one.name for one in hardware_constants(hardware)} <= known
