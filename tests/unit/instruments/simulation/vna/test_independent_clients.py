import numpy as np
import pytest
from pyvisa.errors import VisaIOError

PLAN = (
    "SENS1:FREQ:STAR 4.0e9;:SENS1:FREQ:STOP 8.0e9;:SENS1:SWE:POIN 201;"
    ":SENS1:BWID 1000;:SOUR1:POW -20;:FORM REAL,64;:FORM:BORD SWAP"
)


@pytest.fixture(params=["hislip", "socket"])
def session(request, served, open_session):
    return open_session(getattr(served, request.param))


def read_trace(session, name):
    session.write(f"CALC1:PAR:SEL '{name}'")
    values = session.query_binary_values("CALC1:DATA? SDATA", datatype="d")
    return np.asarray(values).view(np.complex128)


def test_pyvisa_reads_what_the_emulated_receiver_shows(session, served):
    session.write("SENS1:SWE:MODE HOLD")
    for name in ("S21", "S23"):
        session.write(f"CALC1:PAR:EXT 'w_{name}',{name}")
    session.write(PLAN)
    assert session.query("SENS1:SWE:MODE SING;*OPC?") == "+1"
    assert session.query("SENS1:SWE:MODE?") == "HOLD"
    channel = served.pna.channels[1]
    for name in ("S21", "S23"):
        expected = served.do(channel.read, name)
        np.testing.assert_array_equal(read_trace(session, f"w_{name}"), expected)
        assert np.abs(expected).max() > 1e-4
    axis_hz = np.asarray(session.query_binary_values("SENS1:X?", datatype="d"))
    np.testing.assert_array_equal(axis_hz, np.linspace(4e9, 8e9, 201))
    assert session.query("SYST:ERR?") == '+0,"No error"'


def test_data_are_frozen_at_the_end_of_the_sweep(session):
    session.write(PLAN)
    session.query("SENS1:SWE:MODE SING;*OPC?")
    first = read_trace(session, "CH1_S11_1")
    np.testing.assert_array_equal(read_trace(session, "CH1_S11_1"), first)
    session.query("SENS1:SWE:MODE SING;*OPC?")
    assert not np.array_equal(read_trace(session, "CH1_S11_1"), first)


def test_text_and_big_endian_and_short_floats_agree(session):
    session.write(PLAN)
    session.query("SENS1:SWE:MODE SING;*OPC?")
    exact = read_trace(session, "CH1_S11_1").view(np.float64)
    session.write("FORM ASC,0")
    text = session.query_ascii_values("CALC1:DATA? SDATA")
    np.testing.assert_allclose(text, exact, rtol=1e-11)
    session.write("FORM REAL,32;:FORM:BORD NORM")
    short = session.query_binary_values(
        "CALC1:DATA? SDATA", datatype="f", is_big_endian=True
    )
    np.testing.assert_allclose(short, exact, rtol=1e-6)


def test_unknown_query_is_not_answered_and_leaves_an_error(session):
    session.timeout = 200
    with pytest.raises(VisaIOError, match="TMO"):
        session.query("SENS1:NONSENSE?")
    session.timeout = 5000
    assert session.query("SYST:ERR?").startswith("-113,")


def test_device_clear_ends_a_wait_for_a_long_sweep(served, open_session):
    session = open_session(served.hislip)
    session.write("SENS1:BWID 1;SWE:POIN 10001;MODE SING")
    assert session.query("SENS1:SWE:POIN?") == "+10001"
    session.write("*OPC?")
    session.clear()
    assert session.query("SENS1:SWE:MODE?") == "SING"


def test_hislip_status_query_returns_the_status_byte(served, open_session):
    session = open_session(served.hislip)
    session.write("*CLS;*ESE 1;*SRE 32;:SENS1:BWID 1000;SWE:POIN 201;MODE SING")
    session.write("*OPC")
    for _ in range(200):
        if session.read_stb() & 32:
            break
    assert session.read_stb() == 96
    assert session.query("*ESR?") == "+1"
    assert session.read_stb() == 0


def test_scikit_rf_reads_the_emulated_numbers(served):
    from skrf.vi.vna.keysight import PNA

    vna = PNA(served.socket, backend="@py")
    try:
        vna.ch1.sweep_mode = "HOLD"
        vna.ch1.freq_start, vna.ch1.freq_stop = 4.0e9, 8.0e9
        vna.ch1.npoints = 101
        vna.ch1.if_bandwidth = 1000
        network = vna.ch1.get_sdata(2, 1)
        channel = served.pna.channels[1]
        expected = served.do(channel.read, "S21")
        np.testing.assert_array_equal(network.s[:, 0, 0], expected)
        np.testing.assert_allclose(network.f, np.linspace(4e9, 8e9, 101))
        assert np.abs(expected).max() > 1e-4
        matrix = vna.ch1.get_snp_network(ports=(1, 2))
        np.testing.assert_array_equal(matrix.s[:, 1, 0], served.do(channel.read, "S21"))
        assert vna.nports == 4
    finally:
        vna._resource.close()


def test_qcodes_conversation_is_answered(session, served):
    assert session.query("CALC:PAR:MNUM?") == "+1"
    assert session.query("CALC:PAR:CAT:EXT?") == '"CH1_S11_1,S11"'
    session.write("CALC:PAR:SEL 'CH1_S11_1'")
    session.write("CALC:PAR:MNUM 1.000000")
    session.write("FORM REAL,32")
    session.write("FORM:BORD NORM")
    assert session.query("*IDN?").startswith("Keysight Technologies,N5224B,MY")
    assert session.query("*OPT?").startswith('"')
    session.write("SENS:SWE:POIN 51;:SENS:BWID 1000")
    session.write('CALC:PAR:MOD:EXT "S21"')
    assert session.query("SENS:SWE:MODE?") == "CONT"
    assert session.query("SENS:AVER?") == "0"
    session.write("SENS:SWE:MODE SING")
    for _ in range(500):
        if session.query("SENS:SWE:MODE?") == "HOLD":
            break
    session.write("CALC:FORM POLAR")
    values = session.query_binary_values(
        "CALC:DATA? FDATA", datatype="f", is_big_endian=True
    )
    expected = served.do(served.pna.channels[1].read, "S21").astype(np.complex64)
    np.testing.assert_array_equal(
        np.asarray(values, dtype=np.float32).view(np.complex64), expected
    )
    session.write("SENS:SWE:MODE CONT")
    assert session.query("SENS:SWE:TYPE?") == "LIN"
    assert float(session.query("SENS:SWE:POIN?")) == 51
