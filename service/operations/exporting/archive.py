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
    LABELS,
    NUMBER,
    TEXT,
    condition_names,
    describe,
    further_labels,
    trace_names,
    unit_of,
)
from service.operations.exporting.selection import ExportedSweep

_OWN = ("cavity", "measured_at", "is_reference", "thermal_cycle", *LABELS)


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

    An archive's own labels are what people called a sweep. What the service concluded,
    and the readings that came with a sweep, are further labels.
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
    labels |= _further(items)
    known = {name: [row[name] for row in rows] for name in LABELS}
    return LabelledArchive(
        frequency_hz=axes[0] if (axes == axes[0]).all() else axes,
        s=samples,
        s_parameters=tuple(names),
        cavity=_column(TEXT, [row["cavity"] for row in rows]),
        thermal_cycle=_column(TEXT, [row["thermal_cycle"] for row in rows]),
        measured_at=_column(NUMBER, [row["measured_at"] for row in rows]),
        is_reference=np.array([row["is_reference"] for row in rows], dtype=np.bool_),
        **{
            name: _column(KINDS[name], values)
            for name, values in known.items()
            if any(value is not None for value in values)
        },
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
        **{
            name: np.concatenate([_known(archive, name) for archive in archives])
            for name in LABELS
            if any(getattr(archive, name) is not None for archive in archives)
        },
        labels={
            name: np.concatenate(
                [
                    _label(archive, name, _is_text(archives, name))
                    for archive in archives
                ]
            )
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


def _known(archive: LabelledArchive, name: str) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] | None = getattr(archive, name)
    return _unknown(archive, KINDS[name] == TEXT) if values is None else values


def _label(archive: LabelledArchive, name: str, is_text: bool) -> npt.NDArray[Any]:
    values = archive.labels.get(name)
    if values is None:
        # A reading that travelled with no sweep of a part, or a label of none.
        return _unknown(archive, is_text)
    return values.astype(np.str_) if is_text else values


def _is_text(archives: Sequence[LabelledArchive], name: str) -> bool:
    return any(
        archive.labels[name].dtype.kind == "U"
        for archive in archives
        if name in archive.labels
    )


def _unknown(archive: LabelledArchive, is_text: bool) -> npt.NDArray[Any]:
    count = archive.sweep_count
    return np.full(count, "", dtype="<U1") if is_text else np.full(count, np.nan)


def _further(items: Sequence[ExportedSweep]) -> dict[str, npt.NDArray[Any]]:
    found = [further_labels(item) for item in items]
    columns = {}
    for name in sorted({name for labels in found for name in labels}):
        values = [labels.get(name) for labels in found]
        is_text = any(isinstance(value, str) for value in values)
        shown = [None if v is None else str(v) for v in values] if is_text else values
        columns[name] = _column(TEXT if is_text else NUMBER, shown)
    return columns


def _column(kind: str, values: Sequence[Any]) -> npt.NDArray[Any]:
    if kind == NUMBER:
        numbers = [np.nan if value is None else value for value in values]
        return np.array(numbers, dtype=np.float64)
    return np.array([value or "" for value in values], dtype=np.str_)
