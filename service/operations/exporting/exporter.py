"""Runs an export part by part; the same call again goes on where it ended."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.errors import ConflictError
from service.operations.exporting.formats import SweepFormat
from service.operations.exporting.manifest import (
    Manifest,
    open_manifest,
    save_manifest,
)
from service.operations.exporting.parts import PartSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export into a folder, or into one file.

    Attributes
    ----------
    source
        Where its parts come from.
    wanted
        What is exported, as JSON; an export goes on only with the same.
    out
        A folder, or a file whose suffix is one of the format's.
    """

    source: PartSource
    wanted: Mapping[str, Any]
    form: SweepFormat
    out: Path

    @property
    def is_single_file(self) -> bool:
        """Whether all goes into one file."""
        return self.out.suffix.lower() in self.form.suffixes

    def run(self, tell: Callable[[int], None]) -> Manifest:
        """Write what is not written yet.

        Parameters
        ----------
        tell
            Called after each part with the number of sweeps or rows so far.

        Returns
        -------
        Manifest
            What was written, by this call and by those before it.

        Raises
        ------
        ConflictError
            If the target holds something else, or cannot hold these sweeps.
        StorageUnavailableError
            If the database cannot be read; call it again to go on.
        """
        folder = self._folder()
        manifest = open_manifest(folder, dict(self.wanted))
        is_last = False
        while not is_last:
            stem = f"part-{manifest.part_count + 1:06}"
            part = self.source.write_part(manifest.last_id, folder, stem)
            is_last = part.is_last
            if part.count:
                manifest = manifest.grown(list(part.files), part.count, part.last_id)
                save_manifest(folder, manifest)
                tell(manifest.sweep_count)
        if self.is_single_file:
            self._join(folder, manifest)
        elif not manifest.files:
            folder.rmdir()
        return manifest

    def _folder(self) -> Path:
        if not self.is_single_file:
            if self.out.is_file():
                known = " or ".join(self.form.suffixes) or "no suffix"
                raise ConflictError(
                    f"{self.out} is a file; name a folder, or a file with {known}"
                )
            return self.out
        if self.out.exists():
            raise ConflictError(
                f"{self.out} is there already; move it away or name another"
            )
        return self.out.with_name(f"{self.out.name}.parts")

    def _join(self, folder: Path, manifest: Manifest) -> None:
        if manifest.files:
            partial = self.out.with_name(f".{self.out.name}.partial")
            try:
                self.form.join([folder / name for name in manifest.files], partial)
                partial.replace(self.out)
            finally:
                partial.unlink(missing_ok=True)
        shutil.rmtree(folder)
