import asyncio

import numpy as np
import pytest

from instruments.clock import SystemClock
from instruments.simulation.array import EmulatedArray
from instruments.simulation.vna.encoding import write_number
from instruments.simulation.vna.families.keysight_pna import N5224B
from instruments.simulation.vna.instrument import build_vna


class SteppedClock(SystemClock):
    """Stands still until it is told to move."""

    elapsed_s = 0.0

    def monotonic_s(self):
        return self.elapsed_s


class Bench:
    """A PNA on the desk: send, ask, read."""

    def __init__(self, config, speed, clock, vna="vna-1"):
        self.clock = clock
        self.array = EmulatedArray(config, clock=clock, speed=speed)
        self.pna = build_vna(self.array, vna)

    async def ask(self, message):
        reply = await asyncio.wait_for(self.pna.execute(message.encode()), 60)
        return None if reply is None else reply.decode().rstrip("\n")

    async def data(self, query="CALC1:DATA? SDATA"):
        await self.ask("FORM REAL,64;:FORM:BORD SWAP")
        reply = await asyncio.wait_for(self.pna.execute(query.encode()), 60)
        digits = int(reply[1:2])
        return np.frombuffer(reply[2 + digits : -1], dtype="<f8")

    async def trace(self, query="CALC1:DATA? SDATA"):
        return (await self.data(query)).view(np.complex128)


@pytest.fixture
def on_bench(array_config):
    """Run a conversation with a PNA; emulated time stands still unless moved."""

    def run(talk, *, speed=1.0, clock=None, vna="vna-1"):
        async def main():
            bench = Bench(array_config, speed, clock or SteppedClock(), vna)
            try:
                return await talk(bench)
            finally:
                bench.pna.close()

        return asyncio.run(main())

    return run


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("SENS1:FREQ:STAR 5e9;:SENS1:FREQ:STAR?", "+5.00000000000E+009"),
        ("SENS:FREQ:CENT 6GHz;SPAN 2 MHz;STOP?", "+6.00100000000E+009"),
        ("SENS:FREQ:STAR 7e9;STOP 5e9;STAR?", "+5.00000000000E+009"),
        ("SENS:SWE:POIN 401;POIN?", "+401"),
        ("SENSE1:SWEEP:POINTS MAX;POINTS?", "+100003"),
        ("SENS:BWID 1200;BWID?", "+1.50000000000E+003"),
        ("SENS:BAND 3 kHz;BAND:RES?", "+3.00000000000E+003"),
        ("SENS:AVER:STAT ON;COUN 7;MODE POIN;COUN?;MODE?;STAT?", "+7;POIN;1"),
        ("SOUR1:POW1 -20;POW2?", "-2.00000000000E+001"),
        ("SENS:SWE:TYPE LOG;TYPE?", "LOG"),
        ("SENS:SWE:TIME 10;TIME?;TIME:AUTO?", "+1.00000000000E+001;0"),
        ("SENS:SWE:TIME 10;TIME:AUTO ON;AUTO?", "1"),
        ("SENS:SWE:GRO:COUN 5;COUN?", "+5"),
        ("FORM?;:FORM:BORD?", "ASC,+0;NORM"),
        ("FORM REAL,32;FORM?", "REAL,+32"),
        ("FORM REAL;FORM?", "REAL,+64"),
        ("OUTP OFF;OUTP?", "0"),
        ("TRIG:SOUR MAN;SOUR?;:INIT:CONT?", "MAN;0"),
        ("INIT:CONT OFF;:TRIG:SOUR?", "MAN"),
        ("CALC1:PAR:CAT?", '"CH1_S11_1,S11"'),
        ("CALC1:PAR:DEL:ALL;:CALC1:PAR:CAT?;MNUM?;SEL?", '"NO CATALOG";+0;""'),
        ("CALC2:PAR:EXT 'b',s23;CAT?;MNUM?", '"b,S23";+2'),
        ("CALC2:PAR 'b','S23'", None),
        ("CALC1:FORM UPHase;FORM?", "UPH"),
        ("CALC1:MEAS1:PAR 'S21';PAR?", '"S21"'),
        ("SYST:ACT:CHAN?;MEAS?", '+1;"CH1_S11_1"'),
        ("SYST:CHAN:CAT?;:SYST:MEAS:CAT? 1", '"1";"1"'),
        ("SYST:CAP:HARD:PORT:COUN?;:SYST:CAP:HARD:PORTS:COUN?", "+4;+4"),
        ("SYST:CAP:FREQ:MAX?", "+4.35000000000E+010"),
        ("DISP:WIND:CAT?;:DISP:CAT?", '"1";"1"'),
        ("DISP:WIND2 ON;:DISP:CAT?;:DISP:WIND2?;:DISP:WIND2 OFF;:DISP:CAT?",
         '"1,2";1;"1"'),
        ("DISP:WIND1:TRAC2:FEED 'CH1_S11_1';DEL;:DISP:WIND1:STAT?", "1"),
        ("MMEM:STOR:TRAC:FORM:SNP RI;SNP?", "RI"),
        ("TRIG:SCOP CURR;SCOP?", "CURR"),
        ("SENS:CORR?", "0"),
        ("SYST:PRES;:SENS:SWE:POIN?", "+201"),
        ("SENS:SWE:POIN 11;*RST;:SENS:SWE:POIN?", "+201"),
        ("SYST:VERS?", "1999.0"),
    ],
)  # fmt: skip
def test_settings_are_kept_and_written_as_a_pna_does(message, reply, on_bench):
    assert on_bench(lambda bench: bench.ask(message)) == reply


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("SENS:FREQ:STAR 1", -222),
        ("SENS:SWE:POIN 0", -222),
        ("SENS:SWE:MODE SOMETIMES", -224),
        ("SENS:SWE:TYPE SEGM", -221),
        ("CALC1:PAR:EXT 'CH1_S11_1',S21", -221),
        ("CALC1:PAR:EXT 'x',S51", -224),
        ("CALC1:PAR:SEL 'nobody'", -221),
        ("CALC1:PAR:MNUM 9", -222),
        ("CALC1:PAR:DEL 'nobody'", -221),
        ("CALC2:DATA? SDATA", -221),
        ("CALC1:MEAS9:DATA:SDATA?", -114),
        ("CALC99:PAR:CAT?", -114),
        ("CALC1:DATA:SNP:PORTS? '1,7'", -224),
        ("MMEM:STOR:TRAC:FORM:SNP DB;:CALC1:DATA:SNP:PORTS? '1'", -221),
        ("INIT1:IMM", -213),
    ],
)
def test_what_cannot_be_is_refused_with_its_error(message, number, on_bench):
    async def talk(bench):
        silent = await bench.ask(message)
        return silent, await bench.ask("SYST:ERR?")

    silent, error = on_bench(talk)
    assert silent is None
    assert error.startswith(f"{number:+d},")


def test_sweep_takes_points_over_bandwidth_for_each_source_and_group(on_bench):
    async def talk(bench):
        await bench.ask("SENS1:SWE:POIN 201;:SENS1:BWID 1000;:CALC1:PAR:EXT 'b',S23")
        await bench.ask("SENS1:AVER ON;AVER:COUN 4;:SENS1:SWE:GRO:COUN 4")
        one_s = float(await bench.ask("SENS1:SWE:TIME?"))
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        await bench.ask("SENS1:SWE:MODE GRO")
        mode = await bench.ask("SENS1:SWE:MODE?")
        await bench.ask("*OPC?")
        return one_s, mode, loop.time() - begun_s, await bench.ask("SENS1:SWE:MODE?")

    one_s, during, took_s, after = on_bench(talk, speed=10.0)
    assert one_s == pytest.approx(0.201)
    assert (during, after) == ("GRO", "HOLD")
    assert 0.16 <= took_s < 2.0


def test_averages_lower_the_noise(on_bench):
    async def talk(bench):
        await bench.ask("SENS1:SWE:POIN 2001;:SENS1:BWID 15e6;:SOUR:POW -60")
        await bench.ask("SENS1:FREQ:STAR 4e9;STOP 8e9;:OUTP OFF")
        await bench.ask("SENS1:SWE:MODE SING;*OPC?")
        single = await bench.trace()
        await bench.ask("SENS1:AVER ON;AVER:COUN 16;:SENS1:SWE:GRO:COUN 16")
        await bench.ask("SENS1:AVER:CLE;:SENS1:SWE:MODE GRO;*OPC?")
        return np.std(single) / np.std(await bench.trace())

    assert on_bench(talk, speed=1000.0) == pytest.approx(4.0, rel=0.1)


def test_undriven_port_and_unswept_axis_hold_zeros(on_bench):
    async def talk(bench):
        await bench.ask("SENS1:SWE:MODE SING;*OPC?")
        await bench.ask("CALC1:PAR:EXT 'b',S23")
        undriven = await bench.trace()
        await bench.ask("CALC1:PAR:EXT 'c',S31")
        driven = await bench.trace()
        await bench.ask("SENS1:SWE:POIN 33")
        return undriven, driven, await bench.trace()

    undriven, driven, unswept = on_bench(talk, speed=1000.0)
    assert not undriven.any()
    assert driven.any()
    assert unswept.shape == (33,)
    assert not unswept.any()


def test_continuous_sweep_is_half_new_and_half_old(on_bench):
    clock = SteppedClock()

    async def talk(bench):
        await bench.ask("SENS1:SWE:POIN 101;:SENS1:BWID 100;:SENS1:SWE:MODE CONT")
        clock.elapsed_s += 0.5 * 1.01
        first = await bench.trace()
        clock.elapsed_s += 1.01
        second = await bench.trace()
        clock.elapsed_s += 0.25 * 1.01
        third = await bench.trace()
        await bench.ask("SENS1:SWE:MODE HOLD")
        held = await bench.trace()
        clock.elapsed_s += 100.0
        return first, second, third, held, await bench.trace()

    first, second, third, held, later = on_bench(talk, clock=clock)
    assert first[:50].all()
    assert not first[51:].any()
    assert second.all()
    np.testing.assert_array_equal(second[80:], third[80:])
    np.testing.assert_array_equal(held[80:], third[80:])
    np.testing.assert_array_equal(later, held)


def test_manual_trigger_waits_for_its_event(on_bench):
    async def talk(bench):
        await bench.ask("*CLS;SENS1:SWE:MODE HOLD;:TRIG:SOUR MAN;:SENS1:SWE:MODE SING")
        await bench.ask("*OPC")
        armed = await bench.ask("*ESR?")
        await bench.ask("INIT1:IMM;*WAI")
        fired = await bench.ask("*ESR?;:SENS1:SWE:MODE?")
        await bench.ask("INIT1;*WAI")
        again = (await bench.trace()).any()
        await bench.ask("SENS1:SWE:MODE SING;*TRG;*WAI")
        await bench.ask("SENS1:SWE:MODE SING;:TRIG:SOUR IMM;*WAI")
        return armed, fired, again, await bench.ask("SYST:ERR?")

    armed, fired, again, error = on_bench(talk, speed=1000.0)
    assert armed == "+0"
    assert fired == "+1;HOLD"
    assert again
    assert error.startswith("+0")


def test_abort_ends_a_wait(on_bench):
    async def talk(bench):
        await bench.ask("SENS1:BWID 1;:SENS1:SWE:MODE SING")
        waiting = asyncio.create_task(bench.ask("*OPC?"))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        await bench.ask("ABOR")
        return await waiting, await bench.ask("SENS1:SWE:MODE?")

    assert on_bench(talk) == ("+1", "HOLD")


def test_formatted_data_and_touchstone_show_the_same_trace(on_bench):
    async def talk(bench):
        await bench.ask("SENS1:FREQ:STAR 4e9;STOP 8e9;:SENS1:SWE:POIN 51;MODE SING")
        await bench.ask("*OPC?")
        trace = await bench.trace()
        shown = {}
        for display in ("MLOG", "MLIN", "PHAS", "UPH", "REAL", "IMAG", "SMIT"):
            await bench.ask(f"CALC1:FORM {display}")
            shown[display] = await bench.data("CALC1:DATA? FDATA")
        table = (await bench.data("CALC1:DATA:SNP:PORTS? '1'")).reshape(3, -1)
        newer = await bench.trace("CALC1:MEAS1:DATA:SDAT?")
        axes = [
            await bench.data(query)
            for query in ("CALC1:X?", "CALC1:MEAS1:X:VAL?", "SENS1:X?")
        ]
        return trace, shown, table, newer, axes

    trace, shown, table, newer, axes = on_bench(talk, speed=1000.0)
    np.testing.assert_allclose(shown["MLOG"], 20 * np.log10(np.abs(trace)))
    np.testing.assert_array_equal(shown["MLIN"], np.abs(trace))
    np.testing.assert_allclose(shown["PHAS"], np.degrees(np.angle(trace)))
    np.testing.assert_allclose(
        np.diff(shown["UPH"]) % 360, np.diff(shown["PHAS"]) % 360
    )
    np.testing.assert_array_equal(shown["REAL"] + 1j * shown["IMAG"], trace)
    np.testing.assert_array_equal(shown["SMIT"].view(np.complex128), trace)
    np.testing.assert_array_equal(table[1] + 1j * table[2], trace)
    np.testing.assert_array_equal(newer, trace)
    for axis_hz in axes:
        np.testing.assert_array_equal(axis_hz, table[0])


def test_vna_without_a_cavity_shows_open_ports(on_bench):
    async def talk(bench):
        await bench.ask("CALC1:PAR:EXT 'b',S21;:SENS1:SWE:MODE SING;*OPC?")
        passed = await bench.trace()
        await bench.ask("CALC1:PAR:SEL 'CH1_S11_1'")
        return passed, await bench.trace()

    passed, reflected = on_bench(talk, speed=1000.0, vna="spare")
    assert not passed.any()
    assert (reflected == 1.0).all()


def test_numbers_and_bandwidths():
    assert write_number(-0.5) == "-5.00000000000E-001"
    assert write_number(0.0) == "+0.00000000000E+000"
    steps = [
        N5224B.limits.next_bandwidth_hz(value)
        for value in (1.0, 999.0, 1001.0, 7001.0, 1.5e7)
    ]
    assert steps == [1.0, 1000.0, 1500.0, 10_000.0, 15e6]
