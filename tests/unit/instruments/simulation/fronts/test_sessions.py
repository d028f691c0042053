"""Bytes are offered only while none wait to be read, and none gets lost."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from instruments.simulation.fronts.sessions import OfferingReader


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=20), st.booleans())))
def test_what_was_refused_and_all_after_it_is_read_in_order(chunks):
    async def main():
        reader = OfferingReader(limit=1024, loop=asyncio.get_running_loop())
        answers = iter([is_taken for _, is_taken in chunks])
        taken = []

        def take(data):
            is_taken = next(answers)
            if is_taken:
                taken.append(data)
            return is_taken

        reader.offer_to(take)
        for data, _ in chunks:
            reader.feed_data(data)
        whole = b"".join(data for data, _ in chunks)
        rest = whole[len(b"".join(taken)) :]
        assert whole.startswith(b"".join(taken))
        assert await reader.readexactly(len(rest)) == rest

    asyncio.run(main())


def test_offers_begin_again_when_all_was_read():
    async def main():
        reader = OfferingReader(limit=1024, loop=asyncio.get_running_loop())
        offered = []

        def take(data):
            offered.append(data)
            return True

        reader.feed_data(b"one\ntwo\n")
        assert await reader.readline() == b"one\n"
        reader.offer_to(take)
        reader.feed_data(b"three\n")
        assert await reader.readline() == b"two\n"
        assert await reader.readline() == b"three\n"
        assert offered == []
        reader.offer_to(take)
        reader.feed_data(b"four\n")
        assert offered == [b"four\n"]

    asyncio.run(main())
