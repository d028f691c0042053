"""HiSLIP messages on the wire (IVI-6.1, version 1.0)."""

import asyncio
import struct
from dataclasses import dataclass
from enum import IntEnum

MAX_PAYLOAD_BYTES = 1 << 20
"""Longest payload that is taken in one message."""

_HEADER = struct.Struct("!2sBBIQ")


class MessageType(IntEnum):
    """Message types that a synchronised session needs."""

    INITIALIZE = 0
    INITIALIZE_RESPONSE = 1
    FATAL_ERROR = 2
    ERROR = 3
    ASYNC_LOCK = 4
    ASYNC_LOCK_RESPONSE = 5
    DATA = 6
    DATA_END = 7
    DEVICE_CLEAR_COMPLETE = 8
    DEVICE_CLEAR_ACKNOWLEDGE = 9
    ASYNC_REMOTE_LOCAL_CONTROL = 10
    ASYNC_REMOTE_LOCAL_RESPONSE = 11
    TRIGGER = 12
    ASYNC_MAX_MESSAGE_SIZE = 15
    ASYNC_MAX_MESSAGE_SIZE_RESPONSE = 16
    ASYNC_INITIALIZE = 17
    ASYNC_INITIALIZE_RESPONSE = 18
    ASYNC_DEVICE_CLEAR = 19
    ASYNC_STATUS_QUERY = 21
    ASYNC_STATUS_RESPONSE = 22
    ASYNC_DEVICE_CLEAR_ACKNOWLEDGE = 23
    ASYNC_LOCK_INFO = 24
    ASYNC_LOCK_INFO_RESPONSE = 25


class HislipError(Exception):
    """A peer that does not speak HiSLIP."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: type, control code, parameter, payload."""

    type_code: int
    control_code: int = 0
    parameter_code: int = 0
    payload: bytes = b""

    def encode(self) -> bytes:
        """Return the message as bytes."""
        head = _HEADER.pack(
            b"HS",
            self.type_code,
            self.control_code,
            self.parameter_code,
            len(self.payload),
        )
        return head + self.payload


def find_program(data: bytes) -> tuple[int, bytes] | None:
    """Return identifier and text of a program message that came whole and alone."""
    if len(data) < _HEADER.size:
        return None
    prologue, kind, _, parameter, length = _HEADER.unpack_from(data)
    is_whole = length == len(data) - _HEADER.size <= MAX_PAYLOAD_BYTES
    if prologue != b"HS" or kind != MessageType.DATA_END or not is_whole:
        return None
    return parameter, data[_HEADER.size :]


async def read_message(reader: asyncio.StreamReader) -> Message:
    """Read one message.

    Raises
    ------
    HislipError
        If the bytes are no HiSLIP message, or it is too long.
    asyncio.IncompleteReadError
        If the peer went away.
    """
    head = await reader.readexactly(_HEADER.size)
    prologue, kind, control, parameter, length = _HEADER.unpack(head)
    if prologue != b"HS":
        raise HislipError("poorly formed message header")
    if length > MAX_PAYLOAD_BYTES:
        raise HislipError(f"a payload of {length} bytes is too long")
    return Message(kind, control, parameter, await reader.readexactly(length))
