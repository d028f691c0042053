"""Faults and manners that the doors of an instrument share."""

import asyncio
import contextlib

import pytest

from instruments.simulation.faults import FaultKind
from instruments.simulation.fronts.hislip import HislipFront
from instruments.simulation.fronts.hislip_message import (
    Message,
    MessageType,
    read_message,
)
from instruments.simulation.fronts.raw_socket import RawSocketFront
from instruments.simulation.wire_faults import PIECES, WireFaults

BLOCK = b"#3200" + b"\n" * 200 + b"\n"


@pytest.fixture
def converse(make_device):
    def run(front_class, talk, *, keeps_newest_client=False):
        async def main():
            wire, device = WireFaults(), make_device()
            device.keeps_newest_client = keeps_newest_client
            front = front_class(device, wire)
            port = await front.start()
            async with contextlib.AsyncExitStack() as stack:
                stack.push_async_callback(front.close)

                async def connect():
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    stack.push_async_callback(close, writer)
                    return reader, writer

                return await asyncio.wait_for(talk(connect, wire, device), 60)

        return asyncio.run(main())

    return run


async def close(writer):
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def line(reader):
    return await asyncio.wait_for(reader.readline(), 60)


async def until_closed(reader):
    with contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 60) is not None


def test_stale_reply_comes_in_front_of_the_next(converse, make_fault):
    async def talk(connect, wire, device):
        reader, writer = await connect()
        wire.add(make_fault("stale_reply", reply_count=1))
        writer.write(b"*IDN?\n*OPC?\n*ESR?\n")
        return [await line(reader) for _ in range(3)]

    replies = converse(RawSocketFront, talk)
    assert replies == [b"Maker,Slow,1,0\n", b"+1\n", b"+128\n"]


def test_reply_in_pieces_is_whole_in_the_end(converse, make_fault):
    async def talk(connect, wire, device):
        reader, writer = await connect()
        wire.add(make_fault("split_packets"))
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        writer.write(b"BLOCK?\n")
        whole = await asyncio.wait_for(reader.readexactly(len(BLOCK)), 60)
        return whole, loop.time() - begun_s

    whole, took_s = converse(RawSocketFront, talk)
    assert whole == BLOCK
    assert took_s > 0.001 * PIECES


def test_second_client_is_refused_while_the_first_is_there(converse, make_fault):
    async def talk(connect, wire, device):
        first_reader, first = await connect()
        first.write(b"*OPC?\n")
        await line(first_reader)
        wire.add(make_fault("second_client_refused"))
        reader, _ = await connect()
        await until_closed(reader)
        first.write(b"*IDN?\n")
        alive = await line(first_reader)
        wire.remove(FaultKind.SECOND_CLIENT_REFUSED)
        reader, writer = await connect()
        writer.write(b"*IDN?\n")
        return alive, await line(reader)

    assert converse(RawSocketFront, talk) == (b"Maker,Slow,1,0\n",) * 2


def test_newest_client_ends_the_session_before(converse):
    async def talk(connect, wire, device):
        old_reader, old = await connect()
        old.write(b"*OPC?\n")
        await line(old_reader)
        reader, writer = await connect()
        writer.write(b"*IDN?\n")
        answer = await line(reader)
        await until_closed(old_reader)
        return answer, len(device.clients)

    answer, client_count = converse(RawSocketFront, talk, keeps_newest_client=True)
    assert answer == b"Maker,Slow,1,0\n"
    assert client_count == 1


def test_power_cycle_ends_every_session_and_welcomes_new_ones(converse, make_fault):
    async def talk(connect, wire, device):
        readers = []
        for _ in range(2):
            reader, writer = await connect()
            writer.write(b"*OPC?\n")
            await line(reader)
            readers.append(reader)
        wire.add(make_fault("power_cycle"))
        for reader in readers:
            await until_closed(reader)
        reader, writer = await connect()
        writer.write(b"*IDN?\n")
        return await line(reader)

    assert converse(RawSocketFront, talk) == b"Maker,Slow,1,0\n"


async def initialized(connect):
    reader, writer = await connect()
    writer.write(Message(MessageType.INITIALIZE, 0, 0x0100_4857, b"hislip0").encode())
    return reader, writer, await asyncio.wait_for(read_message(reader), 60)


async def said(reader, writer, message_id, program):
    writer.write(Message(MessageType.DATA_END, 0, message_id, program).encode())
    return await asyncio.wait_for(read_message(reader), 60)


def test_hislip_refuses_a_second_session_with_a_fatal_error(converse, make_fault):
    async def talk(connect, wire, device):
        _, _, first = await initialized(connect)
        wire.add(make_fault("second_client_refused"))
        _, _, second = await initialized(connect)
        return first.type_code, second.type_code

    assert converse(HislipFront, talk) == (
        MessageType.INITIALIZE_RESPONSE,
        MessageType.FATAL_ERROR,
    )


def test_hislip_stale_reply_keeps_its_old_message_id(converse, make_fault):
    async def talk(connect, wire, device):
        reader, writer, _ = await initialized(connect)
        wire.add(make_fault("stale_reply", reply_count=1))
        writer.write(Message(MessageType.DATA_END, 0, 100, b"*IDN?\n").encode())
        stale = await said(reader, writer, 102, b"*OPC?\n")
        fresh = await asyncio.wait_for(read_message(reader), 60)
        return stale, fresh

    stale, fresh = converse(HislipFront, talk)
    assert (stale.parameter_code, stale.payload) == (100, b"Maker,Slow,1,0\n")
    assert (fresh.parameter_code, fresh.payload) == (102, b"+1\n")
