"""A socket that reads ahead gives every byte once, in order, and never waits on."""

import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.transport.sockets import ReadAheadSocket


@pytest.fixture
def pair():
    ours, peer = socket.socketpair()
    with ours, peer:
        ours.settimeout(5.0)
        peer.settimeout(5.0)
        yield ReadAheadSocket(ours), peer


@given(st.binary(min_size=1, max_size=5000), st.lists(st.integers(1, 70_000)))
def test_every_byte_comes_once_and_in_order(payload, counts):
    ours, peer = socket.socketpair()
    with ours, peer:
        reader = ReadAheadSocket(ours)
        reader.settimeout(5.0)
        peer.sendall(payload)
        received = bytearray()
        for count in [*counts, *[1000] * 6]:
            if len(received) == len(payload):
                break
            buffer = bytearray(count)
            got = reader.recv_into(memoryview(buffer), count)
            assert 0 < got <= count
            received += buffer[:got]
        assert payload.startswith(received)
        assert len(counts) or received == payload


def test_long_read_goes_past_what_was_read_ahead(pair):
    reader, peer = pair
    payload = bytes(range(256)) * 400
    peer.sendall(payload)
    head = bytearray(16)
    assert reader.recv_into(head, 16) == 16
    received = bytearray(head)
    while len(received) < len(payload):
        buffer = bytearray(len(payload))
        received += buffer[: reader.recv_into(buffer, len(payload) - len(received))]
    assert received == payload


def test_silence_times_out_in_time(pair):
    reader, _ = pair
    reader.settimeout(0.05)
    began_s = time.monotonic()
    with pytest.raises(TimeoutError):
        reader.recv_into(bytearray(4), 4)
    assert time.monotonic() - began_s >= 0.04


def test_peer_that_takes_nothing_times_out(pair):
    reader, _ = pair
    reader.settimeout(0.05)
    with pytest.raises(TimeoutError):
        reader.sendall(bytes(64 << 20))


def test_closed_peer_gives_nothing(pair):
    reader, peer = pair
    peer.close()
    assert reader.recv_into(bytearray(4), 4) == 0
