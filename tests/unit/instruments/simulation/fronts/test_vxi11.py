import asyncio
import struct
from contextlib import suppress
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instruments.simulation.fronts.rpc import pack_opaque
from instruments.simulation.fronts.vxi11 import MAX_LINKS, Vxi11Front
from instruments.simulation.scpi.device import MAX_MESSAGE_BYTES
from instruments.simulation.wire_faults import WireFaults

CORE, ABORT = 0x0607AF, 0x0607B0
CREATE, WRITE, READ, STATUS, TRIGGER, CLEAR = 10, 11, 12, 13, 14, 15
LOCK, UNLOCK, DESTROY = 18, 19, 23


class Client:
    """Speaks ONC RPC to one channel, written from the RFCs for these tests."""

    opened: ClassVar[list] = []

    def __init__(self, reader, writer, program):
        self.reader, self.writer, self.program = reader, writer, program
        self.number = 0

    @classmethod
    async def to(cls, port, program=CORE):
        client = cls(*await asyncio.open_connection("127.0.0.1", port), program)
        cls.opened.append(client)
        return client

    @classmethod
    async def close_all(cls):
        while cls.opened:
            writer = cls.opened.pop().writer
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def call(self, procedure, arguments=b"", *, version=1):
        self.number += 1
        head = struct.pack(
            "!IIIIII", self.number, 0, 2, self.program, version, procedure
        )
        record = head + bytes(16) + arguments
        self.writer.write(struct.pack("!I", 0x8000_0000 | len(record)) + record)
        (mark,) = struct.unpack("!I", await self.exactly(4))
        reply = await self.exactly(mark & 0x7FFF_FFFF)
        number, kind, accepted, _, _, outcome = struct.unpack("!IIIIII", reply[:24])
        assert (number, kind, accepted) == (self.number, 1, 0)
        return outcome, reply[24:]

    async def exactly(self, count):
        return await asyncio.wait_for(self.reader.readexactly(count), 60)

    async def link(self, *, lock=0):
        arguments = struct.pack("!iiI", 1, lock, 0) + pack_opaque(b"inst0")
        outcome, result = await self.call(CREATE, arguments)
        assert outcome == 0
        return struct.unpack("!iiII", result)

    async def write(self, link, data, *, flags=8, timeout_ms=20_000):
        arguments = struct.pack("!iIIi", link, timeout_ms, 0, flags)
        _, result = await self.call(WRITE, arguments + pack_opaque(data))
        return struct.unpack("!iI", result[:8])

    async def read(self, link, *, count=10_000, timeout_ms=20_000, flags=0, end=0):
        arguments = struct.pack("!iIIIii", link, count, timeout_ms, 0, flags, end)
        _, result = await self.call(READ, arguments)
        error, reason, length = struct.unpack("!iiI", result[:12])
        return error, reason, result[12 : 12 + length]

    async def control(self, procedure, link):
        _, result = await self.call(procedure, struct.pack("!iiII", link, 0, 0, 0))
        return struct.unpack(f"!{len(result) // 4}I", result)


@pytest.fixture
def converse(make_device):
    def run(talk):
        async def main():
            wire, device = WireFaults(), make_device()
            front = Vxi11Front(device, wire)
            port = await front.start()
            try:
                return await asyncio.wait_for(talk(port, wire, device), 60)
            finally:
                await Client.close_all()
                await asyncio.wait_for(front.close(), 60)

        return asyncio.run(main())

    return run


def test_a_message_may_come_in_pieces_and_a_reply_be_read_in_pieces(converse):
    async def talk(port, wire, device):
        client = await Client.to(port)
        error, link, abort_port, longest = await client.link()
        assert (error, longest) == (0, MAX_MESSAGE_BYTES)
        assert abort_port > 0
        assert await client.write(link, b"*ID", flags=0) == (0, 3)
        assert await client.write(link, b"N?\n") == (0, 3)
        assert (await client.control(STATUS, link))[:2] == (0, 16)
        first = await client.read(link, count=5)
        to_comma = await client.read(link, flags=128, end=ord(","))
        rest = await client.read(link)
        assert (await client.control(STATUS, link))[:2] == (0, 0)
        return first, to_comma, rest

    first, to_comma, rest = converse(talk)
    assert first == (0, 1, b"Maker")
    assert to_comma == (0, 2, b",")
    assert rest == (0, 4, b"Slow,1,0\n")


def test_read_without_a_reply_times_out_and_a_clear_ends_a_wait(converse):
    async def talk(port, wire, device):
        client = await Client.to(port)
        _, link, _, _ = await client.link()
        assert (await client.read(link, timeout_ms=50))[0] == 15
        await client.write(link, b"WAIT?\n")
        assert (await client.read(link, timeout_ms=50))[0] == 15
        assert (await client.write(link, b"*IDN?\n", timeout_ms=50))[0] == 15
        assert (await client.control(CLEAR, link))[0] == 0
        await client.write(link, b"*OPC?\n")
        return await client.read(link)

    assert converse(talk) == (0, 4, b"+1\n")


def test_abort_channel_ends_a_read(converse):
    async def talk(port, wire, device):
        client = await Client.to(port)
        _, link, abort_port, _ = await client.link()
        reading = asyncio.create_task(client.read(link, timeout_ms=15_000))
        other = await Client.to(abort_port, ABORT)
        ended = False
        for _ in range(200):
            assert await other.call(1, struct.pack("!i", link)) == (0, bytes(12))
            done, _ = await asyncio.wait({reading}, timeout=0.02)
            if done:
                ended = True
                break
        assert ended
        assert (await other.call(1, struct.pack("!i", 999)))[1][:4] == b"\0\0\0\4"
        assert (await other.call(0))[0] == 0
        return (await reading)[0]

    assert converse(talk) == 23


def test_unread_reply_is_lost_to_the_next_message_with_an_error(converse):
    async def talk(port, wire, device):
        client = await Client.to(port)
        _, link, _, _ = await client.link()
        await client.write(link, b"*IDN?\n")
        await client.write(link, b"SYST:ERR?\n")
        return await client.read(link)

    assert b"-410" in converse(talk)[2]


def test_lock_keeps_others_out_until_its_holder_goes(converse):
    async def talk(port, wire, device):
        one, two = await Client.to(port), await Client.to(port)
        _, first, _, _ = await one.link()
        _, second, _, _ = await two.link()
        assert (await one.control(LOCK, first))[0] == 0
        assert (await two.write(second, b"*CLS\n"))[0] == 11
        assert (await two.link(lock=1))[0] == 11
        assert (await one.control(UNLOCK, first))[0] == 0
        assert (await one.control(UNLOCK, first))[0] == 12
        assert (await one.control(LOCK, first))[0] == 0
        assert (await one.control(DESTROY, first))[0] == 0
        assert (await one.write(first, b"*CLS\n"))[0] == 4
        assert (await two.control(TRIGGER, second))[0] == 0
        return device.triggered

    assert converse(talk) == 1


def test_links_are_bounded_and_free_when_their_client_goes(converse):
    async def talk(port, wire, device):
        client = await Client.to(port)
        errors = [(await client.link())[0] for _ in range(MAX_LINKS + 1)]
        client.writer.close()
        other = await Client.to(port)
        for _ in range(200):
            if (await other.link())[0] == 0:
                return errors
            await asyncio.sleep(0.01)
        raise AssertionError("the links of a client that left stay taken")

    assert converse(talk) == [0] * MAX_LINKS + [9]


def test_what_is_not_offered_is_said_in_the_words_of_rpc(converse):
    async def talk(port, wire, device):
        client = await Client.to(port)
        _, link, _, _ = await client.link()
        outcomes = [
            (await client.call(0))[0],
            (await client.call(99, struct.pack("!i", link)))[0],
            (await client.call(CREATE, version=7))[0],
            (await client.call(WRITE, b"\0\0"))[0],
        ]
        client.program = 5
        outcomes.append((await client.call(CREATE))[0])
        client.program = CORE
        unsupported = (await client.control(22, link))[0]
        return outcomes, unsupported

    assert converse(talk) == ([0, 3, 2, 4, 1], 8)


def test_too_long_a_message_is_refused_and_the_link_lives(converse):
    async def talk(port, wire, device):
        client = await Client.to(port)
        _, link, _, _ = await client.link()
        piece = b"x" * (MAX_MESSAGE_BYTES // 2)
        errors = [(await client.write(link, piece, flags=0))[0] for _ in range(3)]
        await client.write(link, b"*OPC?\n")
        return errors, await client.read(link)

    assert converse(talk) == ([0, 0, 9], (0, 4, b"+1\n"))


def test_faults_of_the_wire(converse, make_fault):
    async def talk(port, wire, device):
        client = await Client.to(port)
        _, link, _, _ = await client.link()
        wire.add(make_fault("stale_reply", reply_count=1))
        await client.write(link, b"*OPC?\n")
        assert (await client.read(link, timeout_ms=50))[0] == 15
        await client.write(link, b"*IDN?\n")
        stale = await client.read(link)
        wire.add(make_fault("split_packets"))
        await client.write(link, b"BLOCK?\n")
        block = await client.read(link)
        wire.add(make_fault("second_client_refused"))
        refused = await (await Client.to(port)).link()
        wire.add(make_fault("drop_mid_block", reply_count=1))
        await client.write(link, b"BLOCK?\n")
        with pytest.raises(asyncio.IncompleteReadError):
            await client.read(link)
        return stale, block, refused

    stale, block, refused = converse(talk)
    assert stale[2] == b"+1\nMaker,Slow,1,0\n"
    assert block[2] == b"#3200" + b"\n" * 200 + b"\n"
    assert refused[0] == 9


@settings(max_examples=20, deadline=None)
@given(garbage=st.binary(min_size=1, max_size=200))
def test_garbage_ends_its_own_connection_only(garbage):
    from instruments.simulation.scpi.device import ScpiDevice

    async def main():
        front = Vxi11Front(ScpiDevice("Maker,Lamp,1,0"))
        port = await front.start()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(garbage)
            writer.write_eof()
            with suppress(ConnectionResetError):
                await asyncio.wait_for(reader.read(), 60)
            writer.close()
            return (await (await Client.to(port)).link())[0]
        finally:
            await Client.close_all()
            await asyncio.wait_for(front.close(), 60)

    assert asyncio.run(main()) == 0
