"""Compressed samples in append-only files, a month a file, beside the SQLite file."""

import contextlib
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

from service.errors import StorageUnavailableError
from service.storage.checksums import checksum
from service.storage.direct_writing import DirectWriter

HEADER = Struct("<4sIII16s")
"""Stands before each blob: mark, length, CRC-32, zero, the sweep's id."""

MARK = b"HWS1"

_MAX_OPEN = 8
_MAX_BUFFERS = 512
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")


@dataclass(frozen=True, slots=True)
class PackedBlob:
    """Where a blob lies.

    Attributes
    ----------
    position
        Byte at which its header begins.
    size_bytes
        Length of the blob without its header.
    """

    pack: str
    position: int
    size_bytes: int


class PackFolder:
    """The pack files of one SQLite database.

    A blob is on disk before the row that points to it is committed, so a crash can
    leave bytes that no row knows, never a row without its bytes. Only the holder of
    the database's write lock appends. Files are dropped whole.

    Parameters
    ----------
    folder
        Where the files lie; made with the first of them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._appending = threading.Lock()
        self._open: OrderedDict[str, int] = OrderedDict()
        self._syncs = _sync_thread()
        self._direct = DirectWriter()

    def append(self, pack: str, blobs: Sequence[tuple[str, bytes]]) -> list[PackedBlob]:
        """Write blobs of sweeps behind what is there, durably.

        Parameters
        ----------
        blobs
            Sweep id and blob of each.

        Raises
        ------
        StorageUnavailableError
            If the disk refuses; nothing of them is kept.
        """
        with self.appending(pack, blobs) as places:
            return places

    @contextlib.contextmanager
    def appending(
        self, pack: str, blobs: Sequence[tuple[str, bytes]]
    ) -> Iterator[list[PackedBlob]]:
        """Write blobs as :meth:`append` does; they are durable when the block ends.

        The disk works while the block runs.

        Raises
        ------
        StorageUnavailableError
            At either end, if the disk refuses; nothing of them is kept.
        """
        path = self._path(pack)
        with self._appending, _mapped(path), self._borrow(pack, create=True) as file:
            start = os.lseek(file, 0, os.SEEK_END)
            size_bytes = sum(HEADER.size + len(blob) for _, blob in blobs)
            first = self._direct.begin(start, size_bytes)
            places = _place(pack, blobs, start if first is None else first)
            try:
                if first is None:
                    _write_all(file, list(_framed(blobs)))
                with self._lock:
                    synced = self._syncs.submit(self._finish, file, path, blobs, first)
                try:
                    yield places
                finally:
                    # The file stays open for it, whatever became of the block.
                    synced.result()
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(file, start)
                raise
            if not _is_at(file, path):
                # What was appended to a file without a name is appended to nothing.
                raise StorageUnavailableError(f"the pack {path} is gone")

    def _finish(
        self,
        file: int,
        path: Path,
        blobs: Sequence[tuple[str, bytes]],
        first: int | None,
    ) -> None:
        if first is not None and not self._direct.write(path, _framed(blobs), first):
            os.ftruncate(file, first)
            _write_all(file, list(_framed(blobs)))
        os.fdatasync(file)

    def read(self, sweep_id: str, place: PackedBlob) -> bytes:
        """Read one blob.

        Raises
        ------
        StorageUnavailableError
            If the file is not there or cannot be read.
        ValueError
            If the bytes are not those that were written.
        """
        blob, due = self._read(sweep_id, place, place.size_bytes)
        if checksum(blob) != due:
            raise ValueError(f"the blob of {sweep_id} in pack {place.pack} is damaged")
        return blob

    def read_head(self, sweep_id: str, place: PackedBlob, size_bytes: int) -> bytes:
        """Read how a blob begins, as :meth:`read` does but for its checksum."""
        return self._read(sweep_id, place, min(size_bytes, place.size_bytes))[0]

    def _read(
        self, sweep_id: str, place: PackedBlob, size_bytes: int
    ) -> tuple[bytes, int]:
        path = self._path(place.pack)
        with _mapped(path), self._borrow(place.pack, create=False) as file:
            data = os.pread(file, HEADER.size + size_bytes, place.position)
        if len(data) < HEADER.size + size_bytes:
            raise ValueError(f"pack {place.pack} ends before the blob of {sweep_id}")
        mark, due_bytes, due, _, identity = HEADER.unpack_from(data)
        is_ours = mark == MARK and due_bytes == place.size_bytes
        if not is_ours or identity != _identity(sweep_id):
            raise ValueError(
                f"pack {place.pack} has no blob of {sweep_id} at {place.position}"
            )
        return data[HEADER.size :], due

    def list(self) -> list[str]:
        """List the packs by name."""
        return sorted(path.stem for path in self.folder.glob("*.pack"))

    def size_bytes(self, pack: str) -> int:
        """Return the length of a pack, 0 where there is none."""
        with contextlib.suppress(FileNotFoundError):
            return self._path(pack).stat().st_size
        return 0

    def unlink(self, pack: str) -> None:
        """Drop a pack with all that it holds."""
        with self._lock, _mapped(self._path(pack)):
            self._forget(pack)
            self._path(pack).unlink(missing_ok=True)

    def close(self) -> None:
        """Close every file and end the thread; what comes later opens them anew."""
        with self._lock:
            for pack in list(self._open):
                self._forget(pack)
            ending, self._syncs = self._syncs, _sync_thread()
        ending.shutdown()

    def _path(self, pack: str) -> Path:
        if not _NAME.fullmatch(pack):
            raise ValueError(f"{pack!r} is no name of a pack")
        return self.folder / f"{pack}.pack"

    @contextlib.contextmanager
    def _borrow(self, pack: str, *, create: bool) -> Iterator[int]:
        # A duplicate, so that nobody closes the file under a reader.
        with self._lock:
            file = os.dup(self._file(pack, create=create))
        try:
            yield file
        finally:
            os.close(file)

    def _file(self, pack: str, *, create: bool) -> int:
        file = self._open.get(pack)
        if file is not None and not _is_at(file, self._path(pack)):
            self._forget(pack)
            file = None
        if file is None:
            file = self._open[pack] = self._open_file(pack, create=create)
            while len(self._open) > _MAX_OPEN:
                self._forget(next(iter(self._open)))
        self._open.move_to_end(pack)
        return file

    def _open_file(self, pack: str, *, create: bool) -> int:
        path = self._path(pack)
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        if not create:
            raise FileNotFoundError(2, "it is gone", str(path))
        # A missing home is an error, never silently a new one.
        self.folder.mkdir(exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        file = os.open(path, flags, 0o644)
        for folder in (self.folder, self.folder.parent):
            _sync_folder(folder)
        return file

    def _forget(self, pack: str) -> None:
        file = self._open.pop(pack, None)
        if file is not None:
            os.close(file)


def _sync_thread() -> ThreadPoolExecutor:
    # It begins with the first append.
    return ThreadPoolExecutor(1, thread_name_prefix="pack-sync")


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageUnavailableError(f"{path}: {error.strerror}") from error


def _is_at(file: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    ours = os.fstat(file)
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


def _place(
    pack: str, blobs: Sequence[tuple[str, bytes]], first: int
) -> list[PackedBlob]:
    places, position = [], first
    for _, blob in blobs:
        places.append(PackedBlob(pack, position, len(blob)))
        position += HEADER.size + len(blob)
    return places


def _framed(blobs: Sequence[tuple[str, bytes]]) -> Iterator[bytes]:
    for sweep_id, blob in blobs:
        yield HEADER.pack(MARK, len(blob), checksum(blob), 0, _identity(sweep_id))
        yield blob


def _identity(sweep_id: str) -> bytes:
    return bytes.fromhex(sweep_id.replace("-", ""))


def _write_all(file: int, buffers: list[bytes]) -> None:
    for start in range(0, len(buffers), _MAX_BUFFERS):
        part = buffers[start : start + _MAX_BUFFERS]
        written = os.writev(file, part)
        if written < sum(map(len, part)):
            rest = memoryview(b"".join(part))[written:]
            while rest:
                rest = rest[os.write(file, rest) :]


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
