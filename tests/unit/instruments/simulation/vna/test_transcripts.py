"""What drivers of other houses say, line by line, where they cannot be run here."""

import numpy as np
import pytest

QKIT_E5080B = (
    "CALC1:PAR:MNUM 1.000000",
    "SENS1:SWE:POIN 51.000000",
    "SENS1:BWID 1000.000000",
    "SENS:CORR:EXT:STAT?",
    "SENS1:CORR:EXT:PORT1:TIME?",
    "TRIG:SEQ:SOUR?",
    "SENS1:AVER:STAT?",
    "SENS1:SWE:GRO:COUN 1",
    "SENS1:SWE:MODE GRO",
)
QKIT_ZNA = (
    "SENS1:SWE:POIN 51",
    "SENS1:BAND 1000",
    "SENS1:AVER:COUN 2",
    "SENS1:SWE:COUN 2",
    "SENS1:AVER:STAT ON",
    "INIT1:CONT OFF",
    "*CLS",
    "INIT1:IMM;*OPC",
)
CHROMIUM_E5071C = (
    (":SENS1:SWE:TYPE SEGM", None),
    (":CALC1:PAR:COUN 2", None),
    (":CALC1:PAR1:DEF S11;:CALC1:PAR2:DEF S21", None),
    (":CALC1:PAR:COUN?", "+2"),
    (":SYST:ERR?", '+0,"No error"'),
    (":TRIG:SOUR BUS;:INIT1:CONT ON;:TRIG:SING;*OPC?", "+1"),
)


async def until(desk, question, answer):
    for _ in range(5000):
        if await desk.ask(question) == answer:
            return
        await desk.ask("*WAI")
    raise AssertionError(f"{question} never answered {answer}")


def test_qkit_reads_the_newer_keysight_form(on_desk):
    async def talk(desk):
        answers = [await desk.ask(line) for line in QKIT_E5080B]
        await until(desk, "SENS1:SWE:MODE?", "HOLD")
        await desk.ask("FORM:DATA REAL,32;:FORM:BORD SWAPPED")
        raw = await desk.raw("CALC1:MEAS1:DATA:SDAT?")
        return answers, raw, desk.truth("S11"), await desk.errors()

    answers, raw, truth, errors = on_desk("keysight_measurement", talk)
    assert errors == []
    assert [one for one in answers if one] == ["0", "+0.00000000000E+000", "IMM", "0"]
    assert raw.startswith(b"#3408")
    found = np.frombuffer(raw[5:-1], "<f4").view(np.complex64)
    np.testing.assert_allclose(found, truth, rtol=1e-6)


def test_qkit_polls_a_rohde_schwarz_for_its_average(on_desk):
    async def talk(desk):
        for line in QKIT_ZNA:
            await desk.ask(line)
        await until(desk, "*ESR?", "1")
        return await desk.ask("CALC1:DATA:NSW:COUN?"), await desk.errors()

    assert on_desk("rohde_schwarz_zna", talk) == ("2", [])


@pytest.mark.parametrize("axis", [":SENS1:FREQ:DATA?", ":CALC1:SEL:DATA:XAX?"])
def test_chromium_reads_an_ena(axis, on_desk):
    async def talk(desk):
        await desk.ask(":SENS1:SEGM:DATA 5,0,0,0,0,0,2,4e9,5e9,11,5e9,6e9,21")
        for line, reply in CHROMIUM_E5071C:
            assert await desk.ask(line) == reply, line
        axis_hz = await desk.numbers(axis)
        pairs = await desk.numbers(":CALC1:TRAC2:DATA:FDAT?")
        return axis_hz, pairs, desk.truth("S21"), await desk.errors()

    axis_hz, pairs, truth, errors = on_desk("keysight_ena", talk)
    assert errors == []
    assert axis_hz.size == 32
    np.testing.assert_allclose(pairs[::2], 20 * np.log10(np.abs(truth)), rtol=1e-9)
