"""The grammar of SCPI and IEEE 488.2, without any wire."""

from instruments.scpi.block import as_complex, decode_reals
from instruments.scpi.error_queue import ErrorEntry, parse_error_entry
from instruments.scpi.identity import parse_identity
from instruments.scpi.message import join_commands
from instruments.scpi.numbers import (
    NOT_A_NUMBER,
    format_bool,
    format_number,
    parse_bool,
    parse_integer,
    parse_number,
)
from instruments.scpi.text import decode_numbers, decode_triples

__all__ = [
    "NOT_A_NUMBER",
    "ErrorEntry",
    "as_complex",
    "decode_numbers",
    "decode_reals",
    "decode_triples",
    "format_bool",
    "format_number",
    "join_commands",
    "parse_bool",
    "parse_error_entry",
    "parse_identity",
    "parse_integer",
    "parse_number",
]
