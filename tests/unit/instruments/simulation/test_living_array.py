import asyncio
import dataclasses
from datetime import datetime

import numpy as np
import pytest

from instruments.array import ArrayConfig
from instruments.clock import SystemClock
from instruments.simulation.array import EmulatedArray
from instruments.simulation.faults import FaultKind
from instruments.simulation.living_array import LivingArray, build_array
from instruments.simulation.scenarios import find_scenario
from instruments.simulation.serving import serve_array

AXIS_HZ = np.linspace(4e9, 8e9, 201)
DRIVE = {"if_bandwidth_hz": 1000.0, "source_power_dbm": -20.0, "averaging_count": 1}
TRIPPED = find_scenario("hemt-bias-tripped")


def level_db(array, cavity, at_s):
    trace = array.snapshot(cavity, at_s, 1).look(AXIS_HZ, ("S23",), **DRIVE)["S23"]
    return 20.0 * np.log10(np.abs(trace)).mean()


@pytest.fixture
def living(array_config):
    return LivingArray(array_config, clock=SystemClock(), scenario=TRIPPED)


def test_the_file_or_a_scenario_chooses_the_full_chain(
    make_array_mapping, array_config
):
    clock = SystemClock()
    mapping = make_array_mapping(1)
    mapping["simulation"]["lives"] = True
    chain = ArrayConfig.model_validate(mapping)
    assert type(build_array(array_config, clock=clock)) is EmulatedArray
    assert type(build_array(chain, clock=clock)) is LivingArray
    played = build_array(array_config, clock=clock, scenario=TRIPPED)
    assert type(played) is LivingArray


def test_a_scenario_is_seen_by_the_cavity_that_it_names(living):
    before, during, after = (
        level_db(living, "cavity-1", at_s) for at_s in (3600.0, 20_000.0, 30_000.0)
    )
    assert before - during > 10.0
    assert abs(before - after) < 0.5
    well = level_db(living, "cavity-2", 3600.0)
    assert abs(level_db(living, "cavity-2", 20_000.0) - well) < 0.5


def test_a_snapshot_is_the_same_at_every_reading(living):
    snapshot = living.snapshot("cavity-1", 60.0, 4)
    first = snapshot.look(AXIS_HZ, ("S21", "S23"), **DRIVE)
    again = snapshot.look(AXIS_HZ, ("S23",), **DRIVE)
    np.testing.assert_array_equal(first["S23"], again["S23"])
    silent = snapshot.look(AXIS_HZ, ("S23",), is_driven=False, **DRIVE)["S23"]
    assert np.abs(silent).max() < 0.1 * np.abs(first["S23"]).max()
    true = snapshot.response(AXIS_HZ, ("S23",), source_power_dbm=-20.0)["S23"]
    assert true.shape == AXIS_HZ.shape
    assert np.abs(true - first["S23"]).max() < 0.1 * np.abs(true).max()


def test_faults_of_the_control_port_act_on_top(living):
    well = level_db(living, "cavity-2", 60.0)
    fault = living.inject(FaultKind.AMPLIFIER_FAULT, "cavity-2")
    assert level_db(living, "cavity-2", fault.onset_s + 1.0) < well - 20.0
    living.inject(FaultKind.FRIDGE_WARMING)
    assert living.temperature_k(living.now_s() + 1.0) > 100.0
    assert living.magnetic_field_tesla("cavity-2", 60.0) == 0.0


def test_life_goes_on_after_the_scenario(living):
    late_s = 400 * 86_400.0
    assert np.isfinite(level_db(living, "cavity-1", late_s))
    point = living.situation("cavity-1", late_s).point
    assert all(
        np.isfinite(getattr(point, one.name))
        for one in dataclasses.fields(point)
        if one.name != "plates"
    )


def test_the_control_port_tells_the_state_of_the_life(living):
    state = living.receiver_state("cavity-1", 3600.0)
    assert state.resonant_frequency_hz == pytest.approx(5.2e9, rel=0.03)
    assert state.loaded_q == pytest.approx(8000.0, rel=0.1)
    assert state.coupling_beta == pytest.approx(1.5, rel=0.1)
    tripped = living.receiver_state("cavity-1", 20_000.0)
    assert tripped.point.hemt_bias_ratio == pytest.approx(0.2)


def test_truth_has_the_wall_times_of_the_run(array_config):
    array = LivingArray(
        array_config, clock=SystemClock(), speed=100.0, scenario=TRIPPED
    )
    first, second = array.scenario_truth()
    begin, end = (datetime.fromisoformat(first[name]) for name in ("from", "to"))
    assert (end - begin).total_seconds() == pytest.approx(72.0)
    assert 170.0 < (begin - array.wall_time()).total_seconds() < 180.1
    assert second["severity"] == 1.0


def test_a_scenario_is_served(array_config):
    async def names():
        async with serve_array(array_config, scenario=TRIPPED) as served:
            return type(served.array), sorted(served.resources)

    kind, resources = asyncio.run(names())
    assert kind is LivingArray
    assert "vna-1" in resources
