"""The HiSLIP front, synchronised mode: two connections make one session."""

import asyncio
import struct
from dataclasses import dataclass, field
from functools import partial

from instruments.simulation.faults import FaultKind
from instruments.simulation.fronts.hislip_message import (
    MAX_PAYLOAD_BYTES,
    HislipError,
    Message,
    MessageType,
    find_program,
    read_message,
)
from instruments.simulation.fronts.instrument_front import InstrumentFront
from instruments.simulation.fronts.sessions import OfferingReader, discard
from instruments.simulation.scpi.device import MAX_MESSAGE_BYTES, ScpiDevice
from instruments.simulation.scpi.execution import Execution
from instruments.simulation.wire_faults import Delivery, WireFaults

PROTOCOL_VERSION = 0x0100
"""HiSLIP 1.0."""

VENDOR = 0x4857
"""Two letters, HW."""

HEADER_BYTES = 16
"""Bytes of a message before its payload."""


@dataclass(eq=False)
class _Session:
    """What the two connections of a client share."""

    writer: asyncio.StreamWriter
    session_id: int
    largest_payload_bytes: int = MAX_PAYLOAD_BYTES
    running: asyncio.Task[bytes | None] | None = None
    pending: bytearray = field(default_factory=bytearray)
    is_clearing: bool = False
    held: bytes = b""
    begun: Execution | None = None

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is under way in either direction."""
        is_clean = not (self.is_clearing or self.pending or self.held)
        return is_clean and not self.writer.transport.get_write_buffer_size()

    def abort(self) -> None:
        """Give up what is being executed and what has arrived."""
        self.pending.clear()
        if self.begun is not None:
            self.begun.abandon()
            self.begun = None
        if self.running is not None:
            self.running.cancel()


class HislipFront(InstrumentFront):
    """Serves an instrument as ``TCPIP::127.0.0.1::hislip0,PORT::INSTR``."""

    def __init__(self, device: ScpiDevice, wire: WireFaults | None = None) -> None:
        super().__init__(device, wire)
        self._sessions: dict[int, _Session] = {}
        self._next_identifier = 1

    async def _serve(
        self, reader: OfferingReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await self._serve_channel(reader, writer)
        except HislipError as error:
            sentence = str(error).encode()
            writer.write(Message(MessageType.FATAL_ERROR, 1, 0, sentence).encode())
            await writer.drain()

    async def _serve_channel(
        self, reader: OfferingReader, writer: asyncio.StreamWriter
    ) -> None:
        first = await read_message(reader)
        if self._wire.is_silent:
            await self._wire.until_speaking()
        if first.type_code == MessageType.INITIALIZE:
            await self._serve_synchronous(reader, writer)
        elif first.type_code == MessageType.ASYNC_INITIALIZE:
            await self._serve_asynchronous(first, reader, writer)
        else:
            raise HislipError("invalid initialization sequence")

    async def _serve_synchronous(
        self, reader: OfferingReader, writer: asyncio.StreamWriter
    ) -> None:
        session = _Session(writer, self._next_identifier)
        self._next_identifier = self._next_identifier % 0xFFFF + 1
        self._sessions[session.session_id] = session
        answer = PROTOCOL_VERSION << 16 | session.session_id
        try:
            with self._admitted(writer.transport.abort) as is_welcome:
                if not is_welcome:
                    raise HislipError("maximum number of clients exceeded")
                answered = Message(MessageType.INITIALIZE_RESPONSE, 0, answer)
                writer.write(answered.encode())
                answer_at_once = partial(self._answer_at_once, session)
                while True:
                    reader.offer_to(answer_at_once)
                    await self._take(session, await read_message(reader))
        finally:
            session.abort()
            self._sessions.pop(session.session_id, None)

    def _answer_at_once(self, session: _Session, data: bytes) -> bool:
        """Answer a whole message that nothing has to be waited for, and tell so.

        One that has to wait is begun; it is read and finished as any other.
        """
        program = find_program(data)
        if program is None or not (self._wire.is_well and session.is_at_rest):
            return False
        message_id, text = program
        execution = self._device.begin(text.strip())
        if not execution.is_done:
            session.begun = execution
            return False
        reply = execution.reply
        if reply is not None:
            framed = _frame(reply, message_id, session.largest_payload_bytes)
            session.writer.write(framed)
        return True

    async def _take(self, session: _Session, message: Message) -> None:
        """Act on one message of the synchronous channel."""
        if self._wire.is_silent:
            session.abort()
            return
        if message.type_code == MessageType.DEVICE_CLEAR_COMPLETE:
            session.is_clearing = False
            answer = Message(MessageType.DEVICE_CLEAR_ACKNOWLEDGE, message.control_code)
            session.writer.write(answer.encode())
        elif session.is_clearing:
            # It was under way when the client gave up on it.
            session.pending.clear()
        elif message.type_code == MessageType.TRIGGER:
            self._device.trigger()
        elif message.type_code in (MessageType.DATA, MessageType.DATA_END):
            session.pending += message.payload
            if len(session.pending) > MAX_MESSAGE_BYTES:
                raise HislipError("the program message is too long")
            if message.type_code == MessageType.DATA_END:
                await self._execute(session, message.parameter_code)
        else:
            answer = Message(MessageType.ERROR, 1, 0, b"unrecognized message type")
            session.writer.write(answer.encode())

    async def _execute(self, session: _Session, message_id: int) -> None:
        program = bytes(session.pending).strip()
        session.pending.clear()
        execution = session.begun or self._device.begin(program)
        session.begun, reply = None, execution.reply
        if not execution.is_done:
            running = execution.start()
            session.running = running
            await asyncio.wait({running})
            session.running = None
            # A device clear cancels the execution and not the connection.
            reply = None if running.cancelled() else running.result()
        if reply is not None:
            await self._reply(session, message_id, reply)

    async def _reply(self, session: _Session, message_id: int, reply: bytes) -> None:
        if self._wire.delay_s > 0.0:
            await asyncio.sleep(self._wire.delay_s)
        if self._wire.is_silent:
            return
        delivery = self._wire.deliver(reply)
        if delivery.closes:
            # The header still promises the whole reply: the cut is in mid-block.
            whole = Message(MessageType.DATA_END, 0, message_id, reply).encode()
            session.writer.write(whole[: HEADER_BYTES + len(delivery.payload)])
            await session.writer.drain()
            await discard(session.writer)
            return
        framed = session.held + _frame(
            delivery.payload, message_id, session.largest_payload_bytes
        )
        if self._wire.takes(FaultKind.STALE_REPLY):
            session.held = framed
            return
        session.held = b""
        await self._send(session.writer, Delivery(framed))

    async def _serve_asynchronous(
        self,
        first: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        session = self._sessions.get(first.parameter_code & 0xFFFF)
        if session is None:
            raise HislipError("there is no such session")
        answer = Message(MessageType.ASYNC_INITIALIZE_RESPONSE, 0, VENDOR)
        writer.write(answer.encode())
        while True:
            message = await read_message(reader)
            if not self._wire.is_silent:
                writer.write(self._answer(session, message).encode())
                await writer.drain()

    def _answer(self, session: _Session, message: Message) -> Message:
        """Answer one message of the asynchronous channel."""
        match message.type_code:
            case MessageType.ASYNC_MAX_MESSAGE_SIZE if len(message.payload) == 8:
                answer = self._agree_on_size(session, message.payload)
            case MessageType.ASYNC_DEVICE_CLEAR:
                session.abort()
                session.is_clearing = True
                answer = Message(MessageType.ASYNC_DEVICE_CLEAR_ACKNOWLEDGE)
            case MessageType.ASYNC_STATUS_QUERY:
                byte = self._device.status.byte()
                answer = Message(MessageType.ASYNC_STATUS_RESPONSE, byte)
            case MessageType.ASYNC_LOCK:
                answer = Message(MessageType.ASYNC_LOCK_RESPONSE, 1)
            case MessageType.ASYNC_LOCK_INFO:
                answer = Message(MessageType.ASYNC_LOCK_INFO_RESPONSE)
            case MessageType.ASYNC_REMOTE_LOCAL_CONTROL:
                answer = Message(MessageType.ASYNC_REMOTE_LOCAL_RESPONSE)
            case _:
                answer = Message(MessageType.ERROR, 1, 0, b"unrecognized message type")
        return answer

    @staticmethod
    def _agree_on_size(session: _Session, payload: bytes) -> Message:
        (size,) = struct.unpack("!Q", payload)
        session.largest_payload_bytes = min(
            max(256, size - HEADER_BYTES), MAX_PAYLOAD_BYTES
        )
        taken = struct.pack("!Q", MAX_PAYLOAD_BYTES)
        return Message(MessageType.ASYNC_MAX_MESSAGE_SIZE_RESPONSE, 0, 0, taken)


def _frame(payload: bytes, message_id: int, largest: int) -> bytes:
    """Return a reply as one or more messages."""
    parts = []
    for start in range(0, len(payload), largest):
        is_last = start + largest >= len(payload)
        kind = MessageType.DATA_END if is_last else MessageType.DATA
        part = payload[start : start + largest]
        parts.append(Message(kind, 0, message_id, part).encode())
    return b"".join(parts)
