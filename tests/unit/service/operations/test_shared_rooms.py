"""A room is somebody's until nobody looks at its body any more."""

import os
from collections.abc import Iterator

import numpy as np
import pytest

from service.operations.shared_rooms import BODY_BYTES, SharedRooms, room_of

LONG = 200_000


@pytest.fixture
def rooms() -> Iterator[SharedRooms]:
    made = SharedRooms.make(2)
    yield made
    os.close(made.file)


def test_the_other_process_reads_what_was_written_and_answers(rooms):
    theirs = SharedRooms(rooms.file, rooms.count)
    for value in (1, 2):
        body = rooms.lend(LONG)
        body[:] = bytes([value]) * LONG
        number = room_of(body)
        read = theirs.body(number, LONG)
        assert read.readonly
        assert read == body
        assert theirs.put_blob(number, bytes([value]) * 9)
        assert rooms.blob(number, 9) == bytes([value]) * 9
        assert read == body
        del read


def test_a_room_is_lent_again_once_nothing_looks_at_it(rooms):
    first, second = rooms.lend(LONG), rooms.lend(BODY_BYTES)
    assert {room_of(first), room_of(second)} == {0, 1}
    assert rooms.lend(LONG) is None
    part = np.frombuffer(first[10:20], np.uint8)
    number = room_of(first)
    del first
    assert rooms.lend(LONG) is None
    del part
    assert room_of(rooms.lend(LONG)) == number


@pytest.mark.parametrize("size_bytes", [0, 1000, BODY_BYTES + 1])
def test_what_is_too_short_or_too_long_gets_none(rooms, size_bytes):
    assert rooms.lend(size_bytes) is None


def test_only_a_whole_body_is_in_a_room(rooms):
    body = rooms.lend(LONG)
    assert room_of(body[:-1]) is None
    assert room_of(bytes(LONG)) is None
    assert room_of(memoryview(bytes(LONG))) is None


def test_a_blob_that_does_not_fit_is_not_written(rooms):
    theirs = SharedRooms(rooms.file, rooms.count)
    assert not theirs.put_blob(0, bytes(BODY_BYTES + 4097))
    assert theirs.put_blob(0, bytes(BODY_BYTES + 4096))
    assert theirs.body(1, 10) == bytes(10)
