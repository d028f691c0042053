import numpy as np
import pytest

from instruments.array import ArrayConfig
from instruments.errors import ArrayConfigError
from instruments.simulation.failures import Scope
from instruments.simulation.life import HEALTHY, Life
from instruments.simulation.scenarios import (
    ScenarioError,
    parse_scenario,
    shipped_scenarios,
    stage,
)

HEAD = """\
schema_version: 1
scenario: {title: Test, story: A story.}
duration_s: 86400
"""


def staged(array_config, text, seed=1):
    return stage(parse_scenario(HEAD + text, name="test"), array_config, seed=seed)


@pytest.mark.parametrize("scenario", shipped_scenarios(), ids=lambda one: one.name)
def test_shipped_scenarios_play_on_any_array_of_two(scenario, array_config):
    plan = stage(scenario, array_config, seed=1)
    life = Life(plan)
    shown = set()
    for place in plan.places:
        times = np.linspace(0.0, plan.duration_s, 40)
        shown |= set(life.sample(place.name, times).condition)
    told = {event.failure.name for event in plan.events}
    assert shown == told | {HEALTHY}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "failures: [{failure: hot_rod, cavity: cavity-7, from_s: 1}]\n",
            (
                "line 4: failures.0.cavity: cavity-7 is no cavity of the array "
                r"\(cavity-1, cavity-2\)"
            ),
        ),
        (
            'failures: [{failure: hot_rod, cavity: "#3", from_s: 1}]\n',
            "#3 is more than the array's 2 cavities",
        ),
        (
            "failures: [{failure: wrong_power, vna: vna-9, from_s: 1}]\n",
            "vna-9 is no VNA of the array",
        ),
        ("plates: {top: [cavity-1, cavity-1]}\n", "already on plate top"),
        (
            (
                'failures: [{failure: swapped_cables, cavity: "#1",'
                " neighbour: cavity-1, from_s: 1}]\n"
            ),
            "must be another cavity",
        ),
        (
            (
                'failures: [{failure: loose_connector, cavity: "#1", from_s: 1,'
                " settings: {line: washing_line}}]\n"
            ),
            "washing_line is no line; there are weak_line",
        ),
        (
            (
                'failures: [{failure: loose_connector, cavity: "#1", from_s: 1,'
                " settings: {connector_index: 99}}]\n"
            ),
            "connector_index of bypass_line must be 0 to",
        ),
        (
            (
                'failures: [{failure: mode_crossing, cavity: "#1", from_s: 1,'
                " settings: {mode_index: 17}}]\n"
            ),
            "mode_index must lie from 1 to 3",
        ),
        (
            (
                'failures: [{failure: vna_glitch, vna: "#1", from_s: 1,'
                " settings: {kind: gremlins}}]\n"
            ),
            "gremlins",
        ),
    ],
)
def test_what_the_array_does_not_have_is_one_sentence(array_config, text, expected):
    with pytest.raises(ScenarioError, match=expected) as caught:
        staged(array_config, text)
    assert "\n" not in str(caught.value)
    assert "line " in str(caught.value)


def test_scope_decides_who_has_it(array_config):
    text = """\
plates: {top: [cavity-2]}
failures:
  - {failure: four_kelvin_plate_warming, plate: top, from_s: 0}
  - {failure: fridge_warm_up, from_s: 0}
  - {failure: wrong_power, vna: vna-1, from_s: 0}
"""
    plan = staged(array_config, text)
    found = {event.failure.scope: event for event in plan.events}
    assert found[Scope.PLATE].cavities == ("cavity-2",)
    assert found[Scope.PLATE].where == "top"
    assert found[Scope.ARRAY].cavities == ("cavity-1", "cavity-2")
    assert found[Scope.VNA].cavities == ("cavity-1",)


def test_settings_change_what_a_failure_does(array_config):
    text = (
        'failures: [{failure: circulator_stray_field, cavity: "#1", from_s: 0,'
        " ramp_s: 0, settings: {full_field_tesla: -0.02}}]\n"
    )
    sample = Life(staged(array_config, text)).sample("cavity-1", [60.0])
    assert sample.point.magnetic_field_tesla[0] == pytest.approx(-0.02)


def test_thermal_cycles_are_named_and_mated_again(array_config):
    text = "fridge: {thermal_cycles: [{at_s: 40000, warm_up_s: 1000}]}\n"
    plan = staged(array_config, text)
    sample = Life(plan).sample("cavity-1", [39_000.0, 50_000.0])
    assert sample.thermal_cycle.tolist() == ["first", "first-2"]
    assert sample.situation(0).hardware != sample.situation(1).hardware


def test_a_mode_outside_of_the_band_is_refused(make_array_mapping):
    mapping = make_array_mapping(1)
    mapping["cavities"]["cavity-1"]["expected"]["resonant_frequency_hz"] = 9e9
    with pytest.raises(ArrayConfigError, match=r"9e\+09 Hz lies outside"):
        staged(ArrayConfig.model_validate(mapping), "")
