"""Starts are spread, plans follow the mode, fine points come as the VNA can."""

import pytest

from instruments.array.config import ArrayConfig
from instruments.measurement import SegmentLimits
from instruments.polling import ModePosition, ResonanceTracker
from instruments.polling.sweeping.planning import Planner
from instruments.polling.sweeping.rhythms import rhythms_of


def config_of(vnas, **sweeps):
    return ArrayConfig.model_validate(
        {
            "schema_version": 1,
            "array": {"name": "a"},
            "instruments": {
                "vna": {
                    name: {"resource": f"TCPIP::{name}::1::SOCKET"} for name in vnas
                },
                "switch": {
                    "matrix": {
                        "driver": "dow_key",
                        "resource": "TCPIP::h::2::SOCKET",
                        "elements": {"1": 6},
                    }
                },
            },
            "routes": {
                f"r{number}": {"matrix": {"1": str(number)}} for number in range(1, 7)
            },
            "sweeps": sweeps or {"narrow": NARROW, "wide": WIDE},
            "schedule": {
                "wide": {"period_s": 60, "offsets_s": [0, 10], "priority": 2},
                "narrow": {"period_s": 12, "phase_s": 5, "late_after_s": 0.5},
            },
            "cavities": {
                cavity: {
                    "vna": vna,
                    "route": f"r{number}",
                    "expected": {"resonant_frequency_hz": 5e9, "loaded_q": 1e4},
                }
                for vna, cavities in vnas.items()
                for number, cavity in enumerate(cavities, 1)
            },
        }
    )


NARROW = {
    "purpose": "transmission",
    "s_parameters": ["S21"],
    "point_count": 21,
    "spacing": "phase",
}
WIDE = {
    "purpose": "wide",
    "s_parameters": ["S21"],
    "start_frequency_hz": 4e9,
    "stop_frequency_hz": 8e9,
    "point_count": 101,
    "fine": {"point_count": 21},
}
LIMITS = SegmentLimits(max_segment_count=201, least_point_count=1)


def test_starts_are_spread_and_those_of_one_vna_lie_far_apart():
    rhythms = rhythms_of(config_of({"v": ["a", "b"], "w": ["c", "d"]}))
    assert rhythms.keys() == {"v", "w"}
    phases = {
        cavity: rhythms[vna][cavity, "wide"].phase_s
        for vna, cavities in {"v": "ab", "w": "cd"}.items()
        for cavity in cavities
    }
    assert phases == {"a": 0.0, "c": 3.0, "b": 6.0, "d": 9.0}
    narrow = rhythms["w"]["d", "narrow"]
    assert (narrow.phase_s, narrow.late_after_s) == (14.0, 0.5)
    wide = rhythms["w"]["d", "wide"]
    assert (wide.offsets_s, wide.priority) == ((0.0, 10.0), 2)


@pytest.fixture
def tracker(clock):
    mode = ModePosition(resonant_frequency_hz=5e9, loaded_q=1e4)
    return ResonanceTracker({"a": mode}, clock=clock)


def test_plan_is_made_anew_only_when_the_mode_has_moved(tracker):
    planner = Planner(config_of({"v": ["a"]}), tracker)
    first = planner.plans("a", "narrow", None)
    assert planner.plans("a", "narrow", None) is first
    fit = {"state": "ok", "resonant_frequency_hz": 5.001e9, "loaded_q": 1e4}
    assert tracker.follow("a", fit)
    (moved,) = planner.plans("a", "narrow", None)
    assert moved.start_frequency_hz < 5.001e9 < moved.stop_frequency_hz
    assert moved != first[0]


def test_phase_spacing_needs_a_segment_table(tracker):
    planner = Planner(config_of({"v": ["a"]}), tracker)
    (even,) = planner.plans("a", "narrow", LIMITS)
    assert len(even.segments) == 21
    (plain,) = planner.plans("a", "narrow", None)
    assert plain.segments == ()
    assert plain.point_count == even.point_count


def test_fine_points_come_in_one_plan_or_in_two(tracker):
    planner = Planner(config_of({"v": ["a"]}), tracker)
    (one,) = planner.plans("a", "wide", LIMITS)
    assert one.point_count == 101
    assert one.segments
    wide, narrow = planner.plans("a", "wide", None)
    assert (wide.point_count, narrow.point_count) == (80, 21)
    assert narrow.start_frequency_hz < 5e9 < narrow.stop_frequency_hz
