"""One part of an export as one stream of bytes."""

import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from service.errors import UnavailableError
from service.operations.exporting.parts import Part, PartSource

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_COMPRESSED = (".npz",)


class NoRoomError(UnavailableError):
    """A part does not fit into the folder of temporary files."""

    code = "no_room"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedPart:
    """A part as a file that is deleted already, and ends with its handle.

    Attributes
    ----------
    content
        The file, at its beginning.
    name
        How it may be called.
    """

    part: Part
    content: IO[bytes]
    size_bytes: int
    name: str


def pack_part(
    source: PartSource, after: str, stem: str, *, has_many_files: bool
) -> PackedPart | None:
    """Write the part behind ``after``; None where nothing is left.

    Parameters
    ----------
    has_many_files
        Whether the format may write several files; they come in one .zip.

    Raises
    ------
    NoRoomError
        If the folder of temporary files is full.
    ConflictError, StorageUnavailableError
        As ``PartSource``.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="halowatch-export-") as name:
            folder = Path(name)
            part = source.write_part(after, folder, stem)
            if not part.files:
                return None
            paths = [folder / name for name in part.files]
            if has_many_files:
                paths = [_zip(folder / f"{stem}.zip", paths)]
            (path,) = paths
            return PackedPart(
                part=part,
                content=path.open("rb"),
                size_bytes=path.stat().st_size,
                name=path.name,
            )
    except OSError as error:
        raise NoRoomError(
            f"the part cannot be written ({error.strerror or error}); ask for a "
            "smaller one by part_bytes, or make room in the folder of temporary files",
            retry_after_s=10,
        ) from None


def _zip(target: Path, paths: Sequence[Path]) -> Path:
    with zipfile.ZipFile(target, "w") as directory:
        for path in paths:
            info = zipfile.ZipInfo(path.name, date_time=_EARLIEST)
            is_small = path.suffix in _COMPRESSED
            info.compress_type = (
                zipfile.ZIP_STORED if is_small else zipfile.ZIP_DEFLATED
            )
            info.create_system = 3
            with path.open("rb") as source, directory.open(info, "w") as member:
                while chunk := source.read(1 << 20):
                    member.write(chunk)
            path.unlink()
    return target
