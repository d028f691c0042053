"""Bodies of one long sweep, whose samples are copied once, into one table."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgpack
import numpy as np

from instruments.measurement.arrays import TraceArray
from instruments.measurement.limits import MAX_SWEEPS_PER_BODY, MAX_TRACE_COUNT

Body: TypeAlias = bytes | memoryview
"""The body of a message, or where it lies."""

LONG_BYTES = 128 * 1024
"""Shorter bodies are copied in less time than it takes to find their arrays."""

UNPACKING: dict[str, Any] = {
    "raw": False,
    "strict_map_key": True,
    "max_map_len": 4_096,
    "max_array_len": MAX_SWEEPS_PER_BODY,
    "max_ext_len": 0,
}
"""How msgpack reads a body, and its limits."""

_LONG_VALUE_BYTES = 4_096
"""Binary values from here on are not copied."""

_AHEAD_BYTES = 4_096
"""Given to msgpack for one value that is none of these."""

_MOST_KEYS = 64
_FIXED_MAPS = range(0x80, 0x90)
_MAP = 0xDE
_FIXED_TEXTS = range(0xA0, 0xC0)
_BINARIES = {0xC5: 2, 0xC6: 4}
"""First byte of a binary value to the bytes of its length."""

_SCALARS = frozenset({str, int, float, bool, bytes, type(None)})


class _UnusualError(Exception):
    """The body is none of those that are read here."""


def unpack_long(body: Body) -> dict[str, Any] | None:
    """Unpack one map as msgpack does, but with long binary values as views of it.

    Returns
    -------
    dict
        The map; None where it is an unusual one, or something else, which msgpack
        itself has to tell.
    """
    try:
        reader = _Reader(memoryview(body))
        message = reader.map_of(reader.value, _MOST_KEYS)
    except (_UnusualError, ValueError, TypeError, msgpack.exceptions.UnpackException):
        return None
    return message if reader.at == len(body) else None


def lay_out(
    traces: Mapping[str, Any], point_count: int
) -> dict[str, TraceArray] | None:
    """Copy views of single-precision traces into one table, rows in name order.

    Returns
    -------
    dict
        Trace name to its row, each shape (point,); None where the traces are no such
        views.
    """
    views = tuple(traces.values())
    if not views or not isinstance(views[0], memoryview):
        return None
    size = 8 * point_count
    if any(not isinstance(one, memoryview) or one.nbytes != size for one in views):
        return None
    # As bytes: in a body nothing lies where a number should.
    names = sorted(traces)
    raw = np.empty(len(names) * size, np.uint8)
    room = raw.data
    for row, name in enumerate(names):
        room[row * size : (row + 1) * size] = traces[name]
    table = raw.view("<c8").reshape(len(names), point_count)
    rows = dict(zip(names, table, strict=True))
    return {name: rows[name] for name in traces}


class _Reader:
    """Reads one value after the other: texts and arrays itself, msgpack the rest.

    Attributes
    ----------
    at
        Where the next value begins.
    """

    def __init__(self, body: memoryview) -> None:
        self._body = body
        self.at = 0

    def map_of(self, read: Callable[[], Any], most: int) -> dict[str, Any]:
        """Read a map of texts, each once, to values."""
        kind = self._kind()
        if kind in _FIXED_MAPS:
            count, self.at = kind - _FIXED_MAPS.start, self.at + 1
        elif kind == _MAP:
            count, self.at = self._number(self.at + 1, 2), self.at + 3
        else:
            raise _UnusualError
        if count > most:
            raise _UnusualError
        values: dict[str, Any] = {}
        for _ in range(count):
            key = self._text()
            values[key] = read()
        if len(values) < count:
            raise _UnusualError
        return values

    def value(self) -> Any:
        """Read a value of a sweep."""
        kind, start = self._kind(), self.at
        if kind in _FIXED_TEXTS:
            return self._text()
        if kind in _BINARIES:
            return self.long_value()
        if kind in _FIXED_MAPS:
            try:
                return self.map_of(self.long_value, MAX_TRACE_COUNT)
            except _UnusualError:
                self.at = start
        return self._other()

    def long_value(self) -> memoryview:
        """Read a long binary value, as a view."""
        size_bytes = _BINARIES.get(self._kind())
        if size_bytes is None:
            raise _UnusualError
        length = self._number(self.at + 1, size_bytes)
        if length < _LONG_VALUE_BYTES:
            raise _UnusualError
        return self._part(self.at + 1 + size_bytes, length)

    def _text(self) -> str:
        kind = self._kind()
        if kind not in _FIXED_TEXTS:
            raise _UnusualError
        return str(self._part(self.at + 1, kind - _FIXED_TEXTS.start), "utf-8")

    def _other(self) -> Any:
        unpacker = msgpack.Unpacker(**UNPACKING)
        unpacker.feed(self._body[self.at : self.at + _AHEAD_BYTES])
        value = unpacker.unpack()
        self.at += int(unpacker.tell())
        parts = value.values() if isinstance(value, dict) else value
        # Deeper ones would meet msgpack's limit later here than in the whole body.
        if type(value) not in _SCALARS and any(type(p) not in _SCALARS for p in parts):
            raise _UnusualError
        return value

    def _kind(self) -> int:
        if self.at >= len(self._body):
            raise _UnusualError
        return self._body[self.at]

    def _number(self, start: int, size_bytes: int) -> int:
        return int.from_bytes(self._body[start : start + size_bytes], "big")

    def _part(self, start: int, length: int) -> memoryview:
        self.at = start + length
        if self.at > len(self._body):
            raise _UnusualError
        return self._body[start : self.at]
