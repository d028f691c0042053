import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments.simulation.vna.families.keysight_pna import N5224B
from instruments.simulation.vna.settings import Segment, Stimulus

ROWS = [(4e9, 4.9e9, 5), (4.9e9, 5.1e9, 11), (5.1e9, 6e9, 4)]
AXIS = np.concatenate([np.linspace(*row) for row in ROWS])
PNA_LIST = "SENS1:SEGM:LIST SSTOP,3,1,5,4e9,4.9e9,1,11,4.9e9,5.1e9,1,4,5.1e9,6e9"
ENA_DATA = "SENS1:SEGM:DATA 5,0,0,0,0,0,3,4e9,4.9e9,5,4.9e9,5.1e9,11,5.1e9,6e9,4"
ROHDE_SCHWARZ = ";".join(
    f":SENS1:SEGM{number}:ADD;FREQ:STAR {start_hz};STOP {stop_hz};"
    f":SENS1:SEGM{number}:SWE:POIN {count}"
    for number, (start_hz, stop_hz, count) in enumerate(ROWS, 1)
)
TABLES = {
    "keysight_pna": (PNA_LIST, "SENS1:X?", "SENS1:SWE:MODE SING"),
    "keysight_measurement": (PNA_LIST, "CALC1:MEAS1:X?", "SENS1:SWE:MODE SING"),
    "keysight_ena": (ENA_DATA, "SENS1:FREQ:DATA?", "INIT1:CONT OFF;:INIT1"),
    "copper_mountain": (ENA_DATA, "SENS1:FREQ:DATA?", "INIT1:CONT OFF;:INIT1"),
    "siglent_sna": (ENA_DATA, "CALC1:DATA:XAXIS?", "INIT1:CONT OFF;:INIT1"),
    "rohde_schwarz": (ROHDE_SCHWARZ, "CALC1:DATA:STIM?", "INIT1:CONT OFF;:INIT1"),
}


@pytest.mark.parametrize("model", TABLES)
def test_segmented_sweep_has_the_axis_of_its_table(model, on_desk):
    table, axis, single = TABLES[model]

    async def talk(desk):
        await desk.ask(table)
        await desk.ask("SENS1:SWE:TYPE SEGM")
        await desk.ask(f"{single};*OPC?")
        last = desk.vna.bench.ended[-1]
        return await desk.numbers(axis), last.axis_hz, await desk.errors()

    shown, swept, errors = on_desk(model, talk)
    assert errors == []
    np.testing.assert_allclose(shown, AXIS, rtol=1e-11)
    np.testing.assert_array_equal(swept, AXIS)


def test_pna_takes_a_table_as_text_only_while_the_format_is_text(on_desk):
    async def talk(desk):
        await desk.ask("FORM REAL,64")
        await desk.ask(PNA_LIST)
        return await desk.ask("SENS1:SEGM:COUN?"), await desk.errors()

    assert on_desk("keysight_pna", talk) == ("+0", [-161])


def test_pna_segments_have_their_own_bandwidth_where_they_may(on_desk):
    row = "SENS1:SEGM:LIST SSTOP,1,1,5,4e9,5e9,100,0,-30"

    async def talk(desk):
        await desk.ask(f"SENS1:BWID 1000;:{row};:SENS1:SWE:TYPE SEGM")
        shared_s = float(await desk.ask("SENS1:SWE:TIME?"))
        await desk.ask(f"SENS1:SEGM:BWID:CONT ON;:SENS1:SEGM:POW:CONT ON;:{row}")
        own_s = float(await desk.ask("SENS1:SWE:TIME?"))
        stimulus = desk.vna.channel(1).stimulus
        return shared_s, own_s, stimulus.powers_dbm, await desk.ask("SENS1:SEGM:LIST?")

    shared_s, own_s, powers_dbm, table = on_desk("keysight_pna", talk)
    assert (shared_s, own_s) == (0.005, 0.05)
    np.testing.assert_array_equal(powers_dbm, np.full(5, -30.0))
    values = [float(one) for one in table.split(",")]
    assert values == [1, 5, 4e9, 5e9, 100, 0, -30]


def test_ena_table_with_flags_is_read_back(on_desk):
    table = "5,1,1,1,0,0,1,5.0e9,2.0e8,7,300,-20"

    async def talk(desk):
        await desk.ask(f"SENS1:SEGM:DATA {table}")
        read = await desk.numbers("SENS1:SEGM:DATA?")
        points = await desk.ask("SENS1:SEGM:SWE:POIN?")
        return read, points, await desk.errors()

    read, points, errors = on_desk("keysight_ena", talk)
    assert errors == []
    np.testing.assert_allclose(read, [5, 0, 1, 1, 0, 0, 1, 4.9e9, 5.1e9, 7, 300, -20])
    assert points == "+7"


def test_rohde_schwarz_tells_the_time_of_segments_elsewhere(on_desk):
    async def talk(desk):
        await desk.ask(f"SENS1:BAND 100;SWE:POIN 201;{ROHDE_SCHWARZ}")
        await desk.ask("SENS1:SEGM2:BWID 10;:SENS1:SEGM2:POW -25;:SENS1:SWE:TYPE SEGM")
        answers = "SENS1:SWE:TIME?;:SENS1:SEGM:SWE:TIME:SUM?;:SENS1:SEGM:COUN?"
        fields = "SENS1:SEGM2:BWID?;POW?;FREQ:STAR?;:SENS1:SEGM1:POW?"
        told, segment = await desk.ask(answers), await desk.ask(fields)
        await desk.ask("SENS1:SEGM:DEL:ALL")
        return told, segment, await desk.ask("SENS1:SWE:TYPE?;:SENS1:SEGM:COUN?")

    told, segment, after = on_desk("rohde_schwarz", talk)
    linear_s, total_s, count = told.split(";")
    assert float(linear_s) == pytest.approx(201 / 100)
    assert float(total_s) == pytest.approx(9 / 100 + 11 / 10)
    assert (count, after) == ("3", "LIN;0")
    assert segment == "10;-25;4900000000;-10"


@pytest.mark.parametrize(
    ("model", "message", "number"),
    [
        ("keysight_pna", "SENS1:SEGM:LIST SSTOP,2,1,5,4e9,5e9", -109),
        ("keysight_pna", "SENS1:SEGM:LIST SSTOP,1,1,5,1,5e9", -222),
        ("keysight_pna", "SENS1:SEGM:LIST SSTOP,1,1,200000,4e9,5e9", -223),
        ("keysight_pna", "SENS1:SEGM3:FREQ:STAR 4e9", -114),
        ("keysight_ena", "SENS1:SEGM:DATA 4,0,0,0,0,0,1,4e9,5e9,3", -224),
        ("keysight_ena", "SENS1:SEGM:DATA 5,0,0,0,0,0,2,4e9,5e9,3", -109),
        ("keysight_ena", "SENS1:SEGM:DATA 5,0,1,0,0,0,1,4e9,5e9,3,1", -222),
        ("keysight_ena", "SENS1:SWE:TYPE SEGM", -221),
    ],
)
def test_tables_that_cannot_be_are_refused(model, message, number, on_desk):
    async def talk(desk):
        await desk.ask(message)
        return await desk.errors()

    assert on_desk(model, talk) == [number]


segments = st.lists(
    st.builds(
        Segment,
        start_hz=st.just(5e9),
        stop_hz=st.floats(5e9, 6e9),
        point_count=st.integers(1, 50),
        if_bandwidth_hz=st.none() | st.sampled_from([10.0, 1e3, 1e5]),
        power_dbm=st.none() | st.floats(-60, 0),
        is_on=st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=50, deadline=None)
@given(table=segments)
def test_axis_bandwidths_and_powers_have_one_length(table):
    stimulus = Stimulus.preset(N5224B.limits)
    stimulus.segments, stimulus.sweep_type = table, "SEGM"
    assert stimulus.axis_hz.size == stimulus.length
    for spread in (stimulus.bandwidths_hz, stimulus.powers_dbm):
        assert np.broadcast_to(spread, stimulus.axis_hz.shape).shape == (
            stimulus.length,
        )
    alone_s = sum(
        one.point_count / (one.if_bandwidth_hz or stimulus.if_bandwidth_hz)
        for one in table
        if one.is_on
    )
    if alone_s:
        assert stimulus.pass_time_s == pytest.approx(alone_s)


def test_a_wider_bandwidth_makes_its_own_segment_noisier(on_desk):
    table = (
        "SENS1:SEGM:LIST SSTOP,2,1,500,4e9,4.5e9,10,0,-20,1,500,4.5e9,5e9,100000,0,-20"
    )

    async def talk(desk):
        await desk.ask("OUTP OFF;:SENS1:SEGM:BWID:CONT ON;:SENS1:SEGM:POW:CONT ON")
        await desk.ask(f"{table};:SENS1:SWE:TYPE SEGM;:SENS1:SWE:MODE SING;*OPC?")
        return await desk.numbers("CALC1:DATA? SDATA")

    pairs = on_desk("keysight_pna", talk, is_noiseless=False)
    quiet, noisy = np.std(pairs[:1000]), np.std(pairs[1000:])
    assert noisy / quiet == pytest.approx(100.0, rel=0.15)
