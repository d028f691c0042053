"""ONC remote procedure calls on TCP, as much of them as VXI-11 needs (RFC 5531)."""

import asyncio
import struct
from dataclasses import dataclass
from enum import IntEnum

from instruments.simulation.scpi.device import MAX_MESSAGE_BYTES

MAX_RECORD_BYTES = MAX_MESSAGE_BYTES + 4096
"""Longest call that is taken, over all its fragments."""

MAX_FRAGMENTS = 4096
"""Most pieces that a call may come in."""

_LAST_FRAGMENT = 0x8000_0000
_CALL, _REPLY, _ACCEPTED, _RPC_VERSION = 0, 1, 0, 2


class Outcome(IntEnum):
    """How a call was accepted."""

    SUCCESS = 0
    PROGRAM_UNAVAILABLE = 1
    PROGRAM_MISMATCH = 2
    PROCEDURE_UNAVAILABLE = 3
    GARBAGE_ARGUMENTS = 4


class RpcError(Exception):
    """A peer that does not speak ONC RPC."""


class XdrReader:
    """Takes numbers and byte strings off an XDR record (RFC 4506)."""

    def __init__(self, record: bytes) -> None:
        self._record = record
        self._place = 0

    def integer(self) -> int:
        """Take a signed 32-bit number.

        Raises
        ------
        RpcError
            If the record has ended.
        """
        (value,) = struct.unpack("!i", self._take(4))
        return int(value)

    def unsigned(self) -> int:
        """Take an unsigned 32-bit number."""
        (value,) = struct.unpack("!I", self._take(4))
        return int(value)

    def opaque(self) -> bytes:
        """Take a byte string with its padding."""
        length = self.unsigned()
        data = self._take(length)
        self._take(-length % 4)
        return data

    def _take(self, count: int) -> bytes:
        end = self._place + count
        if count > MAX_RECORD_BYTES or end > len(self._record):
            raise RpcError("the call is shorter than it says")
        taken = self._record[self._place : end]
        self._place = end
        return taken


def pack_opaque(data: bytes) -> bytes:
    """Return a byte string as XDR."""
    return struct.pack("!I", len(data)) + data + b"\0" * (-len(data) % 4)


@dataclass(frozen=True, slots=True)
class Call:
    """One call: which procedure of which program, and its arguments."""

    transaction_id: int
    program_id: int
    version_number: int
    procedure_number: int
    arguments: XdrReader

    def reply(self, outcome: Outcome, result: bytes = b"") -> bytes:
        """Return the answer as one record."""
        head = struct.pack(
            "!IIIIII", self.transaction_id, _REPLY, _ACCEPTED, 0, 0, int(outcome)
        )
        body = head + result
        return struct.pack("!I", _LAST_FRAGMENT | len(body)) + body


async def read_call(reader: asyncio.StreamReader) -> Call:
    """Read one call.

    Raises
    ------
    RpcError
        If the bytes are no call, or it is too long.
    asyncio.IncompleteReadError
        If the peer went away.
    """
    record = XdrReader(await _read_record(reader))
    transaction = record.unsigned()
    if record.unsigned() != _CALL or record.unsigned() != _RPC_VERSION:
        raise RpcError("this is no call of ONC RPC version 2")
    program, version, procedure = (record.unsigned() for _ in range(3))
    for _ in ("credentials", "verifier"):
        record.unsigned()
        record.opaque()
    return Call(transaction, program, version, procedure, record)


async def _read_record(reader: asyncio.StreamReader) -> bytes:
    record = bytearray()
    for _ in range(MAX_FRAGMENTS):
        (mark,) = struct.unpack("!I", await reader.readexactly(4))
        length = mark & ~_LAST_FRAGMENT
        if len(record) + length > MAX_RECORD_BYTES:
            raise RpcError(f"a call of {len(record) + length} bytes is too long")
        record += await reader.readexactly(length)
        if mark & _LAST_FRAGMENT:
            return bytes(record)
    raise RpcError("the call comes in too many pieces")
