"""The array file: which cavities, instruments and schedules there are."""

from instruments.array.config import ArrayConfig
from instruments.array.loader import (
    ArrayFile,
    dump_array,
    load_array,
    load_array_file,
    parse_array,
)
from instruments.array.planning import plan_for
from instruments.array.references import readings_of

__all__ = [
    "ArrayConfig",
    "ArrayFile",
    "dump_array",
    "load_array",
    "load_array_file",
    "parse_array",
    "plan_for",
    "readings_of",
]
