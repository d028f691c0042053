"""The labelled sweep archive: many sweeps of one shape, with what is known of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from instruments.errors import ForeignFileError
from instruments.files.npz import MAX_DECLARED_BYTES, read_npz, write_npz
from instruments.measurement import (
    FrequencyAxis,
    MeasurementError,
    Sweep,
    SweepPurpose,
    check_frequency_axis,
)
from instruments.measurement.limits import MAX_TRACE_COUNT, TRACE_NAME

FloatLabels = npt.NDArray[np.float64]
TextLabels = npt.NDArray[np.str_]

_TEXTS = ("cavity", "thermal_cycle")
_NUMBERS = ("temperature_k", "magnetic_field_tesla")
_CLASSES = ("condition", "component")
_REQUIRED = ("frequency_hz", "s", "s_parameters", *_TEXTS, "measured_at")
_KNOWN = {*_REQUIRED, "is_reference", *_NUMBERS, *_CLASSES}
_KINDS = {"f": "real numbers", "i": "whole numbers", "U": "texts", "b": "booleans"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledArchive:
    """Sweeps of the same traces and point count, and their labels.

    Attributes
    ----------
    frequency_hz
        Axis in Hz, shape (point,), or (sweep, point) where sweeps differ.
    s
        Samples, complex64, shape (sweep, trace, point); NaN where a trace is missing.
    s_parameters
        Trace names, in the order of ``s``.
    cavity, thermal_cycle
        Who was measured, and in which warm-up-to-warm-up period, shape (sweep,).
    measured_at
        Seconds since 1970, UTC, shape (sweep,).
    is_reference
        Known-good states of their cavity and thermal cycle, shape (sweep,).
    temperature_k, magnetic_field_tesla
        Labels, shape (sweep,), NaN = unknown; None = no such label.
    condition, component
        Class labels, shape (sweep,), "" = unknown; None = no such label.
    labels, units
        Further labels by name, each shape (sweep,), and their units.
    """

    frequency_hz: FrequencyAxis
    s: npt.NDArray[np.complex64]
    s_parameters: tuple[str, ...]
    cavity: TextLabels
    thermal_cycle: TextLabels
    measured_at: FloatLabels
    is_reference: npt.NDArray[np.bool_]
    temperature_k: FloatLabels | None = None
    magnetic_field_tesla: FloatLabels | None = None
    condition: TextLabels | None = None
    component: TextLabels | None = None
    labels: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is not an archive, naming the field."""
        _check_samples(self)
        _check_axes(self)
        _check_columns(self)

    @property
    def sweep_count(self) -> int:
        """Sweeps in the archive."""
        return int(self.s.shape[0])

    def axis(self, index: int) -> FrequencyAxis:
        """Return the frequency axis of one sweep in Hz, shape (point,)."""
        return self.frequency_hz if self.frequency_hz.ndim == 1 else self._row(index)

    def _row(self, index: int) -> FrequencyAxis:
        return np.ascontiguousarray(self.frequency_hz[index])

    def sweep(
        self,
        index: int,
        purpose: SweepPurpose = SweepPurpose.WIDE,
        *,
        cavity: str | None = None,
    ) -> Sweep:
        """Return one sweep, its samples bit-identical; missing traces are left out.

        Parameters
        ----------
        index
            Position in the archive.
        purpose
            What the sweep was for; an archive does not say.
        cavity
            Name to use in place of the archive's own.

        Raises
        ------
        MeasurementError
            If no trace of the sweep is complete, or its cavity has a name that
            the service does not take (give ``cavity`` then).
        """
        traces = {
            name: self.s[index, position]
            for position, name in enumerate(self.s_parameters)
            if np.isfinite(self.s[index, position]).all()
        }
        return Sweep(
            cavity=str(self.cavity[index]) if cavity is None else cavity,
            measured_at=datetime.fromtimestamp(float(self.measured_at[index]), UTC),
            purpose=purpose,
            frequency_hz=self.axis(index),
            traces=traces,
            is_reference=bool(self.is_reference[index]),
            thermal_cycle=str(self.thermal_cycle[index]) or None,
        )


def read_archive(
    source: Path | bytes,
    name: str | None = None,
    *,
    max_bytes: int = MAX_DECLARED_BYTES,
) -> LabelledArchive:
    """Read a labelled archive (.npz without pickled objects).

    Parameters
    ----------
    source
        Path of the file, or its bytes.
    name
        Name in error messages; the path where it is None.
    max_bytes
        Most bytes that the arrays may take in memory together.

    Raises
    ------
    ForeignFileError
        If the file is no archive; one sentence names the member and the mend.
    """
    shown = name or ("archive" if isinstance(source, bytes) else str(source))
    members = read_npz(source, shown, max_bytes=max_bytes)
    missing = [key for key in _REQUIRED if key not in members]
    if missing:
        raise ForeignFileError(
            f"{shown}: lacks {', '.join(missing)}, which every labelled archive has"
        )
    prefixed = ("label:", "unit:")
    unknown = [k for k in members if k not in _KNOWN and not k.startswith(prefixed)]
    if unknown:
        raise ForeignFileError(
            f"{shown}: member {unknown[0]!r} is not known; name a further label "
            "label:NAME"
        )
    try:
        return _from_members(members)
    except MeasurementError as error:
        raise ForeignFileError(f"{shown}: {error}") from None


def write_archive(path: Path, archive: LabelledArchive) -> None:
    """Write an archive; the same archive always gives the same bytes."""
    arrays: dict[str, npt.NDArray[Any]] = {
        "frequency_hz": archive.frequency_hz,
        "s": archive.s,
        "s_parameters": np.array(archive.s_parameters, dtype=np.str_),
        "cavity": archive.cavity,
        "thermal_cycle": archive.thermal_cycle,
        "measured_at": archive.measured_at,
        "is_reference": archive.is_reference,
    }
    for key in (*_NUMBERS, *_CLASSES):
        if (values := getattr(archive, key)) is not None:
            arrays[key] = values
    arrays |= {f"label:{key}": archive.labels[key] for key in sorted(archive.labels)}
    arrays |= {
        f"unit:{key}": np.array(archive.units[key]) for key in sorted(archive.units)
    }
    write_npz(path, arrays)


def _from_members(members: Mapping[str, npt.NDArray[Any]]) -> LabelledArchive:
    count = members["s"].shape[0] if members["s"].ndim else 0
    return LabelledArchive(
        frequency_hz=members["frequency_hz"],
        s=members["s"],
        s_parameters=tuple(str(name) for name in members["s_parameters"].reshape(-1)),
        cavity=members["cavity"],
        thermal_cycle=members["thermal_cycle"],
        measured_at=members["measured_at"],
        is_reference=members.get("is_reference", np.zeros(count, dtype=np.bool_)),
        temperature_k=members.get("temperature_k"),
        magnetic_field_tesla=members.get("magnetic_field_tesla"),
        condition=members.get("condition"),
        component=members.get("component"),
        labels=_prefixed(members, "label:"),
        units={
            key: str(unit.reshape(-1)[0])
            for key, unit in _prefixed(members, "unit:").items()
            if unit.size == 1
        },
    )


def _prefixed(
    members: Mapping[str, npt.NDArray[Any]], prefix: str
) -> dict[str, npt.NDArray[Any]]:
    return {
        key.removeprefix(prefix): values
        for key, values in members.items()
        if key.startswith(prefix)
    }


def _check_samples(archive: LabelledArchive) -> None:
    s, names = archive.s, archive.s_parameters
    if s.ndim == 3 and len(s) == 0:
        raise MeasurementError("s", "holds no sweep")
    if s.ndim != 3 or 0 in s.shape:
        raise MeasurementError("s", f"has shape {s.shape}, needs (sweep, trace, point)")
    if s.dtype != np.complex64:
        raise MeasurementError("s", f"is {s.dtype}, needs complex64")
    if len(names) != s.shape[1] or len(set(names)) != len(names):
        raise MeasurementError(
            "s_parameters", f"must name the {s.shape[1]} traces of s, each once"
        )
    if len(names) > MAX_TRACE_COUNT:
        raise MeasurementError(
            "s_parameters", f"has {len(names)}, at most {MAX_TRACE_COUNT}"
        )
    for name in names:
        if not TRACE_NAME.fullmatch(name):
            raise MeasurementError("s_parameters", f"{name[:64]!r} is no trace name")


def _check_axes(archive: LabelledArchive) -> None:
    axis, (sweeps, _, points) = archive.frequency_hz, archive.s.shape
    if axis.dtype != np.float64 or axis.shape not in {(points,), (sweeps, points)}:
        raise MeasurementError(
            "frequency_hz",
            f"is {axis.dtype} of shape {axis.shape}, needs float64 of shape "
            f"({points},) or ({sweeps}, {points})",
        )
    check_frequency_axis(axis.reshape(-1, points)[0])
    if axis.ndim == 2 and not (
        np.isfinite(axis).all() and (axis >= 0).all() and (np.diff(axis) > 0).all()
    ):
        raise MeasurementError("frequency_hz", "must be finite and rise in every row")


def _check_columns(archive: LabelledArchive) -> None:
    required = {"measured_at": "f", "is_reference": "b"} | dict.fromkeys(_TEXTS, "U")
    optional = dict.fromkeys(_NUMBERS, "f") | dict.fromkeys(_CLASSES, "U")
    for name, kind in (required | optional).items():
        values = getattr(archive, name)
        if values is not None or name in required:
            _check_column(name, values, kind, archive.sweep_count)
    for name, values in archive.labels.items():
        _check_column(f"label:{name}", values, "fiUb", archive.sweep_count)
    moments = archive.measured_at
    # The upper end is the year 2200; beyond it a number is no time in seconds.
    if not np.isfinite(moments).all() or moments.min() < 0 or moments.max() > 7.26e9:
        raise MeasurementError(
            "measured_at", "must be finite seconds since 1970 (UTC) in every sweep"
        )


def _check_column(name: str, values: Any, kinds: str, count: int) -> None:
    if values.dtype.kind not in kinds:
        wanted = " or ".join(_KINDS[kind] for kind in kinds)
        held = _KINDS.get(values.dtype.kind, str(values.dtype))
        raise MeasurementError(name, f"holds {held}, needs {wanted}")
    if values.shape != (count,):
        raise MeasurementError(
            name,
            f"has shape {values.shape}, needs one value for each of the {count} sweeps",
        )
