"""Writes large groups past the page cache, into which the kernel would copy them."""

import errno
import mmap
import os
from collections.abc import Iterable
from pathlib import Path

DIRECT_BYTES = 2 * 1024 * 1024
"""Groups from here on are written so; a smaller one would wait for the disk longer, and
gains little by it."""

BLOCK_BYTES = 4096
"""Where such writes begin, and their lengths, are multiples of it."""

STAGING_BYTES = 2 * 1024 * 1024
"""Written at a time."""

# Not every system has it.
_DIRECT_FLAG: int = getattr(os, "O_DIRECT", 0)
_REFUSALS = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS})


class DirectWriter:
    """Writes to files at multiples of a block; one thread at a time may use it."""

    def __init__(self) -> None:
        self._is_refused = not _DIRECT_FLAG
        self._staging: mmap.mmap | None = None

    def begin(self, end: int, size_bytes: int) -> int | None:
        """Tell where a group begins in a file that ends at ``end``.

        Returns
        -------
        int
            The next multiple of a block; None where the group is written better
            through the page cache.
        """
        if self._is_refused or size_bytes < DIRECT_BYTES:
            return None
        return _whole_blocks(end)

    def write(self, path: Path, parts: Iterable[bytes], start: int) -> bool:
        """Write parts behind each other, and zeros to the end of the last block.

        They are durable only after the file was synced.

        Returns
        -------
        bool
            Whether the file can be written so; if not, this writer asks no more.

        Raises
        ------
        OSError
            If the disk refuses for any other reason.
        """
        try:
            file = os.open(path, os.O_WRONLY | os.O_CLOEXEC | _DIRECT_FLAG)
            try:
                self._write(file, parts, start)
            finally:
                os.close(file)
        except OSError as error:
            if error.errno not in _REFUSALS:
                raise
            self._is_refused = True
            return False
        return True

    def _write(self, file: int, parts: Iterable[bytes], start: int) -> None:
        # Its memory begins with a page, as the disk wants it.
        staging = self._staging = self._staging or mmap.mmap(-1, STAGING_BYTES)
        room, filled = memoryview(staging), 0
        for part in parts:
            rest = memoryview(part)
            while rest:
                size = min(len(rest), STAGING_BYTES - filled)
                room[filled : filled + size] = rest[:size]
                filled, rest = filled + size, rest[size:]
                if filled == STAGING_BYTES:
                    start, filled = _write_at(file, room, start), 0
        end = _whole_blocks(filled)
        room[filled:end] = bytes(end - filled)
        _write_at(file, room[:end], start)


def _write_at(file: int, data: memoryview, position: int) -> int:
    while data:
        written = os.pwrite(file, data, position)
        data, position = data[written:], position + written
    return position


def _whole_blocks(size_bytes: int) -> int:
    return -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES
