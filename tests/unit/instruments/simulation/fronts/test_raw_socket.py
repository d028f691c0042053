import asyncio
from contextlib import suppress

import pytest

from instruments.simulation.fronts.raw_socket import RawSocketFront
from instruments.simulation.fronts.sessions import MAX_SESSIONS
from instruments.simulation.wire_faults import WireFaults

BLOCK = b"#3200" + b"\n" * 200 + b"\n"


@pytest.fixture
def converse(make_device):
    """Run a conversation with a front whose wire it may spoil."""

    def run(talk):
        async def main():
            wire = WireFaults()
            front = RawSocketFront(make_device(), wire)
            port = await front.start()
            try:
                return await asyncio.wait_for(talk(port, wire), 60)
            finally:
                await asyncio.wait_for(front.close(), 60)

        return asyncio.run(main())

    return run


async def connect(port):
    return await asyncio.open_connection("127.0.0.1", port)


async def read_all(reader):
    data = b""
    with suppress(ConnectionResetError):
        data = await asyncio.wait_for(reader.read(), 60)
    return data


def test_messages_are_answered_in_order(converse):
    async def talk(port, wire):
        reader, writer = await connect(port)
        writer.write(b"*IDN?\nNOTE 1\nBLOCK?\n*ESR?\n")
        expected = b"Maker,Slow,1,0\n" + BLOCK + b"+128\n"
        data = await asyncio.wait_for(reader.readexactly(len(expected)), 60)
        writer.close()
        return data == expected

    assert converse(talk)


def test_drop_cuts_one_block_in_the_middle_and_short_replies_never(
    converse, make_fault
):
    async def talk(port, wire):
        wire.add(make_fault("drop_mid_block", reply_count=1))
        reader, writer = await connect(port)
        writer.write(b"*IDN?\nBLOCK?\n")
        cut = await read_all(reader)
        writer.close()
        reader, writer = await connect(port)
        writer.write(b"BLOCK?\n")
        whole = await asyncio.wait_for(reader.readexactly(len(BLOCK)), 60)
        writer.close()
        return cut, whole

    cut, whole = converse(talk)
    assert cut == b"Maker,Slow,1,0\n" + BLOCK[: len(BLOCK) // 2]
    assert whole == BLOCK


def test_garbage_is_of_the_length_of_a_reply_until_cleared(converse, make_fault):
    async def talk(port, wire):
        wire.add(make_fault("garbage"))
        reader, writer = await connect(port)
        replies = []
        for _ in range(2):
            writer.write(b"BLOCK?\n")
            replies.append(await asyncio.wait_for(reader.readexactly(len(BLOCK)), 60))
        wire.remove(make_fault("garbage").kind)
        writer.write(b"BLOCK?\n")
        replies.append(await asyncio.wait_for(reader.readexactly(len(BLOCK)), 60))
        writer.close()
        return replies

    first, second, third = converse(talk)
    assert first != BLOCK != second
    assert third == BLOCK


def test_delay_holds_every_reply_back(converse, make_fault):
    async def talk(port, wire):
        loop = asyncio.get_running_loop()
        wire.add(make_fault("delay", delay_s=0.2))
        reader, writer = await connect(port)
        begun_s = loop.time()
        writer.write(b"*IDN?\n")
        await asyncio.wait_for(reader.readline(), 60)
        writer.close()
        return loop.time() - begun_s

    assert 0.19 < converse(talk) < 5.0


def test_silent_instrument_swallows_messages_for_good(converse, make_fault):
    async def talk(port, wire):
        wire.add(make_fault("vna_silent"))
        reader, writer = await connect(port)
        writer.write(b"*IDN?\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readline(), 0.2)
        wire.remove(make_fault("vna_silent").kind)
        writer.write(b"*ESR?\n")
        reply = await asyncio.wait_for(reader.readline(), 60)
        writer.close()
        return reply

    assert converse(talk) == b"+128\n"


def test_endless_line_ends_the_connection(converse):
    async def talk(port, wire):
        reader, writer = await connect(port)
        with suppress(OSError):
            for _ in range(64):
                writer.write(b"x" * 65_536)
                await writer.drain()
        data = await read_all(reader)
        writer.close()
        return data

    assert converse(talk) == b""


def test_sessions_are_bounded(converse):
    async def talk(port, wire):
        opened = [await connect(port) for _ in range(MAX_SESSIONS)]
        for reader, writer in opened:
            writer.write(b"*ESR?\n")
            await asyncio.wait_for(reader.readline(), 60)
        reader, extra = await connect(port)
        refused = await read_all(reader)
        extra.close()
        for _, writer in opened:
            writer.close()
        return refused

    assert converse(talk) == b""


def test_closing_ends_a_waiting_session(make_device):
    async def main():
        front = RawSocketFront(make_device())
        reader, writer = await connect(await front.start())
        writer.write(b"WAIT?\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        await asyncio.wait_for(front.close(), 60)
        rest = await read_all(reader)
        writer.close()
        return rest

    assert asyncio.run(main()) == b""
