"""The head of a block says how much to read, or is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.errors import GarbledReplyError
from instruments.transport.framing import (
    MAX_BLOCK_BYTES,
    check_block_end,
    decode_line,
    find_payload,
    parse_digit_count,
    parse_length,
)


@given(st.binary(max_size=20_000))
def test_head_of_every_block_gives_its_length(payload):
    length = str(len(payload)).encode()
    block = b"#%d" % len(length) + length + payload
    digit_count = parse_digit_count(block[:2])
    assert parse_length(block[2 : 2 + digit_count]) == len(payload)


@pytest.mark.parametrize("head", [b"", b"#", b"#0", b"##", b"12", b"#12"])
def test_other_heads_are_garbled(head):
    with pytest.raises(GarbledReplyError, match="should begin"):
        parse_digit_count(head)


@pytest.mark.parametrize("digits", [b"", b"x1", b"-5", b" 5"])
def test_other_lengths_are_garbled(digits):
    with pytest.raises(GarbledReplyError, match="no length"):
        parse_length(digits)


def test_longest_block_is_taken_and_a_longer_one_refused():
    assert parse_length(str(MAX_BLOCK_BYTES).encode()) == MAX_BLOCK_BYTES
    with pytest.raises(GarbledReplyError, match="at most"):
        parse_length(str(MAX_BLOCK_BYTES + 1).encode())


def test_line_loses_its_terminator_only():
    assert decode_line(b" +1 \r\n") == " +1 "
    with pytest.raises(GarbledReplyError):
        decode_line(b"\xe9")


@given(st.binary(max_size=2000), st.integers(0, 2020))
def test_payload_is_found_once_the_head_is_there(payload, cut):
    length = str(len(payload)).encode()
    block = b"#%d" % len(length) + length + payload + b"\n"
    received = block[:cut]
    begin = 2 + len(length)
    if cut < begin:
        assert find_payload(received) is None
    else:
        assert find_payload(received) == (begin, begin + len(payload))


def test_only_the_end_of_the_line_may_follow_a_block():
    for end in (b"", b"\n", b"\r\n"):
        check_block_end(end, 5)
    with pytest.raises(GarbledReplyError, match="follow a block of 5"):
        check_block_end(b"x\n", 5)
