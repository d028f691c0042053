"""Answers that differ from family to family are read, or refused."""

import pytest

from instruments.errors import GarbledReplyError, InstrumentTimeoutError, ScpiError
from instruments.transport import Exchange, ReplayWire
from instruments.vna import VectorNetworkAnalyzer
from instruments.vna.conversation import Conversation
from instruments.vna.librevna import LIBREVNA
from instruments.vna.replies import (
    has_no_phase_lock_fault,
    is_false,
    parse_channels,
    parse_event_errors,
    parse_named_channels,
    parse_names,
    parse_pairs,
)
from instruments.vna.rohde_schwarz import ROHDE_SCHWARZ


def test_catalogue_of_traces_is_read_in_pairs():
    assert parse_pairs('"CH1_S11_1,S11,HALO_S21,S21"') == {
        "CH1_S11_1": "S11",
        "HALO_S21": "S21",
    }
    assert parse_pairs("'Trc1,S11'") == {"Trc1": "S11"}
    assert parse_pairs('"NO CATALOG"') == {}
    assert parse_pairs("''") == {}
    with pytest.raises(GarbledReplyError):
        parse_pairs('"CH1_S11_1"')


def test_catalogue_of_names_tells_no_parameters():
    assert parse_names("S11,HALO_S21") == {"S11": "", "HALO_S21": ""}
    assert parse_names('"21,22"') == {"21": "", "22": ""}
    assert parse_names("") == {}


def test_catalogue_of_channels_is_numbers():
    assert parse_channels('"1,2,30"') == [1, 2, 30]
    assert parse_channels('""') == []
    with pytest.raises(GarbledReplyError):
        parse_channels('"one"')
    assert parse_named_channels("'1,Ch1,30,Ch30'") == [1, 30]
    with pytest.raises(GarbledReplyError):
        parse_named_channels("'Ch1,1'")


@pytest.mark.parametrize(
    ("reply", "is_error"),
    [("0", False), ("1", False), ("128", False), ("32", True), ("+61", True)],
)
def test_error_bits_of_the_event_register_count_alone(reply, is_error):
    assert bool(parse_event_errors(reply).error_code) is is_error


def test_lock_of_the_reference_is_read():
    assert is_false("FALSE")
    assert not is_false("TRUE")
    assert has_no_phase_lock_fault("0")
    assert has_no_phase_lock_fault("1")
    assert not has_no_phase_lock_fault("3")


def test_command_that_is_acknowledged_with_an_error_is_refused():
    wire = ReplayWire([Exchange("VNA:ACQ:AVG 3;*ESR?", "32")])
    with pytest.raises(ScpiError, match="register reads 32"):
        Conversation(wire, LIBREVNA).tell(["VNA:ACQ:AVG 3"])


def test_long_list_of_commands_goes_in_parts():
    commands = [f"SENS30:SEGM{index}:ADD" for index in range(1, 251)]
    parts = [commands[:100], commands[100:200], commands[200:]]
    first, second, last = (";:".join(part) for part in parts)
    wire = ReplayWire(
        [Exchange(first), Exchange(second), Exchange(f"{last};*OPC?;:OUTP1?", "1;0")]
    )
    talk = Conversation(wire, ROHDE_SCHWARZ)
    assert talk.confirm_and_ask(commands, ["OUTP1?"]) == ["0"]
    assert wire.remaining == 0


def test_missing_answer_is_garbled():
    wire = ReplayWire([Exchange("OUTP1?;:FORM?", "1")])
    with pytest.raises(GarbledReplyError, match="2 questions got 1 answers"):
        Conversation(wire, ROHDE_SCHWARZ).ask(["OUTP1?", "FORM?"])


def test_session_that_breaks_at_connect_has_changed_nothing(clock):
    wire = ReplayWire(
        [
            Exchange("*IDN?", "Rohde-Schwarz,ZNB20-4Port,1,3.45"),
            Exchange("SYST:ERR?", failure="timeout"),
        ]
    )
    vna = VectorNetworkAnalyzer(wire, clock=clock)
    with pytest.raises(InstrumentTimeoutError, match="no reply"):
        vna.connect()
    vna.release()
    assert wire.remaining == 0
