"""What an export has written so far, on disk after every part."""

import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from service.errors import ConflictError
from service.operations.presenting import optional_time
from service.storage.export_queries import ExportFilter

MANIFEST = "export.json"
"""Name of the manifest in the folder of an export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """How far an export has come.

    Attributes
    ----------
    wanted
        What is exported, as JSON; an export goes on only with the same.
    last_id
        The sweep behind which it goes on, "" at the beginning.
    files
        What it has written, in order.
    sweep_count
        Sweeps in these files.
    """

    wanted: dict[str, Any]
    last_id: str = ""
    files: list[str] = field(default_factory=list)
    sweep_count: int = 0
    part_count: int = 0

    def grown(self, files: list[str], sweep_count: int, last_id: str) -> "Manifest":
        """Return it with one more part."""
        return replace(
            self,
            last_id=last_id,
            files=[*self.files, *files],
            sweep_count=self.sweep_count + sweep_count,
            part_count=self.part_count + 1,
        )


def describe_filter(
    wanted: ExportFilter, form: str, subject: str = "sweeps"
) -> dict[str, Any]:
    """Write what is wanted as JSON."""
    return {
        "what": subject,
        "format": form,
        "from": optional_time(wanted.measured_from),
        "to": optional_time(wanted.measured_to),
        "cavity": wanted.cavity,
        "purpose": None if wanted.purpose is None else wanted.purpose.value,
        "condition": wanted.condition,
        "run": wanted.run,
        "labels": dict(wanted.labels),
    }


def open_manifest(folder: Path, wanted: dict[str, Any]) -> Manifest:
    """Read the manifest of a folder, or begin one.

    Raises
    ------
    ConflictError
        If the folder holds something else.
    """
    path = folder / MANIFEST
    if not path.exists():
        if folder.exists() and any(folder.iterdir()):
            raise ConflictError(f"{folder} holds other files; name an empty folder")
        folder.mkdir(parents=True, exist_ok=True)
        return Manifest(wanted=wanted)
    try:
        manifest = Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ConflictError(f"{path} is no manifest of ours ({error})") from None
    if manifest.wanted != wanted:
        raise ConflictError(
            f"{folder} holds the export of {json.dumps(manifest.wanted)}; "
            "name another folder"
        )
    return manifest


def save_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest on disk, whole or not at all."""
    partial = folder / f".{MANIFEST}.partial"
    with partial.open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / MANIFEST)
