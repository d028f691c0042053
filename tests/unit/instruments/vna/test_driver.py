"""The driver against a PNA in memory: what it sets, reads, refuses and restores."""

import math
from dataclasses import replace

import numpy as np
import pytest

from instruments.errors import (
    GarbledReplyError,
    IdentityMismatchError,
    InstrumentError,
    InstrumentTimeoutError,
    ScpiError,
    SettingRefusedError,
)
from instruments.measurement import SweepPurpose
from instruments.vna import VectorNetworkAnalyzer


def connected(wire, clock, **options):
    vna = VectorNetworkAnalyzer(wire, clock=clock, **options)
    vna.connect()
    return vna


def test_connect_changes_nothing(pna, clock):
    before = dict(pna.state)
    pna.errors = ['-113,"Undefined header"', '-222,"Data out of range"']
    vna = connected(pna, clock)
    assert vna.identity.serial == "MY0001"
    assert pna.state == before
    assert all("?" in message for message in pna.sent)
    assert pna.errors == []


def test_sweep_has_the_instruments_numbers(pna, clock, wide_plan):
    vna = connected(pna, clock)
    started = clock.now()
    sweep = vna.acquire(wide_plan)
    assert sweep.purpose is SweepPurpose.WIDE
    assert np.array_equal(sweep.frequency_hz, pna.axis())
    assert list(sweep.traces) == ["S21", "S23", "S11"]
    for name, trace in sweep.traces.items():
        assert trace.dtype == np.complex64
        assert np.array_equal(trace, pna.trace(name).astype(np.complex64))
    assert sweep.settings.if_bandwidth_hz == 10.0
    assert sweep.settings.sweep_time_s == pytest.approx(1.1)
    assert sweep.instrument.model == "N5222B"
    # Two source ports, 11 points at 10 Hz each, and at most one poll more.
    assert 2.2 <= (sweep.measured_at - started).total_seconds() < 2.4


def test_settings_travel_as_one_message(pna, clock, narrow_plan):
    vna = connected(pna, clock)
    pna.sent.clear()
    vna.configure(narrow_plan)
    assert len(pna.sent) == 1
    assert ";:OUTP 1;*OPC?;:SENS30:FREQ:STAR?;" in pna.sent[0]
    assert pna.sent[0].endswith(";:SYST:ERR?")


def test_plan_that_is_set_costs_one_message_and_one_a_trace(pna, clock, wide_plan):
    plan = replace(wide_plan, if_bandwidth_hz=1e6)
    vna = connected(pna, clock)
    vna.acquire(plan)
    pna.sent.clear()
    vna.acquire(replace(plan, cavity="cavity-2"))
    assert len(pna.sent) == 1 + len(plan.s_parameters)
    assert pna.sent[0].startswith("SENS30:SWE:MODE SING;*OPC?;:SENS30:SWE:MODE?;")


def test_averaged_sweep_waits_for_every_pass(pna, clock, narrow_plan):
    vna = connected(pna, clock)
    started_s = clock.monotonic_s()
    sweep = vna.acquire(narrow_plan)
    assert clock.monotonic_s() - started_s >= 4 * 5 / 100
    assert sweep.settings.averaging_count == 4
    assert "SENS30:AVER:CLE;:SENS30:SWE:MODE GRO" in pna.sent


def test_only_the_traces_of_the_plan_are_swept(pna, clock, wide_plan, narrow_plan):
    vna = connected(pna, clock)
    vna.acquire(wide_plan)
    vna.acquire(narrow_plan)
    assert pna.traces == {"HALO_S21": "S21"}
    defining = [message for message in pna.sent if "PAR:EXT" in message]
    vna.acquire(narrow_plan)
    assert [message for message in pna.sent if "PAR:EXT" in message] == defining


def test_traces_of_a_session_that_broke_are_taken_over(pna, clock, narrow_plan):
    pna.traces = {"HALO_S21": "S21"}
    connected(pna, clock).acquire(narrow_plan)
    assert not any("PAR:EXT" in message for message in pna.sent)


def test_release_gives_the_front_panel_back(pna, clock, wide_plan):
    shared = ("FORM", "FORM:BORD", "OUTP", "TRIG:SOUR")
    operators = (*shared, "SENS1:SWE:MODE", "SENS2:SWE:MODE")
    before = {name: pna.state[name].replace("+", "") for name in operators}
    with VectorNetworkAnalyzer(pna, clock=clock) as vna:
        vna.acquire(wide_plan)
        assert pna.state["SENS1:SWE:MODE"] == "HOLD"
        assert pna.state["OUTP"] == "1"
    assert {name: pna.state[name] for name in operators} == before
    assert pna.traces == {}


def test_earlier_snapshot_survives_a_broken_session(pna, clock, wide_plan):
    first = connected(pna, clock)
    first.acquire(wide_plan)
    second = connected(pna, clock, snapshot=first.snapshot)
    second.release()
    assert pna.state["SENS1:SWE:MODE"] == "CONT"
    assert pna.state["OUTP"] == "0"


def test_other_serial_number_is_refused(pna, clock):
    with pytest.raises(IdentityMismatchError, match=r"MY0001.*expects MY0002"):
        connected(pna, clock, expected_serial="MY0002")
    connected(pna, clock, expected_serial="MY0001")


def test_unknown_family_is_refused_unless_named(pna, clock):
    pna.overrides["*IDN?"] = "Acme,VNA-1,1,1"
    with pytest.raises(IdentityMismatchError, match="keysight_pna"):
        connected(pna, clock)
    connected(pna, clock, dialect="keysight_pna")


def test_unconnected_instrument_measures_nothing(pna, clock, wide_plan):
    vna = VectorNetworkAnalyzer(pna, clock=clock)
    with pytest.raises(InstrumentError, match="connect"):
        vna.acquire(wide_plan)
    vna.release()
    assert pna.sent == []


@pytest.mark.parametrize(
    ("override", "setting"),
    [
        ({"SENS30:FREQ:STAR?": "4000000100"}, "start_frequency_hz"),
        ({"SENS30:SWE:POIN?": "+201"}, "point_count"),
        ({"SENS30:BWID?": "15"}, "if_bandwidth_hz"),
        ({"SOUR30:POW1?": "-5"}, "source_power_dbm"),
        ({"SENS30:SWE:TYPE?": "LOG"}, "sweep type"),
        ({"SENS30:AVER:STAT?": "1"}, "averaging"),
    ],
)
def test_setting_that_reads_back_otherwise_is_refused(
    pna, clock, wide_plan, override, setting
):
    vna = connected(pna, clock)
    pna.overrides.update(override)
    with pytest.raises(SettingRefusedError, match=setting):
        vna.acquire(wide_plan)


def test_error_of_the_instrument_stops_the_plan(pna, clock, wide_plan):
    vna = connected(pna, clock)
    pna.errors = ['-222,"Data out of range"']
    with pytest.raises(ScpiError, match="Data out of range"):
        vna.acquire(wide_plan)


def test_error_queue_that_never_empties_is_bounded(pna, clock):
    pna.overrides["SYST:ERR?"] = '-350,"Queue overflow"'
    with pytest.raises(ScpiError, match="never empties"):
        connected(pna, clock)
    assert pna.sent.count("SYST:ERR?") == 50


def test_sweep_that_never_ends_times_out(pna, clock, wide_plan):
    vna = connected(pna, clock)
    pna.overrides["SENS30:SWE:MODE?"] = "SING"
    started_s = clock.monotonic_s()
    with pytest.raises(InstrumentTimeoutError, match="has not ended"):
        vna.acquire(wide_plan)
    assert 5.0 <= clock.monotonic_s() - started_s < 5.3


def test_sweep_that_somebody_stops_is_refused(pna, clock, wide_plan):
    vna = connected(pna, clock)
    pna.overrides["SENS30:SWE:MODE?"] = "HOLD"
    with pytest.raises(GarbledReplyError, match="somebody stopped it"):
        vna.acquire(wide_plan)


def test_emulated_time_shortens_the_wait(pna, clock, wide_plan):
    vna = connected(pna, clock, time_scale=10.0)
    pna.overrides["SENS30:SWE:MODE?"] = "SING"
    started_s = clock.monotonic_s()
    with pytest.raises(InstrumentTimeoutError):
        vna.acquire(wide_plan)
    assert 2.0 <= clock.monotonic_s() - started_s < 2.2


def test_longer_sweep_time_that_the_instrument_announces_is_waited_for(
    pna, clock, wide_plan
):
    pna.sweep_time_s = 20.0
    vna = connected(pna, clock)
    pna.overrides["SENS30:SWE:MODE?"] = "SING"
    started_s = clock.monotonic_s()
    with pytest.raises(InstrumentTimeoutError):
        vna.acquire(wide_plan)
    assert 60.0 <= clock.monotonic_s() - started_s < 60.3


def spoiled(pna, spoil):
    def reply():
        numbers = pna.trace("S21").astype("<c16").copy()
        return spoil(numbers)

    return reply


@pytest.mark.parametrize(
    "spoil",
    [
        lambda z: z[:-1].tobytes(),
        lambda z: z.tobytes()[:-3],
        lambda z: np.concatenate([z, z]).tobytes(),
        lambda z: (z * math.nan).tobytes(),
        lambda z: (z * 0 + 9.91e37).tobytes(),
        lambda z: z.astype(">c16").tobytes(),
        lambda z: (z * 1e12).tobytes(),
    ],
)
def test_data_that_cannot_be_true_is_garbled(pna, clock, wide_plan, spoil):
    vna = connected(pna, clock)
    pna.overrides["CALC30:DATA? SDATA"] = spoiled(pna, spoil)
    with pytest.raises(GarbledReplyError):
        vna.acquire(wide_plan)


def wide_axis(plan):
    return np.linspace(
        plan.start_frequency_hz, plan.stop_frequency_hz, plan.point_count
    )


def test_axis_that_is_not_the_plans_is_told(pna, clock, wide_plan):
    vna = connected(pna, clock)
    axis = wide_axis(wide_plan) * 1.0001
    pna.overrides["SENS30:X?"] = axis.tobytes()
    sweep = vna.acquire(wide_plan)
    assert np.array_equal(sweep.frequency_hz, axis)
    assert sweep.flags == ("axis_mismatch", "settings_drift")
    assert pna.sent.count("SENS30:X?") == 2
    del pna.overrides["SENS30:X?"]
    assert "axis_mismatch" not in vna.acquire(wide_plan).flags


def test_axis_that_falls_in_between_is_garbled(pna, clock, wide_plan):
    def folded():
        axis = pna.axis()
        axis[3], axis[4] = axis[4], axis[3]
        return axis.tobytes()

    vna = connected(pna, clock)
    pna.overrides["SENS30:X?"] = folded
    with pytest.raises(GarbledReplyError, match="rise strictly"):
        vna.acquire(wide_plan)


def test_other_answer_to_opc_is_garbled(pna, clock, wide_plan):
    vna = connected(pna, clock)
    pna.overrides["*OPC?"] = "Keysight"
    with pytest.raises(GarbledReplyError, match="OPC"):
        vna.acquire(wide_plan)


def test_listener_is_called_often_and_may_give_up(pna, clock, wide_plan):
    calls = []
    vna = connected(pna, clock)
    vna.acquire(wide_plan, on_wait=lambda: calls.append(clock.monotonic_s()))
    assert np.diff(calls).max() <= 0.1 + 1e-9

    def give_up():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vna.acquire(wide_plan, on_wait=give_up)


def test_trace_of_another_path_is_named_without_a_colon(pna, clock, narrow_plan):
    plan = replace(narrow_plan, s_parameters=("S21:reflection",))
    sweep = connected(pna, clock).acquire(plan)
    assert list(sweep.traces) == ["S21:reflection"]
    assert pna.traces == {"HALO_S21_reflection": "S21"}
