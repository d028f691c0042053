"""Parts of an export: files that are whole by themselves, one after another."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from service.operations.exporting.formats import SweepFormat
from service.operations.exporting.selection import ExportedSweep, read_page
from service.storage.engine import Database
from service.storage.export_queries import ExportFilter

PART_BYTES = 64 * 1024 * 1024
"""Samples in one part; about what an export holds in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one part holds.

    Attributes
    ----------
    files
        Names of its files, in order; none where nothing is left.
    count
        Sweeps or rows in them.
    last_id
        Where the next part begins behind.
    is_last
        Whether nothing was left behind it.
    """

    files: Sequence[str]
    count: int
    last_id: str
    is_last: bool


class PartSource(Protocol):
    """Where parts come from."""

    def write_part(self, after: str, folder: Path, stem: str) -> Part:
        """Write what comes behind ``after`` into a folder, under a stem.

        Raises
        ------
        ConflictError
            If the format cannot hold it.
        StorageUnavailableError
            If the database cannot be read; the same call again goes on.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSweeps:
    """Parts of the sweeps in a database.

    Attributes
    ----------
    part_bytes
        Bytes of samples in one part.
    """

    database: Database
    wanted: ExportFilter
    form: SweepFormat
    part_bytes: int = PART_BYTES

    def write_part(self, after: str, folder: Path, stem: str) -> Part:
        """Write the next sweeps; see :class:`PartSource`."""
        items, last_id, is_last = self._read(after)
        files = self.form.write(folder, stem, items) if items else []
        return Part(files=files, count=len(items), last_id=last_id, is_last=is_last)

    def _read(self, after: str) -> tuple[list[ExportedSweep], str, bool]:
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
