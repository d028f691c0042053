"""Emulated boxes answer as their manuals say."""

import pytest

from instruments.simulation.switches.box import SwitchBox
from instruments.simulation.switches.mini_circuits import MiniCircuitsBox
from instruments.simulation.switches.scpi_boxes import DowKeyMatrix, KeysightUnit
from instruments.simulation.switches.serving import scpi_line


def mini_circuits(clock, ways):
    first = () if ways == 2 else ("0",)
    positions = (*first, *(str(one) for one in range(1, ways + 1)))
    return MiniCircuitsBox(
        SwitchBox({"A": positions, "B": positions}, clock=clock), "m"
    )


def converse(answer, clock, *pairs):
    for question, wanted in pairs:
        assert answer(question) == wanted, question
        clock.step(0.1)


def test_spdt_box_keeps_a_bit_for_each_switch(clock):
    box = mini_circuits(clock, 2)
    converse(
        box.answer,
        clock,
        ("MN?", "MN=RC-2SPDT-A18"),
        ("SWPORT?", "0"),
        ("SETB=1", "1"),
        ("SWPORT?", "2"),
        ("SETP=1", "1"),
        ("swport?", "1"),
        ("SETC=1", "0"),
        ("SP4TA:STATE:1", "0"),
    )
    assert "Unrecognized" in box.answer("SETA=2")


def test_sp4t_box_keeps_a_nibble_for_each_switch(clock):
    box = mini_circuits(clock, 4)
    converse(
        box.answer,
        clock,
        ("MN?", "MN=RC-2SP4T-A18"),
        ("SP4TB:STATE:3", "1"),
        ("SP4TB:STATE?", "3"),
        ("SWPORT?", "64"),
        ("SETP=129", "1"),
        ("SP4TA:STATE?", "1"),
        ("SP4TB:STATE?", "4"),
        ("SETP=0", "1"),
        ("SWPORT?", "0"),
        ("SP4TA:STATE:5", "0"),
    )


def test_keysight_unit_takes_channel_lists(clock):
    relays = SwitchBox(dict.fromkeys(["1101", "1102"], ("0", "1")), clock=clock)
    unit = KeysightUnit(relays, "34980A", "k")
    converse(
        lambda text: scpi_line(unit, text),
        clock,
        ("ROUT:CLOS? (@1101,1102)", "0,0"),
        ("ROUTe:CLOSe (@1102)", None),
        ("ROUT:CLOS? (@1101,1102)", "0,1"),
        ("ROUT:OPEN? (@1101,1102)", "1,0"),
        ("ROUT:OPEN:ALL", None),
        ("ROUT:CLOS? (@1102)", "0"),
        ("ROUT:CLOS (@9999)", None),
        ("SYST:ERR?", '-222,"Data out of range;9999"'),
        ("ROUT:CLOS 1101", None),
        ("SYST:ERR?", '-104,"Data type error;1101"'),
    )


def test_dow_key_tells_at_once_whether_it_moves(clock):
    relays = SwitchBox({"1": ("0", "1", "2", "3")}, clock=clock)
    matrix = DowKeyMatrix(relays, "d")
    assert scpi_line(matrix, "ROUTE:SWITCH1 3") is None
    assert scpi_line(matrix, "*OPC?") == "0"
    clock.step(0.1)
    assert scpi_line(matrix, "*OPC?") == "1"
    assert scpi_line(matrix, "ROUTE:SWITCH1?") == "3"
    assert scpi_line(matrix, "ROUTE:SWITCH2 1") is None
    assert str(scpi_line(matrix, "SYST:ERR?")).startswith("-114")


@pytest.mark.parametrize(
    "text", ["", "?", "SET", "SETP=99999999999", "\xff", "A" * 500]
)
def test_nonsense_is_answered_and_moves_nothing(text, clock):
    relays = SwitchBox({"A": ("1", "2")}, clock=clock)
    assert "Unrecognized" in MiniCircuitsBox(relays, "m").answer(text)
    assert relays.moves == []
