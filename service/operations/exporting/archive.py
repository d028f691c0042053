"""Sweeps as the labelled archive (.npz) that ``train`` and ``ingest`` read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.files import LabelledArchive, read_archive, write_archive
from service.errors import ConflictError
from service.operations.exporting.columns import (
    KINDS,
    NUMBER,
    TEXT,
    condition_names,
    describe,
    trace_names,
    unit_of,
)
from service.operations.exporting.selection import ExportedSweep

_OWN = ("cavity", "measured_at", "is_reference", "thermal_cycle")


def group_by_length(
    items: Sequence[ExportedSweep],
) -> dict[int, list[ExportedSweep]]:
    """Sort sweeps by their number of points: an archive holds one of them."""
    groups: dict[int, list[ExportedSweep]] = {}
    for item in items:
        groups.setdefault(item.sweep.point_count, []).append(item)
    return groups


def make_archive(items: Sequence[ExportedSweep]) -> LabelledArchive:
    """Build the archive of sweeps of one length.

    What the service concluded, and the readings that came with a sweep, are further
    labels: an archive's own labels are what somebody knows, not what a model says.
    """
    names = trace_names(items)
    points = items[0].sweep.point_count
    samples = np.full((len(items), len(names), points), np.nan, dtype=np.complex64)
    for index, item in enumerate(items):
        for position, name in enumerate(names):
            if name in item.sweep.traces:
                samples[index, position] = item.sweep.traces[name]
    axes = np.stack([item.sweep.frequency_hz for item in items])
    rows = [describe(item) for item in items]
    labels = {
        name: _column(kind, [row[name] for row in rows])
        for name, kind in KINDS.items()
        if name not in _OWN and kind in (TEXT, NUMBER)
    }
    for name in condition_names(items):
        values = [item.sweep.conditions.get(name) for item in items]
        labels[f"condition:{name}"] = _column(NUMBER, values)
    return LabelledArchive(
        frequency_hz=axes[0] if (axes == axes[0]).all() else axes,
        s=samples,
        s_parameters=tuple(names),
        cavity=_column(TEXT, [row["cavity"] for row in rows]),
        thermal_cycle=_column(TEXT, [row["thermal_cycle"] for row in rows]),
        measured_at=_column(NUMBER, [row["measured_at"] for row in rows]),
        is_reference=np.array([row["is_reference"] for row in rows], dtype=np.bool_),
        labels=labels,
        units={name: unit_of(name) for name in labels if unit_of(name)},
    )


def join_archives(parts: Sequence[Path], path: Path) -> None:
    """Put archives of one length together; this one is built in memory.

    Raises
    ------
    ConflictError
        If their sweeps differ in length.
    """
    archives = [read_archive(part) for part in parts]
    lengths = sorted({archive.s.shape[2] for archive in archives})
    if len(lengths) > 1:
        raise ConflictError(
            f"the sweeps have {', '.join(map(str, lengths))} points, one .npz file "
            "holds one length: name a folder, or narrow it by --purpose"
        )
    write_archive(path, _concatenate(archives))


def _concatenate(archives: Sequence[LabelledArchive]) -> LabelledArchive:
    names = sorted({name for archive in archives for name in archive.s_parameters})
    labels = sorted({name for archive in archives for name in archive.labels})
    axes = np.concatenate(
        [
            np.broadcast_to(one.frequency_hz, (one.sweep_count, one.s.shape[2]))
            for one in archives
        ]
    )
    return LabelledArchive(
        frequency_hz=axes[0].copy() if (axes == axes[0]).all() else axes,
        s=np.concatenate([_samples(archive, names) for archive in archives]),
        s_parameters=tuple(names),
        cavity=np.concatenate([archive.cavity for archive in archives]),
        thermal_cycle=np.concatenate([archive.thermal_cycle for archive in archives]),
        measured_at=np.concatenate([archive.measured_at for archive in archives]),
        is_reference=np.concatenate([archive.is_reference for archive in archives]),
        labels={
            name: np.concatenate([_label(archive, name) for archive in archives])
            for name in labels
        },
        units={
            name: unit for archive in archives for name, unit in archive.units.items()
        },
    )


def _samples(
    archive: LabelledArchive, names: Sequence[str]
) -> npt.NDArray[np.complex64]:
    shape = (archive.sweep_count, len(names), archive.s.shape[2])
    samples = np.full(shape, np.nan, dtype=np.complex64)
    for position, name in enumerate(names):
        if name in archive.s_parameters:
            samples[:, position] = archive.s[:, archive.s_parameters.index(name)]
    return samples


def _label(archive: LabelledArchive, name: str) -> npt.NDArray[Any]:
    values = archive.labels.get(name)
    # Only a reading that travelled with no sweep of a part is missing there.
    return np.full(archive.sweep_count, np.nan) if values is None else values


def _column(kind: str, values: Sequence[Any]) -> npt.NDArray[Any]:
    if kind == NUMBER:
        numbers = [np.nan if value is None else value for value in values]
        return np.array(numbers, dtype=np.float64)
    return np.array([value or "" for value in values], dtype=np.str_)
