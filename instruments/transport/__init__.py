"""Wires: VISA, which only this room knows, HTTP, and plain lines."""

from instruments.transport.http import open_http_wire
from instruments.transport.lines import open_line_wire
from instruments.transport.opening import open_wire
from instruments.transport.replay import (
    Exchange,
    RecordingWire,
    ReplayWire,
    TranscriptError,
    read_transcript,
    write_transcript,
)
from instruments.transport.wire import Expected, Payload, Transport, Wire

__all__ = [
    "Exchange",
    "Expected",
    "Payload",
    "RecordingWire",
    "ReplayWire",
    "TranscriptError",
    "Transport",
    "Wire",
    "open_http_wire",
    "open_line_wire",
    "open_wire",
    "read_transcript",
    "write_transcript",
]
