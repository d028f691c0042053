"""Runs an export part by part; the same call again goes on where it ended."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from service.errors import ConflictError
from service.operations.exporting.formats import SweepFormat
from service.operations.exporting.manifest import (
    Manifest,
    describe_filter,
    open_manifest,
    save_manifest,
)
from service.operations.exporting.selection import ExportedSweep, read_page
from service.storage.engine import Database
from service.storage.export_queries import ExportFilter

PART_BYTES = 64 * 1024 * 1024
"""Samples in one part; about what an export holds in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepExport:
    """An export of sweeps.

    Attributes
    ----------
    out
        A folder, or a file whose suffix is one of the format's.
    part_bytes
        Bytes of samples in one part.
    """

    database: Database
    wanted: ExportFilter
    form: SweepFormat
    out: Path
    part_bytes: int = PART_BYTES

    @property
    def is_single_file(self) -> bool:
        """Whether all goes into one file."""
        return self.out.suffix.lower() in self.form.suffixes

    def run(self, tell: Callable[[int], None]) -> Manifest:
        """Write what is not written yet.

        Parameters
        ----------
        tell
            Called after each part with the number of sweeps so far.

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
        manifest = open_manifest(folder, describe_filter(self.wanted, self.form.name))
        is_last = False
        while not is_last:
            items, last_id, is_last = self._next_part(manifest.last_id)
            if not items:
                break
            stem = f"part-{manifest.part_count + 1:06}"
            files = self.form.write(folder, stem, items)
            manifest = manifest.grown(files, len(items), last_id)
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

    def _next_part(self, after: str) -> tuple[list[ExportedSweep], str, bool]:
        items: list[ExportedSweep] = []
        size_bytes = 0
        while size_bytes < self.part_bytes:
            room = self.part_bytes - size_bytes
            page = read_page(self.database, self.wanted, after, room)
            items += page.items
            after = page.last_id
            size_bytes += sum(item.size_bytes for item in page.items)
            if page.is_last:
                return items, after, True
        return items, after, False

    def _join(self, folder: Path, manifest: Manifest) -> None:
        if manifest.files:
            partial = self.out.with_name(f".{self.out.name}.partial")
            try:
                self.form.join([folder / name for name in manifest.files], partial)
                partial.replace(self.out)
            finally:
                partial.unlink(missing_ok=True)
        shutil.rmtree(folder)
