"""The wire over real sockets: what VISA gets wrong, it gets right."""

import os
import threading
import time

import psutil
import pytest

from instruments.errors import (
    GarbledReplyError,
    InstrumentTimeoutError,
    NotConnectedError,
)
from instruments.transport import Expected, Transport, open_wire

IDENTITY = b"Maker,Model,1,2\n"


def identity_or(other):
    def answer(message):
        return IDENTITY if message == "*IDN?" else other(message)

    return answer


PATIENT_S = 20.0
"""Longest wait for who is well; a machine may stand still for seconds."""


def open_patiently(instrument, io_timeout_s=PATIENT_S):
    return open_wire(
        instrument.resource, open_timeout_s=PATIENT_S, io_timeout_s=io_timeout_s
    )


def open_hastily(instrument, io_timeout_s):
    """Open with time enough; what is silent from now on is not waited for."""
    wire = open_patiently(instrument)
    wire._io_timeout_s = io_timeout_s
    wire._session.timeout = 1e3 * io_timeout_s
    return wire


def test_text_and_block_arrive_whole(start_instrument, protocol):
    payload = os.urandom(300_000) + b"\n#1"
    block = b"#6" + str(len(payload)).encode() + payload + b"\n"

    def answer(message):
        if message == "DATA?":
            return block
        return message.encode() + b"\n" if message.endswith("?") else None

    instrument = start_instrument(identity_or(answer), protocol)
    wire = open_patiently(instrument)
    assert wire.query("A?") == "A?"
    assert wire.query_block("DATA?") == payload
    assert wire.query("B?") == "B?"
    wire.write("SET 1")
    assert wire.query("C?") == "C?"
    assert instrument.received[-2:] == ["SET 1", "C?"]
    wire.close()


def test_empty_block_and_missing_newline_after_hislip_block(start_instrument):
    instrument = start_instrument(
        identity_or(lambda m: b"#10" if m == "DATA?" else b"text"), "hislip"
    )
    wire = open_patiently(instrument)
    assert wire.query_block("DATA?") == b""
    assert wire.query("TEXT?") == "text"
    wire.close()


def test_closed_port_is_not_connected_at_once(free_port, protocol, some_try_within):
    where = f"{free_port}::SOCKET"
    if protocol == "hislip":
        where = f"hislip0,{free_port}::INSTR"

    def reach():
        with pytest.raises(NotConnectedError, match="cannot be reached"):
            open_wire(f"TCPIP::127.0.0.1::{where}", open_timeout_s=2.0)

    some_try_within(1.0, reach)


@pytest.mark.parametrize(
    "resource", ["", "nonsense", "TCPIP::127.0.0.1::12::NOSUCH", "GPIB0::5"]
)
def test_what_is_no_reachable_resource_is_not_connected(resource):
    with pytest.raises(NotConnectedError):
        open_wire(resource, open_timeout_s=0.2)


def test_instrument_that_accepts_and_never_answers_times_out(
    start_instrument, protocol, some_try_within
):
    instrument = start_instrument(lambda _: None, protocol)

    def ask():
        with pytest.raises(InstrumentTimeoutError):
            open_patiently(instrument, 0.3)

    some_try_within(2.0, ask)


def test_peer_that_closes_is_noticed_without_waiting_or_spinning(
    start_instrument, drop, protocol, some_try_within
):
    instrument = start_instrument(identity_or(lambda _: drop()), protocol)

    def ask():
        wire = open_patiently(instrument)
        busy = time.thread_time()
        with pytest.raises(NotConnectedError):
            wire.query("A?")
        assert time.thread_time() - busy < 0.3
        wire.close()

    some_try_within(1.0, ask)


def test_peer_that_closes_in_mid_block_is_not_connected(
    start_instrument, drop, protocol
):
    instrument = start_instrument(
        identity_or(lambda _: drop(b"#41000" + b"x" * 500)), protocol
    )
    wire = open_patiently(instrument)
    with pytest.raises(NotConnectedError):
        wire.query_block("DATA?")
    wire.close()


def test_late_reply_never_answers_the_next_question(start_instrument, late, protocol):
    delayed = late(b"late\n")
    instrument = start_instrument(
        identity_or(lambda m: delayed if m == "SLOW?" else b"right\n"), protocol
    )
    wire = open_hastily(instrument, 0.3)
    with pytest.raises(InstrumentTimeoutError):
        wire.query("SLOW?")
    delayed.released.set()
    with pytest.raises(NotConnectedError, match="session is over"):
        wire.query("NEXT?")
    wire.close()
    fresh = open_patiently(instrument)
    assert fresh.query("NEXT?") == "right"
    fresh.close()


@pytest.mark.parametrize(
    "reply",
    [
        b"no block\n",
        b"#0abc\n",
        b"#9999999999",
        b"#3x12\n",
        b"#15hellox\n",
    ],
)
def test_garbage_for_a_block_is_garbled(start_instrument, protocol, reply):
    instrument = start_instrument(identity_or(lambda _: reply), protocol)
    wire = open_patiently(instrument)
    with pytest.raises(GarbledReplyError):
        wire.query_block("DATA?")
    with pytest.raises(NotConnectedError):
        wire.write("ANY")
    wire.close()


def test_reply_that_is_no_text_is_garbled(start_instrument, protocol):
    instrument = start_instrument(identity_or(lambda _: b"\xff\xfe\n"), protocol)
    wire = open_patiently(instrument)
    with pytest.raises(GarbledReplyError, match="no ASCII"):
        wire.query("A?")
    wire.close()


def test_line_without_end_is_bounded(start_instrument):
    instrument = start_instrument(identity_or(lambda _: b"x" * 2_000_000))
    wire = open_patiently(instrument)
    with pytest.raises(GarbledReplyError, match="exceeds"):
        wire.query("A?")
    wire.close()


def test_short_hislip_message_ends_the_read(start_instrument):
    instrument = start_instrument(identity_or(lambda _: b"#41000abc"), "hislip")
    wire = open_patiently(instrument)
    with pytest.raises(GarbledReplyError, match="ends too early"):
        wire.query_block("DATA?")
    wire.close()


def test_unasked_bytes_are_garbled(start_instrument):
    instrument = start_instrument(identity_or(lambda _: b"one\ntwo\n"))
    wire = open_patiently(instrument)
    assert wire.query("A?") == "one"
    with pytest.raises(GarbledReplyError, match="nobody had asked for"):
        wire.query("B?")
    wire.close()


def test_server_that_speaks_no_hislip_is_typed_and_leaves_no_socket(
    start_instrument,
):
    instrument = start_instrument(lambda _: None, "stranger")
    resource = f"TCPIP::127.0.0.1::hislip0,{instrument.port}::INSTR"
    with pytest.raises(NotConnectedError, match=r"hislip0.*does not open a session"):
        open_wire(resource, open_timeout_s=PATIENT_S, io_timeout_s=0.3)


def test_closed_wire_says_so(start_instrument, protocol):
    wire = open_patiently(start_instrument(identity_or(lambda _: b"1\n"), protocol))
    wire.close()
    wire.close()
    with pytest.raises(NotConnectedError, match="closed"):
        wire.query("A?")


def test_small_messages_are_not_held_back(start_instrument, some_try_within):
    instrument = start_instrument(
        identity_or(lambda m: b"1\n" if m.endswith("?") else None)
    )
    wire = open_patiently(instrument)

    def talk():
        for _ in range(20):
            wire.write("A 1")
            wire.write("B 2")
            wire.query("C?")

    # With Nagle's algorithm each round waits 40 ms for a delayed acknowledgement.
    some_try_within(0.5, talk)
    wire.close()


def test_many_sessions_leave_no_descriptor(start_instrument, protocol):
    instrument = start_instrument(identity_or(lambda _: b"1\n"), protocol)
    open_patiently(instrument).close()
    before = psutil.Process().num_fds()
    for _ in range(20):
        open_patiently(instrument).close()
    deadline = time.monotonic() + 30.0
    while psutil.Process().num_fds() > before + 4:
        assert time.monotonic() < deadline


def test_wire_knows_its_transport(start_instrument, protocol):
    wire = open_patiently(start_instrument(identity_or(lambda _: b"1\n"), protocol))
    assert wire.transport is Transport(protocol)
    wire.close()


def test_reply_that_is_known_to_take_longer_is_waited_for(
    start_instrument, late, protocol, some_try_within
):

    def wait_and_ask_again():
        delayed = late(b"1\n")
        instrument = start_instrument(identity_or(lambda _: delayed), protocol)
        wire = open_hastily(instrument, 0.2)
        timer = threading.Timer(0.5, delayed.released.set)
        timer.start()
        assert wire.query("*OPC?", Expected(timeout_s=PATIENT_S)) == "1"
        timer.join()
        began = time.monotonic()
        instrument.answer = lambda _: None
        with pytest.raises(InstrumentTimeoutError):
            wire.query("A?")
        took_s = time.monotonic() - began
        wire.close()
        return took_s

    some_try_within(2.0, wait_and_ask_again)


def test_empty_lines_of_acknowledged_commands_are_passed_over(start_instrument):
    instrument = start_instrument(identity_or(lambda _: b"\n\r\n\n0\n"))
    wire = open_patiently(instrument)
    expected = Expected(skips_empty_lines=True)
    assert wire.query("A 1;:B 2;:C 3;*ESR?", expected) == "0"
    assert wire.query("A 1;:B 2;:C 3;*ESR?", expected) == "0"
    assert wire.query("A?") == ""
    wire.close()


def test_longer_text_is_taken_where_it_is_expected(start_instrument):
    text = b"1," * 1_000_000
    instrument = start_instrument(identity_or(lambda _: text + b"\n"))
    wire = open_patiently(instrument)
    assert len(wire.query("DATA?", Expected(max_bytes=3_000_000))) == len(text)
    with pytest.raises(GarbledReplyError, match="exceeds"):
        wire.query("DATA?")
    wire.close()
