"""Measured files from outside, read with bounds: archives, Touchstone, trace tables."""

from instruments.files.archive import LabelledArchive, read_archive, write_archive
from instruments.files.opening import (
    MeasuredFile,
    MeasuredFormat,
    guess_purpose,
    open_measured_bytes,
    open_measured_file,
)
from instruments.files.touchstone import (
    TouchstoneTraces,
    format_touchstone,
    read_touchstone,
)
from instruments.files.trace_table import TraceTable, read_trace_table

__all__ = [
    "LabelledArchive",
    "MeasuredFile",
    "MeasuredFormat",
    "TouchstoneTraces",
    "TraceTable",
    "format_touchstone",
    "guess_purpose",
    "open_measured_bytes",
    "open_measured_file",
    "read_archive",
    "read_touchstone",
    "read_trace_table",
    "write_archive",
]
