import asyncio

import numpy as np
import pytest

READY = "SENS1:SWE:POIN 51;:SENS1:BWID 1000;:CALC1:PAR1:DEF S21"


def test_ena_trigger_single_is_waited_for_and_plain_trigger_is_not(on_desk):
    async def talk(desk):
        await desk.ask(f"{READY};:SENS1:BWID 10;:TRIG:SOUR BUS;:INIT1:CONT ON")
        await desk.ask("TRIG")
        at_once = await desk.ask("*OPC?")
        is_sweeping = desk.vna.channel(1).is_sweeping
        await desk.ask("ABOR;:TRIG:SING")
        waiting = asyncio.create_task(desk.ask("*OPC?"))
        done, _ = await asyncio.wait({waiting}, timeout=0.001)
        return at_once, is_sweeping, bool(done), await waiting

    assert on_desk("keysight_ena", talk) == ("+1", True, False, "+1")


def test_ena_channel_waits_for_its_next_trigger(on_desk):
    async def talk(desk):
        await desk.ask(f"{READY};:TRIG:SOUR BUS")
        for _ in range(3):
            await desk.ask("TRIG:SING;*OPC?")
        assert await desk.ask("INIT1:CONT?") == "1"
        await desk.ask("INIT1:CONT OFF;:INIT1;:TRIG:SING;*OPC?")
        armed_once = len(desk.vna.bench.ended)
        await desk.ask("TRIG:SOUR INT;:INIT1:CONT ON")
        continues = desk.vna.channel(1).is_sweeping
        await desk.ask("TRIG:SOUR BUS")
        return armed_once, continues, desk.vna.channel(1).is_sweeping

    assert on_desk("keysight_ena", talk) == (4, True, False)


def test_one_trigger_runs_the_whole_average_where_it_is_told_to(on_desk):
    async def talk(desk):
        await desk.ask(f"{READY};:SENS1:AVER ON;AVER:COUN 8;:TRIG:SOUR BUS")
        await desk.ask("TRIG:SING;*OPC?")
        alone = desk.vna.bench.ended[-1].averaging_count
        await desk.ask("TRIG:AVER ON;:TRIG:SING;*OPC?")
        return alone, desk.vna.bench.ended[-1].averaging_count

    assert on_desk("copper_mountain", talk) == (1, 8)


def test_scope_reaches_the_active_channel_alone(on_desk):
    async def talk(desk):
        await desk.ask("CALC2:PAR:COUN 1;:INIT2:CONT ON;:TRIG:SOUR BUS;:TRIG:SCOP ACT")
        await desk.ask("DISP:WIND2:ACT;:SENS2:SWE:POIN 11;:TRIG:SING;*OPC?")
        return [one.axis_hz.size for one in desk.vna.bench.ended]

    assert on_desk("copper_mountain", talk) == [11]


def test_rohde_schwarz_group_and_its_progress(on_desk):
    async def talk(desk):
        await desk.ask("INIT:CONT:ALL OFF;:SENS1:SWE:POIN 51;:SENS1:BAND 1000")
        await desk.ask("SENS1:AVER ON;AVER:COUN 4;:SENS1:SWE:COUN 4;:INIT1;*OPC?")
        done = await desk.ask("SENS1:AVER:COUN:CURR?;:CALC1:DATA:NSW:COUN?")
        await desk.ask("INIT:CONT:ALL ON")
        return done, desk.vna.bench.ended[-1].averaging_count, await desk.errors()

    assert on_desk("rohde_schwarz", talk) == ("4;4", 4, [])


def test_anritsu_holds_after_a_single_sweep(on_desk):
    async def talk(desk):
        await desk.ask("SENS1:SWE:POIN 51;:SENS1:BWID 1000")
        during = await desk.ask("SENS1:HOLD:FUNC SING;FUNC?")
        await desk.ask("*OPC?")
        after = await desk.ask(":SENS1:HOLD:FUNC?")
        await desk.ask(":TRIG:SING;*OPC?")
        await desk.ask(":SENS1:HOLD:FUNC SING;:TRIG:SING;*OPC?")
        return during, after, len(desk.vna.bench.ended)

    assert on_desk("anritsu_shockline", talk) == ("SING", "HOLD", 3)


def test_instant_sweeps_are_done_at_once_and_differ(on_desk):
    async def talk(desk):
        desk.vna.begin(READY.encode())
        desk.vna.begin(b"INIT1:CONT OFF;:TRIG:SOUR BUS")
        traces = []
        for _ in range(3):
            execution = desk.vna.begin(b"INIT1;:TRIG:SING;*OPC?")
            assert execution.is_done
            traces.append(desk.vna.channel(1).read("S21"))
        return traces

    one, two, three = on_desk("keysight_ena", talk, is_instant=True, is_noiseless=False)
    assert one.any()
    assert not np.array_equal(one, two)
    assert not np.array_equal(two, three)


def test_sweep_begins_anew_when_its_axis_changes(on_desk):
    async def talk(desk):
        await desk.ask(f"{READY};:INIT1:CONT OFF;:SENS1:BWID 100;:INIT1")
        await desk.ask("SENS1:SWE:POIN 21;*OPC?")
        return desk.vna.bench.ended[-1].axis_hz.size, len(desk.vna.bench.ended)

    assert on_desk("keysight_ena", talk) == (21, 1)


@pytest.mark.parametrize("display", ["MLOG", "POL"])
def test_formatted_data_of_an_ena_have_two_numbers_a_point(display, on_desk):
    async def talk(desk):
        await desk.ask(f"{READY};:INIT1:CONT OFF;:INIT1;*OPC?;:CALC1:FORM {display}")
        return await desk.numbers("CALC1:DATA:FDAT?")

    numbers = on_desk("keysight_ena", talk)
    assert numbers.size == 102
    assert numbers[1::2].any() == (display == "POL")


def test_operation_status_tells_sweeping_from_waiting(on_desk):
    async def talk(desk):
        sweeping = await desk.ask("STAT:OPER:COND?")
        waiting = await desk.ask("TRIG:SOUR BUS;:STAT:OPER:COND?")
        held = await desk.ask("INIT1:CONT OFF;:STAT:OPER:COND?")
        return sweeping, waiting, held

    assert on_desk("keysight_ena", talk) == ("+16", "+32", "+0")


def test_pna_has_a_bit_for_each_trace_whose_average_is_whole(on_desk):
    async def talk(desk):
        await desk.ask("SENS1:SWE:MODE HOLD;:CALC1:PAR:EXT 'w','S21'")
        await desk.ask("SENS1:AVER ON;AVER:COUN 2;:SENS1:SWE:GRO:COUN 2")
        await desk.ask("SENS1:SWE:MODE SING;*OPC?")
        half = await desk.ask("STAT:OPER:AVER1:COND?")
        await desk.ask("SENS1:AVER:CLE;:SENS1:SWE:MODE GRO;*OPC?")
        return half, await desk.ask("STAT:OPER:AVER1:COND?")

    assert on_desk("keysight_pna", talk) == ("+0", "+6")
