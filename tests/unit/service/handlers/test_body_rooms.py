"""What is read into a room comes out of it, once and in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.handlers.body_rooms import ROOM_BYTES, BodyRoom, find_room

KIB = 1024


@given(
    st.integers(0, ROOM_BYTES - 1),
    st.integers(1, 2 * ROOM_BYTES),
    st.lists(st.tuples(st.integers(1, ROOM_BYTES), st.booleans()), max_size=8),
)
def test_a_body_comes_out_as_it_came_in(first_bytes, left_bytes, reads):
    body = (bytes(range(251)) * (3 * ROOM_BYTES // 251 + 1))[: first_bytes + left_bytes]
    room = BodyRoom(body[:first_bytes], left_bytes)
    at, pieces = first_bytes, []
    for wanted, is_taken in [*reads, *4 * [(ROOM_BYTES, True)]]:
        if room.is_full:
            pieces.append(room.take())
        if room.is_whole:
            break
        space = room.space[:wanted]
        assert len(space) > 0
        space[:] = body[at : at + len(space)]
        at += len(space)
        room.fill(len(space))
        if is_taken:
            pieces.append(room.take())
    pieces.append(room.take())
    assert room.is_whole
    assert b"".join(pieces) == body
    assert all(len(piece) <= ROOM_BYTES for piece in pieces)


def headers(length: str, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return [(b"content-length", length.encode()), *more]


def test_a_long_body_that_comes_gets_a_room():
    room = find_room(headers("400000"), 65_000, [bytes(65_000)])
    assert room is not None
    assert len(room.space) == 335_000
    room = find_room(headers("60000000"), 65_000, [bytes(5_000)])
    assert room is not None
    assert len(room.space) == ROOM_BYTES - 5_000


@pytest.mark.parametrize(
    ("fields", "came_bytes"),
    [
        ([], 65_000),
        (headers(""), 65_000),
        (headers("+400000"), 65_000),
        (headers("\xb2"), 65_000),
        (headers("400000", (b"transfer-encoding", b"chunked")), 65_000),
        (headers("400000"), 10_000),
        (headers("66000"), 65_000),
        (headers("60000000"), ROOM_BYTES),
    ],
)
def test_others_are_parsed(fields, came_bytes):
    assert find_room(fields, came_bytes, [bytes(came_bytes)]) is None


class OneRoom:
    """Lends its only room, once."""

    def __init__(self) -> None:
        self.memory = bytearray(ROOM_BYTES)
        self.asked: list[int] = []

    def lend(self, size_bytes: int) -> memoryview | None:
        self.asked.append(size_bytes)
        return memoryview(self.memory)[:size_bytes] if len(self.asked) == 1 else None


def test_a_body_of_one_piece_is_read_to_memory_that_is_lent():
    lender = OneRoom()
    for number in range(2):
        room = find_room(headers("400000"), 65_000, [b"a" * 65_000], lender)
        room.space[:] = b"b" * 335_000
        room.fill(335_000)
        assert room.is_whole
        body = room.take()
        assert body == b"a" * 65_000 + b"b" * 335_000
        assert (body.obj is lender.memory) == (number == 0)
    assert lender.asked == [400_000, 400_000]


def test_a_body_of_several_pieces_asks_for_none():
    lender = OneRoom()
    room = find_room(headers("60000000"), 65_000, [bytes(5_000)], lender)
    assert len(room.space) == ROOM_BYTES - 5_000
    assert not lender.asked
