"""What the owner of a VNA allows is kept; what a family cannot do is said."""

from dataclasses import replace

import pytest

from instruments.errors import SettingRefusedError
from instruments.measurement import SweepSegment
from instruments.transport import Exchange, ReplayWire
from instruments.vna import (
    DIALECTS,
    ReferenceRule,
    VectorNetworkAnalyzer,
    VnaRules,
)
from instruments.vna.readback import check_segments


def ruled(pna, clock, **rules):
    vna = VectorNetworkAnalyzer(pna, clock=clock, rules=VnaRules(**rules))
    vna.connect()
    return vna


def test_too_much_power_never_reaches_the_instrument(pna, clock, wide_plan):
    vna = ruled(pna, clock, max_source_power_dbm=-30.0)
    sent = len(pna.sent)
    with pytest.raises(SettingRefusedError, match="max_source_power_dbm allows -30"):
        vna.acquire(wide_plan)
    hot = SweepSegment(
        start_frequency_hz=wide_plan.start_frequency_hz,
        stop_frequency_hz=wide_plan.stop_frequency_hz,
        point_count=wide_plan.point_count,
        source_power_dbm=0.0,
    )
    with pytest.raises(SettingRefusedError, match="is 0"):
        vna.configure(replace(wide_plan, source_power_dbm=-40.0, segments=(hot,)))
    assert len(pna.sent) == sent


def test_too_many_points_never_reach_the_instrument(pna, clock, wide_plan):
    vna = ruled(pna, clock, max_point_count=10)
    with pytest.raises(SettingRefusedError, match="max_point_count allows 10"):
        vna.acquire(wide_plan)


def test_source_is_off_between_sweeps_where_the_rules_say_so(pna, clock, wide_plan):
    vna = ruled(pna, clock, rf_idle="off")
    for _ in range(2):
        sweep = vna.acquire(wide_plan)
        assert "rf_off" not in sweep.flags
        assert pna.state["OUTP"] == "0"
    assert any(m.startswith("OUTP 1;:SENS30:SWE:MODE SING") for m in pna.sent)


def test_quiet_is_one_message_and_the_next_sweep_is_driven_again(pna, clock, wide_plan):
    vna = ruled(pna, clock)
    vna.acquire(wide_plan)
    pna.sent.clear()
    assert vna.quiet()
    assert pna.sent == ["SENS30:SWE:MODE HOLD;:OUTP 0;*OPC?"]
    assert "rf_off" not in vna.acquire(wide_plan).flags
    assert pna.state["OUTP"] == "1"
    vna.switch_rf(is_on=False)
    assert pna.state["OUTP"] == "0"


def test_source_that_stays_off_is_told(pna, clock, wide_plan):
    vna = ruled(pna, clock)
    pna.overrides["OUTP?"] = "0"
    sweep = vna.acquire(wide_plan)
    assert sweep.flags == ("rf_off", "settings_drift")


def test_settings_that_drift_twice_are_no_sweep(pna, clock, wide_plan):
    vna = ruled(pna, clock)
    answers = iter(["10", "30"] * 2)
    pna.overrides["SENS30:BWID?"] = lambda: next(answers)
    with pytest.raises(SettingRefusedError, match="somebody changed it"):
        vna.acquire(wide_plan)


def test_preset_is_sent_only_if_asked(pna, clock, wide_plan):
    ruled(pna, clock)
    assert not any("PRES" in message for message in pna.sent)
    pna.overrides["SYST:PRES"] = None
    ruled(pna, clock, preset_on_connect=True)
    assert "SYST:PRES;*OPC?" in pna.sent


def test_instrument_is_left_as_it_is_where_the_rules_say_so(pna, clock, wide_plan):
    vna = ruled(pna, clock, restore_on_release=False)
    vna.acquire(wide_plan)
    before = dict(pna.state)
    vna.release()
    assert pna.state == before


def test_reference_that_no_command_selects_is_refused(pna, clock):
    with pytest.raises(SettingRefusedError, match="leave reference out"):
        ruled(pna, clock, reference=ReferenceRule(source="external"))


def test_source_that_no_command_switches_cannot_idle_off(clock):
    wire = ReplayWire([Exchange("*IDN?", "Siglent Technologies,SNA5084A,SN1,2.3")])
    vna = VectorNetworkAnalyzer(wire, clock=clock, rules=VnaRules(rf_idle="off"))
    with pytest.raises(SettingRefusedError, match="set rf_idle to hold"):
        vna.connect()


def segmented(plan, *rows):
    segments = tuple(
        SweepSegment(start_frequency_hz=a, stop_frequency_hz=b, point_count=n, **more)
        for a, b, n, more in rows
    )
    return replace(
        plan,
        start_frequency_hz=segments[0].start_frequency_hz,
        stop_frequency_hz=segments[-1].stop_frequency_hz,
        point_count=sum(one.point_count for one in segments),
        segments=segments,
    )


@pytest.mark.parametrize(
    ("name", "rows", "reason"),
    [
        ("librevna", [(1e9, 2e9, 5, {})], "takes no segments"),
        ("keysight_ena", [(1e9, 1e9, 1, {}), (2e9, 3e9, 5, {})], "2 points"),
        ("siglent_sna", [(1e9, 2e9, 5, {"source_power_dbm": 0.0})], "of a segment's"),
        (
            "keysight_ena",
            [(1e9 + n * 10, 1e9 + n * 10 + 5, 2, {}) for n in range(202)],
            "takes 201 segments, the plan has 202",
        ),
    ],
)
def test_segments_that_a_family_does_not_take_are_refused(
    wide_plan, name, rows, reason
):
    (dialect,) = [one for one in DIALECTS if one.name == name]
    with pytest.raises(SettingRefusedError, match=reason):
        check_segments(dialect, segmented(wide_plan, *rows))
