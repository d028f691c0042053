"""Sweeps as HDF5: a group a sweep, complex datasets, axes stored once."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from service.operations.exporting.columns import describe, further_labels, unit_of
from service.operations.exporting.selection import ExportedSweep

_LAYOUT = "halowatch sweeps, version 1"


def write_hdf5(path: Path, items: Sequence[ExportedSweep]) -> None:
    """Write sweeps as ``/sweeps/ID/S21`` with ``frequency_hz`` beside each."""
    with h5py.File(path, "w") as file:
        file.attrs["layout"] = _LAYOUT
        sweeps, axes = file.create_group("sweeps"), file.create_group("axes")
        for item in items:
            _write_sweep(sweeps.create_group(item.record.sweep_id), axes, item)


def join_hdf5(parts: Sequence[Path], path: Path) -> None:
    """Copy the sweeps of several files into one, one at a time."""
    with h5py.File(path, "w") as file:
        file.attrs["layout"] = _LAYOUT
        sweeps, axes = file.create_group("sweeps"), file.create_group("axes")
        for part in parts:
            with h5py.File(part) as source:
                for name in source["axes"]:
                    if name not in axes:
                        source.copy(f"axes/{name}", axes)
                for name, group in source["sweeps"].items():
                    target = sweeps.create_group(name)
                    _copy_sweep(group, target, axes)


def write_columns(path: Path, columns: dict[str, npt.NDArray[Any]]) -> None:
    """Write a table as a dataset a column."""
    with h5py.File(path, "w") as file:
        for name, values in columns.items():
            is_text = values.dtype.kind == "U"
            dataset = file.create_dataset(
                name,
                data=values.astype(object) if is_text else values,
                dtype=h5py.string_dtype() if is_text else values.dtype,
            )
            dataset.attrs["unit"] = unit_of(name)


def _write_sweep(group: Any, axes: Any, item: ExportedSweep) -> None:
    for name, value in describe(item).items():
        if value is not None:
            group.attrs[name] = value
    for name, value in item.sweep.conditions.items():
        group.attrs[f"condition:{name}"] = value
    for name, label in further_labels(item).items():
        group.attrs[f"label:{name}"] = label
    axis = item.sweep.frequency_hz
    digest = hashlib.sha256(axis.tobytes()).hexdigest()[:16]
    if digest not in axes:
        axes.create_dataset(digest, data=axis).attrs["unit"] = "Hz"
    group["frequency_hz"] = axes[digest]
    group.attrs["axis"] = digest
    for name, trace in sorted(item.sweep.traces.items()):
        samples = np.ascontiguousarray(trace)
        dataset = group.create_dataset(
            name, data=samples, compression="gzip", compression_opts=1, shuffle=True
        )
        dataset.attrs["unit"] = "1"


def _copy_sweep(source: Any, target: Any, axes: Any) -> None:
    for name, value in source.attrs.items():
        target.attrs[name] = value
    target["frequency_hz"] = axes[source.attrs["axis"]]
    for name in source:
        if name != "frequency_hz":
            source.copy(name, target)
