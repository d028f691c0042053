"""One door for measured files: Touchstone, trace tables, archives and exports."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import numpy as np

from instruments.errors import ForeignFileError
from instruments.files.archive import LabelledArchive, read_archive
from instruments.files.parquet import ParquetSweeps
from instruments.files.touchstone import is_touchstone_name, read_touchstone
from instruments.files.trace_table import read_trace_table
from instruments.measurement import (
    FrequencyAxis,
    MeasurementError,
    Sweep,
    SweepPurpose,
    TraceArray,
)

_ZIP_MAGIC = b"PK\x03\x04"
_PARQUET_MAGIC = b"PAR1"
_NARROW_FRACTION = 0.02


class MeasuredFormat(StrEnum):
    """The forms of file that can be read."""

    TOUCHSTONE = "touchstone"
    TRACE_TABLE = "trace_table"
    ARCHIVE = "archive"
    EXPORT = "export"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeasuredFile:
    """A measured file, opened: an archive, an export, or the traces of one sweep.

    Attributes
    ----------
    name
        Name of the file.
    archive
        The archive, where the file is one.
    exported
        The sweeps with all that was stored of them, where the file is an export.
    frequency_hz, traces
        Axis in Hz, shape (point,), and traces of the one sweep, where it is none.
    assumptions
        Sentences on what the file did not say.
    """

    name: str
    file_format: MeasuredFormat
    archive: LabelledArchive | None = None
    exported: ParquetSweeps | None = None
    frequency_hz: FrequencyAxis | None = None
    traces: Mapping[str, TraceArray] | None = None
    assumptions: tuple[str, ...] = ()

    @property
    def sweep_count(self) -> int:
        """Sweeps in the file."""
        if self.exported is not None:
            return self.exported.sweep_count
        return 1 if self.archive is None else self.archive.sweep_count

    def cavities(self) -> list[str]:
        """Name the cavities of the sweeps; none where the file names none.

        Raises
        ------
        ForeignFileError
            If the file is damaged.
        """
        if self.exported is not None:
            return self.exported.cavities()
        if self.archive is None:
            return []
        return sorted({str(name) for name in self.archive.cavity})

    def traces_of(self, index: int = 0) -> tuple[FrequencyAxis, dict[str, TraceArray]]:
        """Return axis in Hz and complete traces of one sweep, each shape (point,).

        Raises
        ------
        ForeignFileError
            If the file has no such sweep.
        """
        if not 0 <= index < self.sweep_count:
            raise ForeignFileError(
                f"{self.name}: has {self.sweep_count} sweeps, none is number {index}"
            )
        if self.exported is not None:
            sweep = self.exported.sweep(index)
            return sweep.frequency_hz, dict(sweep.traces)
        if self.archive is None:
            assert self.frequency_hz is not None
            return self.frequency_hz, dict(self.traces or {})
        samples = self.archive.s[index]
        return self.archive.axis(index), {
            name: samples[position]
            for position, name in enumerate(self.archive.s_parameters)
            if np.isfinite(samples[position]).all()
        }

    def sweep(
        self,
        index: int = 0,
        *,
        measured_at: datetime,
        cavity: str | None = None,
        purpose: SweepPurpose | None = None,
    ) -> Sweep:
        """Return one sweep of the file.

        Parameters
        ----------
        index
            Position in the file.
        measured_at
            Time to use where the file has none (Touchstone and tables).
        cavity
            Name of the cavity; needed where the file names none.
        purpose
            What the sweep was for; where None the export's own word, or guessed from
            its span.

        Raises
        ------
        MeasurementError
            If the content is no sweep, or no cavity is named.
        ForeignFileError
            If the file has no such sweep, or is damaged there.
        """
        if self.exported is not None and 0 <= index < self.sweep_count:
            stored = self.exported.sweep(index)
            return replace(
                stored,
                cavity=cavity or stored.cavity,
                purpose=purpose or stored.purpose,
            )
        axis, traces = self.traces_of(index)
        purpose = purpose or guess_purpose(axis, traces)
        if self.archive is not None:
            return self.archive.sweep(index, purpose, cavity=cavity)
        if cavity is None:
            raise MeasurementError("cavity", f"{self.name} names none; state one")
        return Sweep(
            cavity=cavity,
            measured_at=measured_at,
            purpose=purpose,
            frequency_hz=axis,
            traces=traces,
        )


def guess_purpose(
    frequency_hz: FrequencyAxis, traces: Mapping[str, TraceArray]
) -> SweepPurpose:
    """Tell from span and trace names what a sweep was for.

    A span below 2 % of its centre is narrow: reflection if every trace is one
    (S11, S22, ...), else transmission.
    """
    centre_hz = 0.5 * (frequency_hz[0] + frequency_hz[-1])
    if frequency_hz[-1] - frequency_hz[0] > _NARROW_FRACTION * centre_hz:
        return SweepPurpose.WIDE
    if traces and all(name[1] == name[2] for name in traces):
        return SweepPurpose.REFLECTION
    return SweepPurpose.TRANSMISSION


def open_measured_file(path: Path) -> MeasuredFile:
    """Open a measured file by its suffix and content.

    Raises
    ------
    ForeignFileError
        If it is none of the forms, or breaks its form's rules.
    """
    return _open(path, str(path), _first_bytes(path))


def open_measured_bytes(content: bytes, name: str) -> MeasuredFile:
    """Open the content of a measured file that came by upload.

    Raises
    ------
    ForeignFileError
        If it is none of the forms, or breaks its form's rules.
    """
    return _open(content, name, content[:4])


def _open(source: Path | bytes, name: str, first: bytes) -> MeasuredFile:
    shown = Path(name).name
    if is_touchstone_name(name):
        touchstone = read_touchstone(source, name)
        impedance = touchstone.reference_ohm
        return MeasuredFile(
            name=shown,
            file_format=MeasuredFormat.TOUCHSTONE,
            frequency_hz=touchstone.frequency_hz,
            traces=touchstone.traces,
            assumptions=()
            if impedance == 50.0
            else (
                f"the file refers to {impedance:g} ohm; values are kept as they are",
            ),
        )
    if first == _PARQUET_MAGIC or name.lower().endswith(".parquet"):
        if isinstance(source, bytes):
            raise ForeignFileError(
                f"{name}: Parquet is not taken by upload; halowatch ingest reads it "
                "where it lies and posts its sweeps"
            )
        return MeasuredFile(
            name=shown,
            file_format=MeasuredFormat.EXPORT,
            exported=ParquetSweeps(source),
        )
    if first == _ZIP_MAGIC or name.lower().endswith(".npz"):
        return MeasuredFile(
            name=shown,
            file_format=MeasuredFormat.ARCHIVE,
            archive=read_archive(source, name),
        )
    if b"\0" in first:
        raise ForeignFileError(
            f"{name}: is neither Touchstone (.s1p to .s4p), archive (.npz), export "
            "(.parquet) nor text"
        )
    table = read_trace_table(source, name)
    return MeasuredFile(
        name=shown,
        file_format=MeasuredFormat.TRACE_TABLE,
        frequency_hz=table.frequency_hz,
        traces={table.trace_name: table.trace},
        assumptions=table.assumptions,
    )


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(4)
    except OSError as error:
        raise ForeignFileError(f"{path}: {error.strerror or error}") from None
