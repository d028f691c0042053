"""What can be wrong inside a VNA, switch by switch."""

from datetime import UTC, datetime

import numpy as np
import pytest

from instruments.simulation.faults import Fault, FaultKind

READY = (
    "SENS1:SWE:MODE HOLD;:SENS1:FREQ:STAR 4e9;STOP 6e9;:SENS1:SWE:POIN 51;"
    ":SENS1:BWID 1000;:CALC1:PAR:EXT 'w','S21'"
)
SINGLE = "SENS1:SWE:MODE SING;*OPC?"
DATA = "CALC1:DATA? SDATA"


def fault(kind, count=None):
    return Fault(
        kind=FaultKind(kind),
        severity=1.0,
        onset_s=0.0,
        injected_at=datetime(2026, 11, 1, tzinfo=UTC),
        cavity="cavity-1",
        reply_count=count,
    )


@pytest.fixture
def on_pna(on_desk):
    def run(talk, **options):
        async def ready(desk):
            await desk.ask(READY)
            await desk.ask(SINGLE)
            return await talk(desk)

        return on_desk("keysight_pna", ready, **options)

    return run


async def block(desk):
    await desk.ask("FORM REAL,64;:FORM:BORD SWAP")
    raw = await desk.raw(DATA)
    digits = int(raw[1:2])
    assert len(raw) == 2 + digits + int(raw[2 : 2 + digits]) + 1
    return raw[2 + digits : -1]


def test_wrong_endian_swaps_one_block(on_pna):
    async def talk(desk):
        desk.faults.add(fault("wrong_endian", 1))
        return await block(desk), await block(desk)

    spoilt, whole = on_pna(talk)
    np.testing.assert_array_equal(np.frombuffer(spoilt, ">f8"), np.frombuffer(whole))


def test_wrong_length_leaves_the_last_point_out(on_pna):
    async def talk(desk):
        desk.faults.add(fault("wrong_length", 1))
        return await block(desk), await block(desk)

    spoilt, whole = on_pna(talk)
    assert spoilt == whole[:-16]


@pytest.mark.parametrize(
    ("kind", "is_bad", "share"),
    [
        ("not_a_number", np.isnan, 1 / 102),
        ("missing_points", lambda values: values == 9.91e37, 0.5),
    ],
)
def test_numbers_that_are_none(kind, is_bad, share, on_pna):
    async def talk(desk):
        desk.faults.add(fault(kind, 2))
        binary = np.frombuffer(await block(desk))
        await desk.ask("FORM ASC,0")
        text = await desk.numbers(DATA)
        return binary, text, await desk.numbers(DATA)

    binary, text, whole = on_pna(talk)
    assert np.mean(is_bad(binary)) == pytest.approx(share)
    assert np.mean(text == 9.91e37) == pytest.approx(share)
    assert np.abs(whole).max() < 10


def test_repeated_trace_is_that_of_the_sweep_before(on_pna):
    async def talk(desk):
        first = await desk.numbers(DATA)
        desk.faults.add(fault("repeated_trace", 1))
        await desk.ask(SINGLE)
        repeated = await desk.numbers(DATA)
        await desk.ask(SINGLE)
        return first, repeated, await desk.numbers(DATA)

    first, repeated, fresh = on_pna(talk, is_noiseless=False)
    np.testing.assert_array_equal(first, repeated)
    assert not np.array_equal(repeated, fresh)


def test_averages_are_cut_short_once(on_pna):
    async def talk(desk):
        counts = []
        await desk.ask("SENS1:AVER ON;AVER:COUN 8;:SENS1:SWE:GRO:COUN 8")
        desk.faults.add(fault("averages_short", 1))
        for _ in range(2):
            await desk.ask("SENS1:AVER:CLE;:SENS1:SWE:MODE GRO;*OPC?")
            counts.append(desk.vna.bench.ended[-1].averaging_count)
        return counts

    assert on_pna(talk) == [1, 8]


def test_source_stays_off_whatever_it_is_told(on_pna):
    async def talk(desk):
        desk.faults.add(fault("rf_off"))
        await desk.ask(f"OUTP ON;:{SINGLE}")
        dark, told = await desk.numbers(DATA), await desk.ask("OUTP?")
        desk.faults.remove(FaultKind.RF_OFF)
        await desk.ask(SINGLE)
        return dark, told, await desk.numbers(DATA), await desk.ask("OUTP?")

    dark, told, lit, after = on_pna(talk)
    assert not dark.any()
    assert lit.any()
    assert (told, after) == ("0", "1")


def test_lost_reference_is_told_and_moves_the_axis(on_desk):
    async def talk(desk):
        desk.faults.add(fault("reference_unlocked"))
        told = await desk.ask("STAT:QUES:INT:HARD?")
        await desk.ask("INIT1:CONT OFF;:INIT1;*OPC?")
        off = desk.vna.bench.ended[-1]
        found = off.trace("S11")
        return told, found, desk.truth("S11")

    told, found, truth = on_desk("rohde_schwarz", talk)
    assert told == "2"
    assert not np.array_equal(found, truth)
    np.testing.assert_allclose(found, truth, atol=0.05)


def test_front_panel_moves_settings_between_and_within_sweeps(on_pna):
    async def talk(desk):
        desk.faults.add(fault("front_panel"))
        between = await desk.ask("SENS1:BWID?;:SENS1:FREQ:STOP?")
        desk.faults.add(fault("front_panel_in_sweep", 1))
        await desk.ask(SINGLE)
        swept = desk.vna.bench.ended[-1]
        await desk.ask(SINGLE)
        return between, swept, desk.vna.bench.ended[-1]

    between, swept, last = on_pna(talk)
    assert between == "+3.00000000000E+003;+5.80000000000E+009"
    assert swept.if_bandwidth_hz == last.if_bandwidth_hz == 10e3
    assert swept.axis_hz[-1] == pytest.approx(5.62e9)


def test_errors_appear_of_their_own_accord(on_pna):
    async def talk(desk):
        desk.faults.add(fault("error_entry", 2))
        return await desk.errors()

    assert on_pna(talk) == [-310, -310]


def test_power_cycle_loses_settings_and_tells_of_it(on_pna):
    async def talk(desk):
        await desk.ask("*CLS;*ESE 1")
        desk.faults.add(fault("power_cycle"))
        return await desk.ask("SENS1:SWE:POIN?;*ESR?;*ESE?;:SENS1:SWE:MODE?")

    assert on_pna(talk) == "+201;+128;+0;CONT"
