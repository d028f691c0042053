"""What a VNA sees follows from ports and switches."""

import numpy as np
import pytest

from instruments.array.config import ArrayConfig
from instruments.simulation.array import EmulatedArray
from instruments.simulation.routing import RoutedSnapshot
from instruments.simulation.snapshot import Snapshot

AXIS_HZ = np.linspace(4.0e9, 8.0e9, 51)
POWER = {"source_power_dbm": -20.0}


def document(**second):
    expected = {"resonant_frequency_hz": 5.1e9, "loaded_q": 8000, "coupling_beta": 1.5}
    return {
        "schema_version": 1,
        "array": {"name": "routed"},
        "instruments": {
            "vna": {"vna-1": {"resource": "TCPIP::vna::INSTR"}},
            "switch": {
                "relays": {
                    "driver": "keysight_34980a",
                    "resource": "TCPIP::switch::INSTR",
                    "elements": {"A": {"1": [], "2": [1101]}},
                }
            },
        },
        "routes": {"left": {"relays": {"A": "1"}}, "right": {"relays": {"A": "2"}}},
        "sweeps": {
            "t": {
                "purpose": "transmission",
                "s_parameters": ["S21", "S11"],
                "point_count": 11,
            }
        },
        "schedule": {"t": {"period_s": 1.0}},
        "cavities": {
            "one": {"vna": "vna-1", "expected": expected},
            "two": {"vna": "vna-1", "expected": expected, **second},
        },
    }


def array_of(mapping, clock):
    return EmulatedArray(ArrayConfig.model_validate(mapping), clock=clock)


def truth(array, cavity, name):
    return array.snapshot(cavity, 0.0, 1).response(AXIS_HZ, [name], **POWER)[name]


def test_cavities_at_different_ports_are_seen_at_once(clock):
    array = array_of(document(ports={1: 3, 2: 4}), clock)
    seen = array.seen_by("vna-1", 0.0, 1)
    assert isinstance(seen, RoutedSnapshot)
    traces = seen.response(AXIS_HZ, ["S21", "S43", "S33", "S31"], **POWER)
    np.testing.assert_array_equal(traces["S21"], truth(array, "one", "S21"))
    np.testing.assert_array_equal(traces["S43"], truth(array, "two", "S21"))
    assert not traces["S31"].any()


def test_ports_of_one_cavity_are_named_by_the_vna(clock):
    mapping = document(ports={1: 3, 2: 4})
    mapping["cavities"]["one"]["ports"] = {1: 1, 2: 2}
    array = array_of(mapping, clock)
    traces = array.seen_by("vna-1", 0.0, 1).response(
        AXIS_HZ, ["S21", "S43", "S33", "S31", "S44"], **POWER
    )
    np.testing.assert_array_equal(traces["S21"], truth(array, "one", "S21"))
    np.testing.assert_array_equal(traces["S43"], truth(array, "two", "S21"))
    np.testing.assert_array_equal(traces["S33"], truth(array, "two", "S11"))
    assert not traces["S31"].any()


def test_free_port_reflects_everything_and_passes_nothing(clock):
    mapping = document(enabled=False)
    mapping["cavities"]["one"]["ports"] = {1: 1, 2: 2}
    array = array_of(mapping, clock)
    seen = array.seen_by("vna-1", 0.0, 1)
    traces = seen.response(AXIS_HZ, ["S33", "S31"], **POWER)
    assert np.all(traces["S33"] == 1.0)
    assert np.all(traces["S31"] == 0.0)


def test_relay_under_way_connects_nothing(clock):
    mapping = document(route="right")
    mapping["cavities"]["one"]["route"] = "left"
    array = array_of(mapping, clock)
    assert {cavity for _, cavity, _ in array.view("vna-1")} == {"one"}
    array.boxes["relays"].move("1101", "1")
    clock.step(1.0)
    assert {cavity for _, cavity, _ in array.view("vna-1")} == {"two"}


@pytest.mark.parametrize("enabled", [True, False])
def test_single_cavity_is_seen_straight(enabled, clock):
    mapping = document()
    mapping["cavities"].pop("two")
    mapping["cavities"]["one"]["enabled"] = enabled
    assert isinstance(array_of(mapping, clock).seen_by("vna-1", 0.0, 1), Snapshot)
