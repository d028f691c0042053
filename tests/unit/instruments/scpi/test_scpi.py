"""Reading and writing SCPI: laws, and what instruments really send."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import GarbledReplyError
from instruments.scpi import (
    as_complex,
    decode_numbers,
    decode_reals,
    decode_triples,
    format_bool,
    format_number,
    join_commands,
    parse_bool,
    parse_error_entry,
    parse_identity,
    parse_integer,
    parse_number,
)

FINITE = st.floats(
    allow_nan=False, allow_infinity=False, min_value=-1e37, max_value=1e37
)


@given(FINITE)
def test_numbers_survive_writing_and_reading_exactly(value):
    assert parse_number(format_number(value)) == value


@given(st.integers(min_value=-(10**9), max_value=10**9))
def test_whole_numbers_survive(value):
    assert parse_integer(format_number(value)) == value
    assert parse_integer(f"{value:+.12E}") == value


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_instrument_is_set_to_what_is_no_number(value):
    with pytest.raises(ValueError, match="no number"):
        format_number(value)


@pytest.mark.parametrize(
    "reply", ["", "abc", "nan", "inf", "9.91E37", "-9.91E+37", "1,2"]
)
def test_what_is_no_number_is_garbled(reply):
    with pytest.raises(GarbledReplyError):
        parse_number(reply)


def test_fraction_is_no_whole_number():
    with pytest.raises(GarbledReplyError, match="whole"):
        parse_integer("801.5")


@pytest.mark.parametrize(
    ("reply", "value"), [("1", True), ("+1", True), ("off\n", False), ("0", False)]
)
def test_truth_values_in_their_dialects(reply, value):
    assert parse_bool(reply) is value
    assert parse_bool(format_bool(value)) is value


def test_other_text_is_no_truth_value():
    with pytest.raises(GarbledReplyError):
        parse_bool("2")


@pytest.mark.parametrize(
    ("reply", "code", "text"),
    [
        ('+0,"No error"', 0, "No error"),
        ('0,"No error"\n', 0, "No error"),
        ("No Error", 0, "No error"),
        ('-113,"Undefined header;SENS:FOO"', -113, "Undefined header;SENS:FOO"),
        ("-222", -222, ""),
        ('-222,"Data out of range, really"', -222, "Data out of range, really"),
    ],
)
def test_error_entries_in_their_dialects(reply, code, text):
    entry = parse_error_entry(reply)
    assert (entry.error_code, entry.text) == (code, text)


def test_error_entry_writes_as_an_instrument_does():
    assert str(parse_error_entry('0,"No error"')) == '+0,"No error"'


@pytest.mark.parametrize("reply", ["", "hello", "1.5,x", "12345678901"])
def test_other_text_is_no_error_entry(reply):
    with pytest.raises(GarbledReplyError):
        parse_error_entry(reply)


def test_identity_of_keysight_and_copper_mountain():
    keysight = parse_identity("Keysight Technologies,N5222B,MY1,A.13.95.09\n")
    assert (keysight.vendor, keysight.serial) == ("Keysight Technologies", "MY1")
    mountain = parse_identity("CMT, M5180, 00001, 25.3.1/2")
    assert (mountain.model, mountain.firmware) == ("M5180", "25.3.1/2")
    assert parse_identity("Maker,Model").serial is None


@pytest.mark.parametrize("reply", ["", "1", ",x", "a,\x00", "a,b," + "x" * 300])
def test_other_text_is_no_identity(reply):
    with pytest.raises(GarbledReplyError):
        parse_identity(reply)


def test_commands_join_from_the_root():
    assert join_commands(["A 1", ":B 2"], then_query="*OPC?") == "A 1;:B 2;*OPC?"
    assert join_commands(["A 1"]) == "A 1"
    assert join_commands([], then_query="*OPC?") == "*OPC?"


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=30))
def test_complex_numbers_survive_the_block(pairs):
    numbers = np.array([complex(*pair) for pair in pairs])
    decoded = as_complex(decode_reals(numbers.astype("<c16").tobytes(), 2 * len(pairs)))
    assert np.array_equal(decoded, numbers)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_wrong_length_is_garbled(count):
    with pytest.raises(GarbledReplyError, match="16 bytes"):
        decode_reals(np.zeros(2).tobytes(), count)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 9.91e37])
def test_unmeasured_point_is_garbled_and_named(bad):
    values = np.array([1.0, 2.0, bad, 4.0])
    with pytest.raises(GarbledReplyError, match="number 2 of the data"):
        decode_reals(values.astype("<f8").tobytes(), 4)


def test_wrong_byte_order_does_not_pass_for_an_s_parameter():
    numbers = np.exp(1j * np.linspace(0, 6, 201)) * 0.3
    swapped = decode_unchecked(numbers.astype(">c16").tobytes())
    assert swapped is None or np.abs(swapped).max() > 1e3


def decode_unchecked(payload):
    try:
        return as_complex(decode_reals(payload, len(payload) // 16 * 2))
    except GarbledReplyError:
        return None


@given(st.lists(FINITE, min_size=1, max_size=50))
def test_numbers_survive_text(numbers):
    text = ",".join(f"{number:+.17E}" for number in numbers)
    assert decode_numbers(text, len(numbers)).tolist() == numbers


def test_triples_are_rows():
    rows = decode_triples("[1e+6,0.5,-0.25],[2e+6,1,0],", 2)
    assert rows.tolist() == [[1e6, 0.5, -0.25], [2e6, 1.0, 0.0]]


@pytest.mark.parametrize("text", ["1,2", "1,2,3,4", "1,2,x", "1,2,nan", "1,2,9.91E37"])
def test_text_that_holds_other_numbers_is_garbled(text):
    with pytest.raises(GarbledReplyError):
        decode_numbers(text, 3)


def test_common_commands_stand_beside_the_tree():
    parts = ["TRIG:SING", "*OPC?", "SENS1:BWID?"]
    assert join_commands(parts) == "TRIG:SING;*OPC?;:SENS1:BWID?"
