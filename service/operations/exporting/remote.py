"""Parts of an export that another machine's service writes."""

import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from instruments.client.exports import ExportClient, FetchedPart
from service.errors import ConflictError
from service.operations.exporting.manifest import describe_filter
from service.operations.exporting.parts import Part
from service.operations.exporting.tables import Subject
from service.storage.export_queries import ExportFilter

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}\.(npz|s[1-4]p)")
_MOST_MEMBERS = 100_000
_MOST_BYTES = 2 * 1024**3
"""Most bytes that one .zip may hold unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedParts:
    """Parts that are fetched; see ``PartSource``.

    Attributes
    ----------
    suffix
        What the files of the format end in; ".zip" where they come in one.
    patiently
        Makes a call until it is done or hopeless.
    """

    client: ExportClient
    query: Mapping[str, str | Sequence[str]]
    suffix: str
    patiently: Callable[[Callable[[], FetchedPart]], FetchedPart]

    def write_part(self, after: str, folder: Path, stem: str) -> Part:
        """Fetch the next part; see ``PartSource``."""
        target = folder / f"{stem}{self.suffix}"
        fetched = self.patiently(lambda: self.client.fetch(self.query, after, target))
        files = [target.name] if fetched.count else []
        if files and self.suffix == ".zip":
            files = _unpack(target, stem)
        return Part(
            files=files,
            count=fetched.count,
            last_id=fetched.last_id,
            is_last=fetched.is_last,
        )


def query_of(
    subject: Subject, wanted: ExportFilter, form: str
) -> dict[str, str | Sequence[str]]:
    """Write what is wanted as the parameters of ``GET /export``."""
    described = describe_filter(wanted, form, subject.value)
    labels = described.pop("labels")
    described["label"] = [
        name if value is None else f"{name}={value}" for name, value in labels.items()
    ]
    return {name: value for name, value in described.items() if value}


def _unpack(path: Path, stem: str) -> list[str]:
    """Take the files out of a .zip; the stem of the part replaces the sender's."""
    try:
        return _take_out(path, stem)
    except zipfile.BadZipFile as error:
        raise ConflictError(f"{path} is no readable .zip file ({error})") from None


def _take_out(path: Path, stem: str) -> list[str]:
    names: list[str] = []
    with zipfile.ZipFile(path) as directory:
        members = directory.infolist()
        size_bytes = sum(member.file_size for member in members)
        if len(members) > _MOST_MEMBERS or size_bytes > _MOST_BYTES:
            raise ConflictError(
                f"{path} holds {len(members)} files of {size_bytes} bytes: that is no "
                "part of ours"
            )
        for member in members:
            if not _NAME.fullmatch(member.filename):
                raise ConflictError(
                    f"{path} holds {member.filename[:64]!r}: that is no part of ours"
                )
            name = member.filename.replace(f"{Subject.SWEEPS.value}-", f"{stem}-", 1)
            with directory.open(member) as source:
                target = path.with_name(name)
                target.write_bytes(source.read())
            names.append(name)
    path.unlink()
    return names
