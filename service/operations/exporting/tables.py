"""Exports of what has no samples: diagnoses and readings, as one table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from instruments.files.npz import write_npz
from service.errors import ConflictError
from service.operations.exporting.columns import unit_of
from service.operations.exporting.hdf5 import write_columns
from service.storage.engine import Database, Transaction
from service.storage.export_queries import (
    ExportFilter,
    list_diagnosis_rows,
    list_reading_rows,
)

PAGE_COUNT = 5000
"""Rows of one reading transaction."""

_Rows = list[tuple[int, Mapping[str, Any]]]
_READERS: dict[str, Callable[[Transaction, ExportFilter, int, int], _Rows]] = {
    "diagnoses": list_diagnosis_rows,
    "readings": list_reading_rows,
}


class Subject(StrEnum):
    """What can be exported."""

    SWEEPS = "sweeps"
    DIAGNOSES = "diagnoses"
    READINGS = "readings"


def export_table(
    database: Database, subject: Subject, wanted: ExportFilter, form: str, out: Path
) -> int:
    """Write all diagnoses or readings that are wanted into one file.

    CSV and Parquet are streamed; HDF5 and .npz hold a column each in memory.

    Returns
    -------
    int
        Rows that were written; no file where there are none.

    Raises
    ------
    ConflictError
        If the file is there, or the format holds no tables.
    """
    if out.exists():
        raise ConflictError(f"{out} is there already; move it away or name another")
    if form == "touchstone":
        raise ConflictError(f"Touchstone holds no {subject.value}; take parquet or csv")
    batches = _batches(database, subject, wanted)
    first = next(batches, None)
    if first is None:
        return 0
    partial = out.with_name(f".{out.name}.partial")
    try:
        if form in ("csv", "parquet"):
            count = _stream(partial, form, first, batches)
        else:
            count = _write_columns(partial, form, [first, *batches])
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _batches(
    database: Database, subject: Subject, wanted: ExportFilter
) -> Iterator[pa.Table]:
    after = 0
    schema: pa.Schema | None = None
    while True:
        with database.read() as transaction:
            rows = _READERS[subject.value](transaction, wanted, after, PAGE_COUNT)
        if not rows:
            return
        after = rows[-1][0]
        values = [dict(row) for _, row in rows]
        schema = schema or _schema(values[0])
        yield pa.Table.from_pylist(values, schema)


def _schema(row: Mapping[str, Any]) -> pa.Schema:
    """Tell types by the names, as a whole column may be unknown on one page."""

    def kind(name: str, value: Any) -> pa.DataType:
        if isinstance(value, datetime):
            return pa.timestamp("us", "UTC")
        if isinstance(value, bool):
            return pa.bool_()
        has_number = unit_of(name) or name.endswith(("_q", "_beta", "_sigma"))
        return pa.float64() if has_number or name == "value" else pa.string()

    return pa.schema(
        [
            pa.field(name, kind(name, value), metadata={"unit": unit_of(name)})
            for name, value in row.items()
        ]
    )


def _stream(path: Path, form: str, first: pa.Table, rest: Iterator[pa.Table]) -> int:
    count = 0
    with (
        pyarrow.csv.CSVWriter(path, first.schema)
        if form == "csv"
        else pq.ParquetWriter(path, first.schema, compression="zstd")
    ) as writer:
        for table in chain((first,), rest):
            writer.write_table(table)
            count += table.num_rows
    return count


def _write_columns(path: Path, form: str, batches: Sequence[pa.Table]) -> int:
    table = pa.concat_tables(batches)
    columns = {name: _array(table[name]) for name in table.column_names}
    if form == "npz":
        units = {f"unit:{name}": unit_of(name) for name in columns if unit_of(name)}
        write_npz(path, columns | {key: np.array(unit) for key, unit in units.items()})
    else:
        write_columns(path, columns)
    return int(table.num_rows)


def _array(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    if pa.types.is_timestamp(column.type):
        return np.asarray(column.cast(pa.int64())) / 1e6
    if pa.types.is_string(column.type):
        texts = [value or "" for value in column.to_pylist()]
        return np.array(texts, dtype=np.str_)
    return np.asarray(column)
