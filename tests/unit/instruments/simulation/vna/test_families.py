"""One scripted sweep in the words of each family, against the physics."""

import numpy as np
import pytest

from instruments.simulation.vna.models import MODELS, model_of

ENA = (
    "INIT1:CONT OFF",
    "CALC1:PAR:COUN 2",
    "CALC1:PAR1:DEF S11",
    "CALC1:PAR2:DEF S21",
    "CALC1:PAR2:SEL",
    "TRIG:SOUR BUS",
    "INIT1:CONT ON",
    "TRIG:SING",
    "*OPC?",
)
PNA = (
    "SENS1:SWE:MODE HOLD",
    "CALC1:PAR:EXT 'w','S21'",
    "CALC1:PAR:SEL 'w'",
    "SENS1:SWE:MODE SING",
    "*OPC?",
)
ROHDE_SCHWARZ = (
    "INIT1:CONT OFF",
    "CALC1:PAR:SDEF 'w','S21'",
    "CALC1:PAR:SEL 'w'",
    "INIT1:IMM",
    "*OPC?",
)
ANRITSU = (
    ":SENS1:HOLD:FUNC HOLD",
    ":CALC1:PAR:COUN 2",
    ":CALC1:PAR2:DEF S21",
    ":CALC1:PAR2:SEL",
    ":TRIG:SING",
    "*OPC?",
)
SETTINGS = (
    "SENS1:FREQ:STAR 4.0e9;:SENS1:FREQ:STOP 6.0e9;:SENS1:SWE:POIN 51;:SENS1:BWID 1000"
)
SWEEPS = {
    "keysight_pna": (PNA, "CALC1:DATA? SDATA", "SENS1:X?"),
    "keysight_measurement": (PNA, "CALC1:MEAS2:DATA:SDAT?", "CALC1:MEAS2:X?"),
    "keysight_ena": (ENA, "CALC1:SEL:DATA:SDAT?", "SENS1:FREQ:DATA?"),
    "copper_mountain": (ENA, "CALC1:TRAC2:DATA:SDAT?", "SENS1:FREQ:DATA?"),
    "copper_mountain_cobalt": (ENA, "SENS1:DATA:CORR? S21", "CALC1:DATA:XAX?"),
    "copper_mountain_s4": (ENA, "CALC1:DATA:SDAT?", "SENS1:FREQ:DATA?"),
    "siglent_sna": (ENA, "SENS1:DATA:CORR? S21", "CALC1:DATA:XAXIS?"),
    "anritsu_shockline": (ANRITSU, ":CALC1:SEL:DATA:SDAT?", ":SENS1:FREQ:DATA?"),
    "anritsu_vectorstar": (ANRITSU, ":CALC1:SEL:DATA:SDAT?", ":SENS1:FREQ:DATA?"),
    "rohde_schwarz": (ROHDE_SCHWARZ, "CALC1:DATA? SDAT", "CALC1:DATA:STIM?"),
    "rohde_schwarz_zva": (
        ROHDE_SCHWARZ,
        "CALC1:DATA:TRAC? 'w',SDAT",
        "CALC1:DATA:STIM?",
    ),
    "rohde_schwarz_zna": (ROHDE_SCHWARZ, "CALC1:DATA? SDAT", "CALC1:DATA:STIM?"),
}


@pytest.mark.parametrize("model", SWEEPS)
def test_single_sweep_is_the_physics_and_leaves_no_error(model, on_desk):
    sweep, data, axis = SWEEPS[model]

    async def talk(desk):
        for message in (SETTINGS, *sweep):
            await desk.ask(message)
        pairs, axis_hz = await desk.numbers(data), await desk.numbers(axis)
        return pairs, axis_hz, desk.truth("S21"), await desk.errors()

    pairs, axis_hz, truth, errors = on_desk(model, talk)
    assert errors == []
    np.testing.assert_allclose(axis_hz, np.linspace(4e9, 6e9, 51), rtol=1e-11)
    found = pairs[::2] + 1j * pairs[1::2]
    np.testing.assert_allclose(found, truth, rtol=1e-10)
    assert np.abs(truth).max() > 1e-5


@pytest.mark.parametrize("model", MODELS)
def test_every_model_says_who_it_is_and_that_all_is_well(model, on_desk):
    async def talk(desk):
        return await desk.ask("*IDN?"), await desk.ask("SYST:ERR?"), desk.vna.serial

    identity, error, serial = on_desk(model, talk)
    assert len(identity.split(",")) == 4
    assert serial in identity
    assert "no error" in error.lower()


@pytest.mark.parametrize(
    ("model", "message", "reply"),
    [
        ("keysight_ena", "SENS1:SWE:POIN?", "+201"),
        ("keysight_ena", "SENS1:FREQ:STAR 5e9;STAR?", "+5.00000000000E+09"),
        ("keysight_ena", "SYST:ERR?", '+0,"No error"'),
        ("keysight_ena", "FORM:DATA REAL32;DATA?;BORD SWAP;BORD?", "REAL32;SWAP"),
        ("keysight_ena_e5062a", "SOUR1:POW:ATT?;:DISP:WIND1:SPL?",
         "+0.00000000000E+00;D1"),
        ("rohde_schwarz", "SENS1:BAND 1.4 kHz;BAND?", "1500"),
        ("rohde_schwarz", "FORM?;FORM REAL,64;FORM?", "ASC,0;REAL,64"),
        ("rohde_schwarz", "SYST:ERR?;*OPC?", '0,"No error";1'),
        ("rohde_schwarz", "SYST:NOPE", None),
        ("rohde_schwarz", "INST:PORT:COUN?;:INST:NSEL?", "4;1"),
        ("rohde_schwarz", "CALC1:PAR:CAT?", "'Trc1,S11'"),
        ("rohde_schwarz", "CALC1:PAR:MEAS? 'Trc1'", "'S11'"),
        ("rohde_schwarz", "CONF:CHAN2 ON;:CONF:CHAN:CAT?;:CONF:TRAC:CAT?",
         "'1,Ch1,2,Ch2';'1,Trc1'"),
        ("rohde_schwarz", "CONF:CHAN2 ON;CHAN2 OFF;CHAN2?", "0"),
        ("rohde_schwarz", "ROSC EXT;ROSC?;:ROSC:EXT:FREQ?", "EXT;10000000"),
        ("rohde_schwarz", "STAT:QUES:INT:HARD?", "0"),
        ("rohde_schwarz", "OUTP1 OFF;:OUTP1?", "0"),
        ("rohde_schwarz", "SENS1:FREQ:STAR 1;:SYST:ERR:ALL?",
         '-222,"Data out of range;1"'),
        ("rohde_schwarz", "INST:NSEL 3;NSEL?", "3"),
        ("rohde_schwarz", "CALC1:PAR:SDEF 'Trc1','S31';CAT?", "'Trc1,S31'"),
        ("rohde_schwarz", "CALC1:PAR:DEL:ALL;:CALC1:PAR:CAT?;SEL?", "'';''"),
        ("rohde_schwarz", "DISP:LAY GRID;:DISP:LAY:GRID 1,1;:SYST:ERR:COUN?", "0"),
        ("rohde_schwarz", "SENS1:AVER:MODE MOVing;MODE?", "MOV"),
        ("copper_mountain", "CALC1:PAR:COUN 3;COUN?;:SERV:CHAN1:TRAC:ACT?", "3;1"),
        ("copper_mountain", "CALC1:PAR:COUN 3;COUN 1;COUN?", "1"),
        ("copper_mountain", "TRIG:AVER ON;AVER?;SCOP ACT;SCOP?", "1;ACT"),
        ("copper_mountain", "SERV:CHAN:COUN?;:SERV:CHAN:ACT?", "16;1"),
        ("keysight_measurement", "CALC1:MEAS1:PAR 'S21';PAR?", '"S21"'),
        ("keysight_measurement", "CALC1:MEAS1:DEL;:SYST:MEAS:CAT?", '""'),
        ("keysight_measurement", "CALC1:MEAS1:FORM PHASe;FORM?", "PHAS"),
        ("copper_mountain", "FORM:DATA?", "ASC"),
        ("copper_mountain", "CALC1:PAR1:SPOR?;SPOR 2", "1"),
        ("copper_mountain", "CALC1:CORR:EDEL:DIST:UNIT FEET;UNIT?", "FEET"),
        ("copper_mountain", "SENS1:ROSC:SOUR EXTernal;SOUR?", "EXT"),
        ("siglent_sna", ":SERVICE:SWEEP:FREQENCY:MAXIMUM?", "8.50000000000000E+09"),
        ("siglent_sna", "TRIG:SOUR MAN;SOUR?;:INIT:CONT?", "MAN;1"),
        ("anritsu_shockline", "SYST:ERR?", "No Error"),
        ("anritsu_shockline", "SENS1:SWE:TYP LOG;TYP?;TYPE?", "LOG;LOG"),
        ("anritsu_shockline", "FDHX?;:FDH2;:FDHX?", "0;2"),
        ("anritsu_shockline", "SYST:HOLD:RF 0;:SYST:HOLD:RF?", "0"),
        ("anritsu_vectorstar", ":SYST:PORT:COUN?;:SYST:POIN:MAX?", "4;25000"),
        ("keysight_measurement", "CALC1:MEAS7:DEF 'S31';PAR?;:SYST:MEAS:CAT?",
         '"S31";"1,7"'),
        ("keysight_measurement", "SENS1:CORR:EXT:PORT1:TIME?;:SENS:CORR:EXT:STAT?",
         "+0.00000000000E+000;0"),
    ],
)  # fmt: skip
def test_each_family_writes_as_it_does(model, message, reply, on_desk):
    assert on_desk(model, lambda desk: desk.ask(message)) == reply


def test_block_headers_and_line_ends_differ(on_desk):
    async def talk(desk):
        await desk.ask("FORM:DATA REAL;:FORM:BORD SWAP")
        await desk.ask("FORM REAL,64")
        return await desk.raw(
            "CALC1:DATA? SDATA"
            if "rohde" in desk.vna.model.name
            else "SENS1:FREQ:DATA?"
        )

    assert on_desk("keysight_ena", talk).startswith(b"#6001608")
    assert on_desk("anritsu_shockline", talk).startswith(b"#41608")
    assert on_desk("rohde_schwarz", talk).startswith(b"#43216")
    assert on_desk("siglent_sna", talk).endswith(b"\r\n")


def test_copper_mountain_sends_blocks_over_hislip_only(on_desk):
    async def talk(desk):
        refused = await desk.raw("FORM:DATA REAL;DATA?", is_raw_socket=True)
        errors = await desk.errors()
        await desk.ask("FORM:DATA REAL;:FORM:BORD SWAP")
        block = await desk.raw("SENS1:FREQ:DATA?")
        text = await desk.raw("SENS1:FREQ:DATA?", is_raw_socket=True)
        return refused, errors, block, text

    refused, errors, block, text = on_desk("copper_mountain", talk)
    assert (refused, errors) == (b"ASC\n", [-221])
    assert block.startswith(b"#41608")
    np.testing.assert_array_equal(
        np.frombuffer(block[6:-1]), [float(one) for one in text.split(b",")]
    )


@pytest.mark.parametrize(
    ("model", "message", "number"),
    [
        ("keysight_ena", "TRIG:SOUR BUS;:INIT1:CONT OFF;:TRIG:SING", -211),
        ("keysight_ena", "TRIG:SOUR BUS;:INIT1:CONT OFF;:TRIG", -211),
        ("keysight_ena", "INIT1", -213),
        ("keysight_ena", "CALC1:PAR9:SEL", -114),
        ("copper_mountain", "CALC1:PAR1:DEF S31", -224),
        ("copper_mountain", "SENS1:DATA:CORR? S22", -221),
        ("rohde_schwarz", "INIT1", -213),
        ("rohde_schwarz", "CALC1:DATA:SGR? SDAT", -221),
        ("rohde_schwarz", "CALC1:DATA:TRAC? 'x',SDAT", -221),
        ("anritsu_shockline", "FDH7", -114),
        ("anritsu_shockline", "SENS1:SWE:TYP FSEGM", -221),
        ("keysight_measurement", "CALC1:MEAS1:DEF 'S11'", -221),
    ],
)
def test_what_cannot_be_is_refused_with_its_error(model, message, number, on_desk):
    async def talk(desk):
        await desk.ask(message)
        return await desk.errors()

    assert on_desk(model, talk) == [number]


def test_groups_and_all_traces_of_a_channel(on_desk):
    async def talk(desk):
        await desk.ask(SETTINGS)
        await desk.ask("INIT1:CONT OFF;:CALC1:PAR:DEF:SGR 1,2;:INIT1;*OPC?")
        group = await desk.numbers("CALC1:DATA:SGR? SDAT")
        every = await desk.numbers("CALC1:DATA:ALL? SDAT")
        return group, every, [desk.truth(name) for name in ("S11", "S12", "S21", "S22")]

    group, every, truths = on_desk("rohde_schwarz", talk)
    np.testing.assert_allclose(group.view(np.complex128), np.concatenate(truths))
    np.testing.assert_allclose(every[:102], group[:102])
    assert every.size == group.size + 102


def test_dialects_choose_their_first_model():
    assert model_of("auto").name == "keysight_pna"
    assert model_of("rohde_schwarz").name == "rohde_schwarz"
    assert model_of("auto", "librevna").dialect == "librevna"
    with pytest.raises(KeyError):
        model_of("auto", "tektronix")
