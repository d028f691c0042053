"""Bodies of one long sweep, whose samples are copied once, into one table."""

from collections.abc import Mapping
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


class _UnusualError(ValueError):
    """The body is none of those that are read here."""


def may_be_long(body: Body) -> bool:
    """Tell whether a body is long and begins as one map does."""
    return len(body) >= LONG_BYTES and (body[0] in _FIXED_MAPS or body[0] == _MAP)


def unpack_long(body: Body) -> dict[str, Any] | None:
    """Unpack one map as msgpack does, but with long binary values as views of it.

    Returns
    -------
    dict
        The map; None where it is an unusual one, or something else, which msgpack
        itself has to tell.
    """
    try:
        message, end = _read_map(memoryview(body), 0, _MOST_KEYS, is_whole=True)
    except (IndexError, ValueError, TypeError, msgpack.exceptions.UnpackException):
        return None
    return message if end == len(body) else None


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


def _read_map(
    body: memoryview, at: int, most: int, *, is_whole: bool
) -> tuple[dict[str, Any], int]:
    """Read a map of texts, each once, and tell where it ends.

    Its values are long binary ones; in a whole message anything else too.
    """
    kind = body[at]
    if kind in _FIXED_MAPS:
        count, at = kind - _FIXED_MAPS.start, at + 1
    elif kind == _MAP:
        count, at = int.from_bytes(body[at + 1 : at + 3], "big"), at + 3
    else:
        raise _UnusualError
    if count > most:
        raise _UnusualError
    values: dict[str, Any] = {}
    for _ in range(count):
        start = at + 1
        at = start + body[at] - _FIXED_TEXTS.start
        if not start <= at < start + len(_FIXED_TEXTS):
            raise _UnusualError
        key = str(body[start:at], "utf-8")
        kind = body[at]
        if size_bytes := _BINARIES.get(kind):
            start = at + 1 + size_bytes
            at = start + int.from_bytes(body[at + 1 : start], "big")
            if at - start < _LONG_VALUE_BYTES or at > len(body):
                raise _UnusualError
            values[key] = body[start:at]
        elif is_whole:
            values[key], at = _read_other(body, at)
        else:
            raise _UnusualError
    if len(values) < count:
        raise _UnusualError
    return values, at


def _read_other(body: memoryview, at: int) -> tuple[Any, int]:
    kind = body[at]
    if kind in _FIXED_TEXTS:
        start, at = at + 1, at + 1 + kind - _FIXED_TEXTS.start
        # A text that the body ends in is short, and nothing follows it.
        return str(body[start:at], "utf-8"), at
    if kind in _FIXED_MAPS:
        try:
            return _read_map(body, at, MAX_TRACE_COUNT, is_whole=False)
        except _UnusualError:
            pass
    unpacker = msgpack.Unpacker(**UNPACKING)
    unpacker.feed(body[at : at + _AHEAD_BYTES])
    value = unpacker.unpack()
    parts = value.values() if isinstance(value, dict) else value
    # Deeper ones would meet msgpack's limit later here than in the whole body.
    if type(value) not in _SCALARS and any(type(p) not in _SCALARS for p in parts):
        raise _UnusualError
    return value, at + int(unpacker.tell())
