"""The formats of an export behind one face: write a part, join parts into a file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from instruments.files import write_archive
from service.errors import ConflictError
from service.operations.exporting.archive import (
    group_by_length,
    join_archives,
    make_archive,
)
from service.operations.exporting.hdf5 import join_hdf5, write_hdf5
from service.operations.exporting.parquet import (
    join_parquet,
    point_table,
    sweep_table,
    write_csv,
    write_parquet,
)
from service.operations.exporting.selection import ExportedSweep
from service.operations.traces import touchstone_file

PartWriter = Callable[[Path, str, Sequence[ExportedSweep]], list[str]]
"""Writes sweeps below a folder under a stem; returns the names of the files."""

Joiner = Callable[[Sequence[Path], Path], None]
"""Puts the files of all parts together into one."""


@dataclass(frozen=True, slots=True)
class SweepFormat:
    """How sweeps are written.

    Attributes
    ----------
    suffixes
        Those by which a single file is recognised; none where there is no such file.
    has_many_files
        Whether a part may be more than one file.
    growth_factor
        How many times larger than its samples a part may be on disk.
    """

    name: str
    suffixes: tuple[str, ...]
    write: PartWriter
    join: Joiner
    has_many_files: bool = False
    growth_factor: int = 1


def _write_touchstone(
    folder: Path, stem: str, items: Sequence[ExportedSweep]
) -> list[str]:
    del stem
    names = []
    for item in items:
        suffix, text = touchstone_file(item.sweep)
        stamp = item.record.measured_at.strftime("%Y%m%dT%H%M%S.%fZ")
        name = f"{item.record.cavity}_{stamp}_{item.record.sweep_id}{suffix}"
        appear(folder / name, partial(_write_text, text=text))
        names.append(name)
    return names


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _write_parquet(
    folder: Path, stem: str, items: Sequence[ExportedSweep]
) -> list[str]:
    name = f"{stem}.parquet"
    appear(folder / name, lambda path: write_parquet(path, sweep_table(items)))
    return [name]


def _write_csv(folder: Path, stem: str, items: Sequence[ExportedSweep]) -> list[str]:
    name = f"{stem}.csv"
    appear(folder / name, lambda path: write_csv(path, point_table(items)))
    return [name]


def _write_hdf5(folder: Path, stem: str, items: Sequence[ExportedSweep]) -> list[str]:
    name = f"{stem}.h5"
    appear(folder / name, lambda path: write_hdf5(path, items))
    return [name]


def _write_npz(folder: Path, stem: str, items: Sequence[ExportedSweep]) -> list[str]:
    names = []
    for points, group in group_by_length(items).items():
        name = f"{stem}-{points}-points.npz"
        write_archive(folder / name, make_archive(group))
        names.append(name)
    return names


def appear(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file that is there as a whole or not at all."""
    growing = path.with_name(f".{path.name}.partial")
    try:
        write(growing)
        growing.replace(path)
    finally:
        growing.unlink(missing_ok=True)


def join_csv(parts: Sequence[Path], path: Path) -> None:
    """Put the rows of several files behind one header."""
    with path.open("wb") as target:
        for number, part in enumerate(parts):
            with part.open("rb") as source:
                header = source.readline()
                if number == 0:
                    target.write(header)
                while chunk := source.read(1 << 20):
                    target.write(chunk)


def refuse_to_join_tables(parts: Sequence[Path], path: Path) -> None:
    """Refuse to put tables together that are a column a dataset."""
    del parts
    raise ConflictError(
        f"{path}: such tables come in parts over HTTP; name a folder, or take parquet "
        "or csv"
    )


def _refuse_to_join(parts: Sequence[Path], path: Path) -> None:
    del parts
    raise ConflictError(f"{path}: Touchstone is a file a sweep; name a folder")


FORMATS = {
    form.name: form
    for form in (
        SweepFormat("touchstone", (), _write_touchstone, _refuse_to_join, True, 6),
        SweepFormat("parquet", (".parquet",), _write_parquet, join_parquet),
        SweepFormat("hdf5", (".h5", ".hdf5"), _write_hdf5, join_hdf5),
        SweepFormat("npz", (".npz",), _write_npz, join_archives, True),
        SweepFormat("csv", (".csv",), _write_csv, join_csv, growth_factor=24),
    )
}
"""Every format by the name that the command line takes."""
