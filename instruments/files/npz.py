"""Bounded .npz reading: every size is checked before a byte is inflated."""

import io
import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from instruments.errors import ForeignFileError

MAX_MEMBER_COUNT = 1024
"""Most arrays in one file."""

MAX_DECLARED_BYTES = 2 * 1024**3
"""Most bytes that all arrays together may inflate to."""

MAX_TEXT_CHARACTERS = 200
"""Longest text in an array of texts."""

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_HEADER_ROOM = 9_000
_HEADER_ERRORS = (
    ValueError,
    TypeError,
    SyntaxError,
    OverflowError,
    MemoryError,
    RecursionError,
    tokenize.TokenError,
)

_DIRECTORY_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    # A directory may point to before the file, or give names that are no text.
    ValueError,
)


@dataclass(frozen=True, slots=True)
class ArrayHeader:
    """What a member's header promises, before its samples are read."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


def read_npz(
    source: Path | bytes, name: str, *, max_bytes: int = MAX_DECLARED_BYTES
) -> dict[str, npt.NDArray[Any]]:
    """Read all arrays of a .npz file whose sizes, types and number are in bounds.

    Parameters
    ----------
    source
        Path of the file, or its bytes.
    name
        Name of the file in error messages.
    max_bytes
        Most bytes that the arrays may take in memory together.

    Returns
    -------
    dict
        Member name without ``.npy`` to array.

    Raises
    ------
    ForeignFileError
        If the file is no .npz, or promises more than the bounds allow.
    """
    try:
        stream: IO[bytes] | Path = (
            io.BytesIO(source) if isinstance(source, bytes) else source
        )
        with zipfile.ZipFile(stream) as directory:
            members = _check_directory(directory, name, max_bytes)
            return {
                key: _read_member(directory, info, name)
                for key, info in members.items()
            }
    except ForeignFileError:
        raise
    except _DIRECTORY_ERRORS as error:
        raise ForeignFileError(f"{name}: is no readable .npz file ({error})") from None
    except OSError as error:
        raise ForeignFileError(f"{name}: {error.strerror or error}") from None


def write_npz(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays so that the same content always gives the same bytes.

    The file appears whole or not at all.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with zipfile.ZipFile(temporary, "w") as directory:
            for key, values in arrays.items():
                info = zipfile.ZipInfo(f"{key}.npy", date_time=_EARLIEST)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.create_system = 3
                with directory.open(info, "w", force_zip64=True) as member:
                    np.lib.format.write_array(
                        member, np.ascontiguousarray(values), allow_pickle=False
                    )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _check_directory(
    directory: zipfile.ZipFile, name: str, max_bytes: int
) -> dict[str, zipfile.ZipInfo]:
    infos = directory.infolist()
    if len(infos) > MAX_MEMBER_COUNT:
        raise ForeignFileError(
            f"{name}: holds {len(infos)} members, at most {MAX_MEMBER_COUNT} are read"
        )
    declared = sum(info.file_size for info in infos)
    if declared > max_bytes:
        raise ForeignFileError(
            f"{name}: inflates to {declared} bytes, at most {max_bytes} are read"
        )
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        key = info.filename.removesuffix(".npy")
        if not info.filename.endswith(".npy") or key in members:
            raise ForeignFileError(
                f"{name}: member {info.filename[:60]!r} is no array, or stands twice"
            )
        if info.flag_bits & 0x1:
            raise ForeignFileError(f"{name}: member {key[:60]!r} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ForeignFileError(
                f"{name}: member {key[:60]!r} is compressed by something that numpy "
                "does not write"
            )
        members[key] = info
    return members


def _read_member(
    directory: zipfile.ZipFile, info: zipfile.ZipInfo, name: str
) -> npt.NDArray[Any]:
    with directory.open(info) as member:
        header, offset = _read_header(member, info, name)
        expected = math.prod(header.shape) * header.dtype.itemsize
        if info.file_size - offset != expected:
            raise ForeignFileError(
                f"{name}: member {header.name!r} promises {expected} bytes of samples "
                f"but carries {info.file_size - offset}"
            )
        samples = member.read(expected)
    if len(samples) != expected:
        raise ForeignFileError(f"{name}: member {header.name!r} is cut short")
    flat = np.frombuffer(samples, dtype=header.dtype)
    return flat.reshape(header.shape)


def _read_header(
    member: IO[bytes], info: zipfile.ZipInfo, name: str
) -> tuple[ArrayHeader, int]:
    key = info.filename.removesuffix(".npy")[:60]
    head, size = _header_bytes(member, f"{name}: member {key!r}")
    try:
        version = np.lib.format.read_magic(head)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran_order, dtype = read(head)
    except _HEADER_ERRORS as error:
        raise ForeignFileError(
            f"{name}: member {key!r} has no readable header ({type(error).__name__})"
        ) from None
    if fortran_order and len(shape) > 1:
        raise ForeignFileError(f"{name}: member {key!r} must be stored in C order")
    _check_type(dtype, name, key)
    return ArrayHeader(key, dtype, tuple(shape)), size


def _header_bytes(member: IO[bytes], shown: str) -> tuple[io.BytesIO, int]:
    start = member.read(12)
    width = 2 if start[6:7] == b"\x01" else 4
    length = int.from_bytes(start[8 : 8 + width], "little")
    if length > _HEADER_ROOM:
        raise ForeignFileError(f"{shown} has an oversized header")
    size = 8 + width + length
    # A version 1 header of the least length still reaches beyond 12 bytes.
    return io.BytesIO(start + member.read(max(size - len(start), 0))), size


def _check_type(dtype: np.dtype[Any], name: str, key: str) -> None:
    if dtype.hasobject or dtype.kind not in "bifcU" or dtype.subdtype is not None:
        raise ForeignFileError(
            f"{name}: member {key!r} has type {dtype}, only numbers, booleans and "
            "texts are read"
        )
    if dtype.kind == "U" and dtype.itemsize > 4 * MAX_TEXT_CHARACTERS:
        raise ForeignFileError(
            f"{name}: member {key!r} holds texts longer than {MAX_TEXT_CHARACTERS} "
            "characters"
        )
