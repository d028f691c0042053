"""Exported sweeps (.parquet), read a row group at a time and within bounds."""

import contextlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from instruments.errors import ForeignFileError
from instruments.files.npz import MAX_DECLARED_BYTES
from instruments.measurement import (
    InstrumentIdentity,
    MeasurementError,
    Sweep,
    SweepPurpose,
    SweepSettings,
    TraceArray,
)
from instruments.measurement.flags import check_flags

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAX_SWEEP_COUNT = 100_000_000
"""Most rows of one file."""

_THRIFT_BYTES = 64 * 1024 * 1024
_THRIFT_COUNT = 1_000_000
"""Longest text, and most entries of a list, in the file's own description."""

_NAME_OF_MEMBERS = re.compile(r"(?<=list<)(element|item): | \('\w*'\)")
"""What Arrow and Parquet call the members of lists and maps, each in its own way."""

_SETTINGS = ("if_bandwidth_hz", "source_power_dbm", "averaging_count", "sweep_time_s")
_IDENTITY = ("vendor", "model", "serial", "firmware", "calibration")
_TEXTS = ("thermal_cycle", "run", "step", "route", "idempotency_key")

_TYPES: Mapping[str, str] = {
    "cavity": "string",
    "purpose": "string",
    "measured_at_utc": "timestamp[us, tz=UTC]",
    "s_parameters": "list<string>",
    "frequency_hz": "list<double>",
    "s": "list<struct<real: list<float>, imag: list<float>>>",
}
_OPTIONAL_TYPES: Mapping[str, str] = {
    "is_reference": "bool",
    "flags": "list<string>",
    "conditions": "map<string, double>",
    "averaging_count": "int64",
    **dict.fromkeys(_TEXTS, "string"),
    **{f"instrument_{name}": "string" for name in _IDENTITY},
    **dict.fromkeys(set(_SETTINGS) - {"averaging_count"}, "double"),
}


class ParquetSweeps:
    """The sweeps of one file that ``halowatch export`` wrote.

    Parameters
    ----------
    path
        The file; only one row group of it is in memory at a time.

    Raises
    ------
    ForeignFileError
        If it is none, or promises more than the bounds allow.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as file:
            metadata = file.metadata
            self._check_columns(file.schema_arrow)
            groups = [metadata.row_group(n) for n in range(metadata.num_row_groups)]
            largest = max((group.total_byte_size for group in groups), default=0)
            self._row_counts = [group.num_rows for group in groups]
            self._names = [
                name
                for name in (*_TYPES, *_OPTIONAL_TYPES)
                if name in file.schema_arrow.names
            ]
        if largest > MAX_DECLARED_BYTES or self.sweep_count > MAX_SWEEP_COUNT:
            raise ForeignFileError(
                f"{path}: holds {self.sweep_count} sweeps and row groups of up to "
                f"{largest} bytes, at most {MAX_SWEEP_COUNT} and {MAX_DECLARED_BYTES} "
                "are read"
            )
        self._held: tuple[int, pa.Table] | None = None

    @property
    def sweep_count(self) -> int:
        """Sweeps in the file."""
        return sum(self._row_counts)

    def cavities(self) -> list[str]:
        """Name every cavity of the file."""
        names: set[str] = set()
        for number in range(len(self._row_counts)):
            column = self._read(number, ["cavity"]).column("cavity")
            names |= {name for name in column.unique().to_pylist() if name}
        return sorted(names)

    def sweep(self, index: int) -> Sweep:
        """Return one sweep as it was stored.

        Raises
        ------
        ForeignFileError
            If the file is damaged there.
        MeasurementError
            If the row is no sweep.
        """
        number, position = 0, index
        while position >= self._row_counts[number]:
            position -= self._row_counts[number]
            number += 1
        if self._held is None or self._held[0] != number:
            self._held = None
            self._held = number, self._read(number, self._names)
        return _sweep(self._held[1], position)

    def _read(self, number: int, names: list[str]) -> "pa.Table":
        with self._open() as file:
            table = file.read_row_group(number, columns=names, use_threads=False)
            table.validate(full=True)
        if table.num_rows != self._row_counts[number]:
            raise ForeignFileError(f"{self._path}: row group {number} is damaged")
        return table

    @contextlib.contextmanager
    def _open(self) -> Iterator["pq.ParquetFile"]:
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            raise ForeignFileError(
                f"{self._path}: reading Parquet needs pyarrow: "
                "pip install 'halowatch[server]'"
            ) from None
        try:
            with pq.ParquetFile(
                self._path,
                thrift_string_size_limit=_THRIFT_BYTES,
                thrift_container_size_limit=_THRIFT_COUNT,
                page_checksum_verification=True,
            ) as file:
                yield file
        except ForeignFileError:
            raise
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ForeignFileError(
                f"{self._path}: is no readable .parquet file ({reason[:200]})"
            ) from None

    def _check_columns(self, schema: "pa.Schema") -> None:
        for name, kind in {**_TYPES, **_OPTIONAL_TYPES}.items():
            if name not in schema.names:
                if name in _OPTIONAL_TYPES:
                    continue
                raise ForeignFileError(
                    f"{self._path}: has no column {name}: only what halowatch export "
                    "wrote of sweeps is read"
                )
            found = _NAME_OF_MEMBERS.sub("", str(schema.field(name).type))
            if found != kind:
                raise ForeignFileError(
                    f"{self._path}: column {name} is {found[:80]}, needs {kind}"
                )


def _sweep(table: "pa.Table", row: int) -> Sweep:
    values = {
        name: table.column(name)[row].as_py()
        for name in table.column_names
        if name not in ("frequency_hz", "s", "conditions")
    }
    missing = [name for name in ("cavity", "measured_at_utc") if values[name] is None]
    if missing:
        raise MeasurementError(missing[0], "is missing")
    return Sweep(
        cavity=values["cavity"],
        measured_at=values["measured_at_utc"],
        purpose=_purpose(values["purpose"]),
        frequency_hz=_numbers(table.column("frequency_hz")[row], "frequency_hz"),
        traces=_traces(values["s_parameters"] or [], table.column("s")[row]),
        is_reference=bool(values.get("is_reference")),
        settings=SweepSettings(**{name: values.get(name) for name in _SETTINGS}),
        instrument=InstrumentIdentity(
            **{name: values.get(f"instrument_{name}") for name in _IDENTITY}
        ),
        conditions=_conditions(table, row),
        flags=check_flags(values.get("flags") or ()),
        **{name: values.get(name) for name in _TEXTS},
    )


def _traces(names: list[str], samples: "pa.ListScalar") -> dict[str, TraceArray]:
    found = samples.values
    if found is None or len(found) != len(names) or None in names:
        raise MeasurementError("s", "must have one trace for each of s_parameters")
    traces: dict[str, TraceArray] = {}
    for position, name in enumerate(names):
        real, imag = (
            _numbers(found.field(part)[position], f"s.{part}")
            for part in ("real", "imag")
        )
        if real.shape != imag.shape:
            raise MeasurementError(f"s.{name}", "has real and imag of two lengths")
        trace = np.empty(real.size, dtype=np.complex64)
        trace.real, trace.imag = real, imag
        traces[name] = trace
    return traces


def _numbers(numbers: "pa.ListScalar", name: str) -> npt.NDArray[Any]:
    if numbers.values is None or numbers.values.null_count:
        raise MeasurementError(name, "has numbers missing")
    array: npt.NDArray[Any] = numbers.values.to_numpy(zero_copy_only=False)
    return array


def _conditions(table: "pa.Table", row: int) -> dict[str, float]:
    if "conditions" not in table.column_names:
        return {}
    pairs = table.column("conditions")[row].as_py() or []
    return {name: value for name, value in pairs if value is not None}


def _purpose(text: str | None) -> SweepPurpose:
    try:
        return SweepPurpose(text or "")
    except ValueError:
        known = ", ".join(purpose.value for purpose in SweepPurpose)
        raise MeasurementError(
            "purpose", f"{str(text)[:40]!r} must be one of {known}"
        ) from None
