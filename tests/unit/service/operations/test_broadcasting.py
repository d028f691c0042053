"""A slow listener falls behind and loses nothing; memory is bounded."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from service.operations.broadcasting import encode_event, health_event
from service.operations.listening import Listener
from service.storage.records import EventKind, EventRecord


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=60))
def test_the_queue_is_bounded_and_what_overflows_it_is_left_to_the_table(chunks):
    async def play() -> None:
        listener = Listener(limit_bytes=100)
        for number, chunk in enumerate(chunks, 1):
            listener.push(number, chunk)
        waiting = await listener.next(0.001)
        if not chunks:
            assert waiting is None
            return
        assert len(waiting) <= 100
        assert listener.is_behind is (len(b"".join(chunks)) > 100)
        if listener.is_behind:
            # Nothing was told, so nothing is missing behind the last that was.
            assert (waiting, listener.told) == (b"", 0)
        else:
            assert waiting == b"".join(chunks)
            assert listener.told == len(chunks)

    asyncio.run(play())


def test_who_is_behind_is_told_what_is_new_once_it_has_caught_up():
    async def play() -> None:
        listener = Listener(limit_bytes=2)
        listener.push(1, b"one")
        listener.push(2, b"2")
        listener.told, listener.is_behind = 2, False
        listener.push(2, b"2")
        listener.push(3, b"3")
        assert await listener.next(0.01) == b"3"

    asyncio.run(play())


def test_a_closed_listener_ends_after_its_queue():
    async def play() -> None:
        listener = Listener()
        listener.push(1, b"last")
        listener.close()
        assert not listener.is_done
        assert await listener.next(0.01) == b"last"
        assert listener.is_done
        assert await listener.next(0.01) == b""

    asyncio.run(play())


def test_what_was_told_does_not_come_again():
    async def play() -> None:
        listener = Listener()
        listener.told = 1
        listener.push(1, b"again")
        assert await listener.next(0.01) is None
        listener.push(1, b"again")
        listener.push(2, b"new")
        assert await listener.next(0.01) == b"new"

    asyncio.run(play())


def test_a_push_wakes_the_listener():
    async def play() -> None:
        listener = Listener()
        asyncio.get_running_loop().call_later(0.01, listener.push, 1, b"x")
        assert await listener.next(5.0) == b"x"

    asyncio.run(play())


def test_events_are_written_as_the_standard_wants():
    event = EventRecord(event_id=5, kind=EventKind.SWEEP, body='{"a":1}')
    assert encode_event(event) == b'id: 5\nevent: sweep\ndata: {"a":1}\n\n'
    assert health_event("ok", "t").startswith(b"event: health\ndata: {")
