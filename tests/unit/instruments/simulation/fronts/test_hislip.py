import asyncio
import struct

import pytest

from instruments.simulation.fronts.hislip import HislipFront
from instruments.simulation.fronts.hislip_message import (
    MAX_PAYLOAD_BYTES,
    HislipError,
    Message,
    MessageType,
    read_message,
)
from instruments.simulation.wire_faults import WireFaults

BLOCK = b"#3200" + b"\n" * 200 + b"\n"


class Client:
    """The two connections of one HiSLIP session."""

    async def open(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.send(Message(MessageType.INITIALIZE, 0, 0x0100_7878, b"hislip0"))
        answer = await self.receive()
        assert answer.type_code == MessageType.INITIALIZE_RESPONSE
        self.async_reader, self.async_writer = await asyncio.open_connection(
            "127.0.0.1", port
        )
        session = answer.parameter_code & 0xFFFF
        greeting = Message(MessageType.ASYNC_INITIALIZE, 0, session)
        assert (
            await self.ask_async(greeting)
        ).type_code == MessageType.ASYNC_INITIALIZE_RESPONSE
        return self

    def send(self, message):
        self.writer.write(message.encode())

    async def receive(self):
        return await asyncio.wait_for(read_message(self.reader), 60)

    async def ask_async(self, message):
        self.async_writer.write(message.encode())
        return await asyncio.wait_for(read_message(self.async_reader), 60)

    async def ask(self, program, message_id=0xFFFF_FF00):
        self.send(Message(MessageType.DATA_END, 0, message_id, program))
        return await self.receive()

    def close(self):
        self.writer.close()
        self.async_writer.close()


@pytest.fixture
def converse(make_device):
    def run(talk):
        async def main():
            wire, device = WireFaults(), make_device()
            front = HislipFront(device, wire)
            port = await front.start()
            try:
                return await asyncio.wait_for(talk(port, wire, device), 60)
            finally:
                await asyncio.wait_for(front.close(), 60)

        return asyncio.run(main())

    return run


def test_reply_echoes_the_message_id(converse):
    async def talk(port, wire, device):
        client = await Client().open(port)
        reply = await client.ask(b"*IDN?\n", 0xFFFF_FF42)
        client.close()
        return reply

    reply = converse(talk)
    assert reply == Message(MessageType.DATA_END, 0, 0xFFFF_FF42, b"Maker,Slow,1,0\n")


def test_program_may_come_in_parts_and_reply_too(converse):
    async def talk(port, wire, device):
        client = await Client().open(port)
        size = Message(MessageType.ASYNC_MAX_MESSAGE_SIZE, 0, 0, struct.pack("!Q", 272))
        agreed = await client.ask_async(size)
        client.send(Message(MessageType.DATA, 0, 2, b"BLO"))
        client.send(Message(MessageType.DATA_END, 0, 4, b"CK?;:BLOCK?"))
        first, second = await client.receive(), await client.receive()
        client.close()
        return agreed, first, second

    agreed, first, second = converse(talk)
    assert struct.unpack("!Q", agreed.payload) == (MAX_PAYLOAD_BYTES,)
    assert (first.type_code, len(first.payload)) == (MessageType.DATA, 256)
    assert second.type_code == MessageType.DATA_END
    assert first.payload + second.payload == BLOCK[:-1] + b";" + BLOCK


def test_device_clear_cancels_what_is_being_executed(converse):
    async def talk(port, wire, device):
        client = await Client().open(port)
        client.send(Message(MessageType.DATA_END, 0, 2, b"WAIT?"))
        await asyncio.sleep(0.05)
        cleared = await client.ask_async(Message(MessageType.ASYNC_DEVICE_CLEAR))
        client.send(Message(MessageType.DATA_END, 0, 4, b"NOTE lost"))
        client.send(Message(MessageType.DEVICE_CLEAR_COMPLETE))
        acknowledged = await client.receive()
        reply = await client.ask(b"*ESR?")
        client.close()
        return cleared.type_code, acknowledged.type_code, reply.payload, device.seen

    assert converse(talk) == (
        MessageType.ASYNC_DEVICE_CLEAR_ACKNOWLEDGE,
        MessageType.DEVICE_CLEAR_ACKNOWLEDGE,
        b"+128\n",
        [],
    )


def test_trigger_status_locks_and_unknown_messages(converse):
    async def talk(port, wire, device):
        client = await Client().open(port)
        client.send(Message(MessageType.TRIGGER))
        client.send(Message(MessageType.DATA_END, 0, 2, b"NONSENSE?"))
        await client.ask(b"*ESR?")
        client.send(Message(200))
        odd = await client.receive()
        answers = [
            await client.ask_async(Message(kind))
            for kind in (
                MessageType.ASYNC_STATUS_QUERY,
                MessageType.ASYNC_LOCK,
                MessageType.ASYNC_LOCK_INFO,
                MessageType.ASYNC_REMOTE_LOCAL_CONTROL,
                99,
            )
        ]
        client.close()
        return device.triggered, odd, answers

    triggered, odd, answers = converse(talk)
    assert triggered == 1
    assert odd.type_code == MessageType.ERROR
    assert [answer.type_code for answer in answers] == [
        MessageType.ASYNC_STATUS_RESPONSE,
        MessageType.ASYNC_LOCK_RESPONSE,
        MessageType.ASYNC_LOCK_INFO_RESPONSE,
        MessageType.ASYNC_REMOTE_LOCAL_RESPONSE,
        MessageType.ERROR,
    ]
    assert answers[0].control_code == 4


@pytest.mark.parametrize(
    ("first", "sentence"),
    [
        (b"GET / HTTP/1.1\r\n\r\n....", b"poorly formed"),
        (Message(MessageType.DATA_END).encode(), b"initialization"),
        (Message(MessageType.ASYNC_INITIALIZE, 0, 77).encode(), b"no such session"),
        (
            struct.pack("!2sBBIQ", b"HS", 0, 0, 0, 1 << 40),
            b"too long",
        ),
    ],
)
def test_stranger_is_told_and_dropped(first, sentence, converse):
    async def talk(port, wire, device):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        answer = await asyncio.wait_for(read_message(reader), 60)
        writer.close()
        return answer

    answer = converse(talk)
    assert answer.type_code == MessageType.FATAL_ERROR
    assert sentence in answer.payload


def test_drop_in_mid_block_promises_more_than_comes(converse, make_fault):
    async def talk(port, wire, device):
        client = await Client().open(port)
        wire.add(make_fault("drop_mid_block", reply_count=1))
        client.send(Message(MessageType.DATA_END, 0, 2, b"BLOCK?"))
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)) as cut:
            await client.receive()
        client.close()
        again = await Client().open(port)
        reply = await again.ask(b"BLOCK?")
        again.close()
        return cut.value, reply.payload

    cut, payload = converse(talk)
    if isinstance(cut, asyncio.IncompleteReadError):
        assert 0 < len(cut.partial) < len(BLOCK)
    assert payload == BLOCK


def test_silent_instrument_greets_nobody_until_it_recovers(converse, make_fault):
    async def talk(port, wire, device):
        client = await Client().open(port)
        wire.add(make_fault("vna_silent"))
        client.send(Message(MessageType.DATA_END, 0, 2, b"*IDN?"))
        client.async_writer.write(Message(MessageType.ASYNC_STATUS_QUERY).encode())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(read_message(client.reader), 0.2)
        newcomer = asyncio.create_task(Client().open(port))
        await asyncio.sleep(0.1)
        assert not newcomer.done()
        wire.remove(make_fault("vna_silent").kind)
        welcome = await asyncio.wait_for(newcomer, 60)
        reply = await welcome.ask(b"*IDN?")
        welcome.close()
        client.close()
        return reply.payload

    assert converse(talk) == b"Maker,Slow,1,0\n"


def test_program_that_never_ends_is_refused(converse):
    async def talk(port, wire, device):
        client = await Client().open(port)
        for _ in range(3):
            client.send(
                Message(MessageType.DATA, 0, 2, b"x" * (MAX_PAYLOAD_BYTES // 2))
            )
        answer = await client.receive()
        client.close()
        return answer.type_code

    assert converse(talk) == MessageType.FATAL_ERROR


def test_message_that_is_cut_short_is_no_message():
    async def run():
        reader = asyncio.StreamReader()
        reader.feed_data(b"XX" + bytes(14))
        await read_message(reader)

    with pytest.raises(HislipError):
        asyncio.run(run())
