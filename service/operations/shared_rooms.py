"""Memory of two processes: a body is read to it in one, and encoded in the other."""

import mmap
import os
import weakref
from typing import Self

import numpy as np

from instruments.measurement.long_bodies import LONG_BYTES, Body

BODY_BYTES = 512 * 1024
"""Longest body that a room holds."""

_BLOB_BYTES = BODY_BYTES + 4096
_STRIDE_BYTES = BODY_BYTES + _BLOB_BYTES


class _Lent(np.ndarray[tuple[int], np.dtype[np.uint8]]):
    """The part of a room that a body takes."""

    number: int


class SharedRooms:
    """Rooms, each for a body and for what becomes of it.

    Parameters
    ----------
    file
        Descriptor of the memory; it stays open.
    count
        Rooms in it.
    """

    def __init__(self, file: int, count: int) -> None:
        self.file = file
        self.count = count
        self._memory = mmap.mmap(file, count * _STRIDE_BYTES)
        self._free = list(range(count))

    @classmethod
    def make(cls, count: int) -> Self:
        """Make rooms that nobody else has.

        Raises
        ------
        OSError
            If the system has no such memory, or not as much.
        """
        file = os.memfd_create("halowatch-rooms")
        try:
            os.ftruncate(file, count * _STRIDE_BYTES)
            return cls(file, count)
        except BaseException:
            os.close(file)
            raise

    def lend(self, size_bytes: int) -> memoryview | None:
        """Lend a room to a body, for as long as anything looks at it.

        Returns
        -------
        memoryview
            Of the body's length, with whatever was there; None where the body is too
            short or too long, or no room is free.
        """
        if not LONG_BYTES <= size_bytes <= BODY_BYTES or not self._free:
            return None
        # The one that was given back last: rooms that are never needed take no memory.
        number = self._free.pop()
        start = number * _STRIDE_BYTES
        lent = np.frombuffer(self._memory, np.uint8, size_bytes, start).view(_Lent)
        lent.number = number
        # Whoever drops a body, and for whatever reason, gives its room back.
        weakref.finalize(lent, self._free.append, number).atexit = False
        return lent.data

    def body(self, number: int, size_bytes: int) -> memoryview:
        """Return the body in a room, to be read."""
        start = number * _STRIDE_BYTES
        return memoryview(self._memory)[start : start + size_bytes].toreadonly()

    def put_blob(self, number: int, blob: bytes) -> bool:
        """Write what became of a body beside it, and tell whether it fits there."""
        if len(blob) > _BLOB_BYTES:
            return False
        start = number * _STRIDE_BYTES + BODY_BYTES
        self._memory[start : start + len(blob)] = blob
        return True

    def blob(self, number: int, size_bytes: int) -> bytes:
        """Copy out what became of a body."""
        start = number * _STRIDE_BYTES + BODY_BYTES
        return self._memory[start : start + size_bytes]


def room_of(body: Body) -> int | None:
    """Return the number of the room that a body fills; None where it lies elsewhere."""
    if not isinstance(body, memoryview) or not isinstance(body.obj, _Lent):
        return None
    # A part of it was taken before the rest came.
    return body.obj.number if body.nbytes == body.obj.nbytes else None
