from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.simulation.scpi.errors import ScpiFault
from instruments.simulation.scpi.grammar import (
    MAX_UNITS,
    parse_units,
    spellings,
    split_outside_quotes,
)


def headers(message):
    return [str(unit.header) for unit in parse_units(message)]


def test_tree_memory_continues_where_the_last_command_stood():
    assert headers("SENS1:FREQ:STAR 1;STOP 2;:FORM REAL,64;BORD SWAP") == [
        "SENS1:FREQ:STAR",
        "SENS1:FREQ:STOP",
        "FORM",
        "BORD",
    ]


def test_common_command_leaves_the_memory_alone():
    assert headers("SENS1:SWE:MODE SING;*OPC?;POIN?") == [
        "SENS1:SWE:MODE",
        "*OPC?",
        "SENS1:SWE:POIN?",
    ]


def test_case_colon_and_blanks_do_not_matter():
    assert headers("  :sens1:freq:star   1 ;; ") == ["SENS1:FREQ:STAR"]


def test_arguments_keep_their_quotes_and_what_is_in_them():
    (unit,) = parse_units("CALC1:PAR:EXT 'a;b,c', S21")
    assert unit.arguments == ("'a;b,c'", "S21")


@pytest.mark.parametrize("message", ["1SENS", "SENS:?", "?", "SENS!:FREQ 1"])
def test_nonsense_is_a_command_error(message):
    with pytest.raises(ScpiFault) as caught:
        list(parse_units(message))
    assert -200 < caught.value.number <= -100


def test_too_many_commands_are_refused():
    with pytest.raises(ScpiFault, match="-223"):
        list(parse_units(";".join(["*CLS"] * (MAX_UNITS + 1))))


def test_spellings_cover_long_short_and_left_out_nodes():
    found = {
        "".join(f"{m}:" for m in one.mnemonics)
        for one in spellings("SENSe#:AVERage[:STATe]")
    }
    assert found == {
        "SENS:AVER:", "SENSE:AVER:", "SENS:AVERAGE:", "SENSE:AVERAGE:",
        "SENS:AVER:STAT:", "SENS:AVER:STATE:", "SENSE:AVER:STAT:",
        "SENSE:AVER:STATE:", "SENS:AVERAGE:STAT:", "SENS:AVERAGE:STATE:",
        "SENSE:AVERAGE:STAT:", "SENSE:AVERAGE:STATE:",
    }  # fmt: skip


@given(st.lists(st.text("abc '\"", max_size=8), min_size=1, max_size=5))
def test_splitting_and_joining_gives_the_text_back(parts):
    text = ",".join(parts)
    assert ",".join(split_outside_quotes(text, ",")) == text


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else(text):
    with suppress(ScpiFault):
        for unit in parse_units(text):
            assert unit.header.mnemonics
