"""The encoder says what the API would have said, or leaves it to it."""

import dataclasses
import os
import socket
import subprocess
import sys
from datetime import timedelta

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.measurement import TruthFlag
from instruments.measurement.message import encode_sweeps, sweep_to_mapping
from service.operations.encoded_records import EDITION, frame, from_record, unframe
from service.operations.encoding import Encoder
from service.operations.preparing import SweepPreparer
from service.operations.shared_rooms import SharedRooms, room_of
from service.storage.identifiers import TimeOrderedIds

POINTS = 10_001


@pytest.fixture
def preparer(clock) -> SweepPreparer:
    return SweepPreparer(clock, TimeOrderedIds(clock))


@pytest.fixture
def encode(preparer):
    """Encode a body in a room; gives the record, the body and the blob."""
    rooms = SharedRooms.make(1)
    encoder = Encoder(SharedRooms(rooms.file, rooms.count), preparer)

    def run(content: bytes):
        body = rooms.lend(len(content))
        body[:] = content
        record = encoder.encode(room_of(body), len(content))
        if record is None:
            return None
        (answer,) = unframe(bytearray(frame(record)))
        start, stop = answer["axis"]
        axis = np.frombuffer(bytes(body[start:stop]), "<f8")
        return from_record(answer, axis, rooms.blob(0, answer["payload_bytes"]))

    yield run
    os.close(rooms.file)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "idempotency_key": "mine",
            "thermal_cycle": "17",
            "run": "r",
            "step": "s",
            "is_reference": True,
            "flags": (TruthFlag.LATE, TruthFlag.SPIKES),
            "conditions": {"still_temperature_k": 0.9},
        },
    ],
)
def test_it_encodes_as_the_api_does(encode, preparer, make_sweep, changes):
    body = encode_sweeps([make_sweep(1, POINTS, **changes)])
    (due,) = preparer.from_msgpack(body, is_hurried=True)
    found = encode(body)
    for field in dataclasses.fields(due):
        name = field.name
        if name == "frequency_hz":
            assert found.frequency_hz.tobytes() == due.frequency_hz.tobytes()
        elif name != "sweep_id":
            assert getattr(found, name) == getattr(due, name), name
            assert type(getattr(found, name)) is type(getattr(due, name)), name
    assert found.size_bytes == due.size_bytes


def test_what_is_wrong_or_unusual_is_left_to_the_api(encode, make_sweep, clock):
    good = sweep_to_mapping(make_sweep(1, POINTS))
    linear = {name: value for name, value in good.items() if name != "frequency_hz"} | {
        "frequency_start_hz": 4e9,
        "frequency_stop_hz": 8e9,
        "point_count": POINTS,
    }
    ahead = (clock.now() + timedelta(days=2)).isoformat()
    for body in (
        msgpack.packb([good, good]),
        msgpack.packb(linear),
        msgpack.packb({**good, "cavity": ""}),
        msgpack.packb({**good, "measured_at": ahead}),
        msgpack.packb({**good, "conditions": {"a_k": float("nan")}}),
        msgpack.packb(good)[:-1],
        b"\x81" + bytes(200_000),
    ):
        assert encode(body) is None
    assert encode(msgpack.packb(good)) is not None


@given(
    st.lists(
        st.dictionaries(
            st.text(max_size=5), st.integers(-(2**63), 2**64 - 1), max_size=3
        )
    ),
    st.integers(1, 7),
)
def test_answers_come_apart_as_they_were_put_together(answers, step):
    sent, received, found = b"".join(map(frame, answers)), bytearray(), []
    for start in range(0, len(sent), step):
        received += sent[start : start + step]
        found += unframe(received)
    assert found == answers
    assert not received


def test_it_ends_when_nobody_holds_the_other_end():
    rooms = SharedRooms.make(1)
    ours, theirs = socket.socketpair()
    files = theirs.fileno(), rooms.file
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "service.operations.encoding"),
            *map(str, (*files, rooms.count)),
        ],
        pass_fds=files,
    )
    theirs.close()
    with ours:
        assert ours.recv(64) == frame(EDITION)
        process.terminate()
        ours.send(b"half")
    assert process.wait(60) == 0
    os.close(rooms.file)
