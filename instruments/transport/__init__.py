"""Wires: the only room that knows VISA."""

from instruments.transport.replay import (
    Exchange,
    RecordingWire,
    ReplayWire,
    TranscriptError,
    read_transcript,
    write_transcript,
)
from instruments.transport.visa import open_wire
from instruments.transport.wire import Wire

__all__ = [
    "Exchange",
    "RecordingWire",
    "ReplayWire",
    "TranscriptError",
    "Wire",
    "open_wire",
    "read_transcript",
    "write_transcript",
]
