"""What the encoder is told and what it answers, as bytes between two processes."""

from collections.abc import Iterator
from importlib import metadata
from struct import Struct
from typing import Any

import msgpack

from instruments.measurement import FrequencyAxis, SweepPurpose, TruthFlag
from service.storage.records import NewSweep

EDITION = metadata.version("halowatch")
"""Answered first: an upgrade under a running API leaves it with an encoder of the next
edition, which may mean other things by the same words."""

JOB = Struct("<II")
"""Number of a room, and bytes of the body in it."""

_LENGTH = Struct("<I")

_PLAIN = (
    "sweep_id",
    "key",
    "content_hash",
    "cavity",
    "measured_at_us",
    "received_at_us",
    "is_reference",
    "thermal_cycle",
    "axis_hash",
    "details",
    "run",
    "step",
    "codec",
)
"""Fields of a :class:`NewSweep` that are sent as they are."""


def frame(answer: object) -> bytes:
    """Write one answer, its length before it."""
    packed = bytes(msgpack.packb(answer))
    return _LENGTH.pack(len(packed)) + packed


def unframe(received: bytearray) -> Iterator[Any]:
    """Take the whole answers off the start of what was received."""
    while len(received) >= _LENGTH.size:
        (size_bytes,) = _LENGTH.unpack_from(received)
        end = _LENGTH.size + size_bytes
        if len(received) < end:
            return
        packed = bytes(received[_LENGTH.size : end])
        del received[:end]
        yield msgpack.unpackb(packed)


def to_record(sweep: NewSweep) -> dict[str, Any]:
    """Write all of an encoded sweep but its axis and its blob."""
    record = {name: getattr(sweep, name) for name in _PLAIN}
    record["purpose"] = sweep.purpose.value
    record["flags"] = [flag.value for flag in sweep.flags]
    record["s_parameters"] = sweep.s_parameters
    return record


def from_record(
    record: dict[str, Any], axis: FrequencyAxis, payload: bytes
) -> NewSweep:
    """Put together what :func:`to_record` wrote, with its axis and its blob."""
    return NewSweep(
        **{name: record[name] for name in _PLAIN},
        purpose=SweepPurpose(record["purpose"]),
        flags=tuple(map(TruthFlag, record["flags"])),
        s_parameters=tuple(record["s_parameters"]),
        frequency_hz=axis,
        payload=payload,
    )
