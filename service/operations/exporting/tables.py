"""Exports of what has no samples: diagnoses and readings, as one table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from service.operations.exporting.formats import appear
from service.operations.exporting.hdf5 import write_columns
from service.operations.exporting.parts import Part
from service.storage.engine import Database, Transaction
from service.storage.export_queries import (
    ExportFilter,
    list_diagnosis_rows,
    list_reading_rows,
)

PAGE_COUNT = 5000
"""Rows of one reading transaction."""

SUFFIXES = {"csv": ".csv", "parquet": ".parquet", "hdf5": ".h5", "npz": ".npz"}
"""What a file of a format ends in."""

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


ROW_BYTES = 512
"""About what a row of a table takes in a part."""


@dataclass(frozen=True, slots=True)
class _Page:
    """Rows of one reading transaction, and the number of the last."""

    table: pa.Table
    last_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRows:
    """Parts of the diagnoses or readings in a database, see ``PartSource``.

    Attributes
    ----------
    row_count
        Most rows of one part.
    """

    database: Database
    subject: Subject
    wanted: ExportFilter
    form: str
    row_count: int

    def write_part(self, after: str, folder: Path, stem: str) -> Part:
        """Write the next rows; see ``PartSource``."""
        check_subject(self.subject, self.wanted, self.form)
        last, tables, schema = int(after or 0), [], None
        left, is_last = self.row_count, False
        while left and not is_last:
            page_count = min(left, PAGE_COUNT)
            page = self.read_page(last, page_count, schema)
            is_last = page is None or page.table.num_rows < page_count
            if page is not None:
                last, schema = page.last_number, page.table.schema
                tables.append(page.table)
                left -= page.table.num_rows
        files = [f"{stem}{SUFFIXES[self.form]}"] if tables else []
        for name in files:
            appear(folder / name, lambda path: _write(path, self.form, tables))
        return Part(
            files=files,
            count=self.row_count - left,
            last_id=str(last) if tables else after,
            is_last=is_last,
        )

    def read_page(
        self, after: int, count: int, schema: pa.Schema | None
    ) -> _Page | None:
        """Read the next rows in one transaction; None where there are none."""
        with self.database.read() as transaction:
            read = _READERS[self.subject.value]
            rows = read(transaction, self.wanted, after, count)
        if not rows:
            return None
        values = [dict(row) for _, row in rows]
        table = pa.Table.from_pylist(values, schema or _schema(values[0]))
        return _Page(table, rows[-1][0])


def check_subject(subject: Subject, wanted: ExportFilter, form: str) -> None:
    """Refuse what a subject cannot be chosen by, or written as.

    Raises
    ------
    ConflictError
        If the format holds no tables, or the subject has no such filter.
    """
    if subject is Subject.SWEEPS:
        return
    if form == "touchstone":
        raise ConflictError(f"Touchstone holds no {subject.value}; take parquet or csv")
    if subject is Subject.READINGS:
        for name in ("purpose", "condition", "run", "labels"):
            if getattr(wanted, name):
                raise ConflictError(
                    f"readings have no {name.removesuffix('s')}; choose them by time "
                    "or cavity"
                )


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
    check_subject(subject, wanted, form)
    rows = StoredRows(
        database=database,
        subject=subject,
        wanted=wanted,
        form=form,
        row_count=PAGE_COUNT,
    )
    batches = _batches(rows)
    first = next(batches, None)
    if first is None:
        return 0
    partial = out.with_name(f".{out.name}.partial")
    try:
        count = _write(partial, form, chain((first,), batches))
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return count


def _batches(rows: StoredRows) -> Iterator[pa.Table]:
    after, schema = 0, None
    while page := rows.read_page(after, PAGE_COUNT, schema):
        after, schema = page.last_number, page.table.schema
        yield page.table


def _schema(row: Mapping[str, Any]) -> pa.Schema:
    """Tell types by the names, as a whole column may be unknown on one page."""

    def kind(name: str, value: Any) -> pa.DataType:
        if isinstance(value, datetime):
            return pa.timestamp("us", "UTC")
        if isinstance(value, bool):
            return pa.bool_()
        is_number = name.endswith(("_q", "_beta", "_sigma", "value"))
        return pa.float64() if is_number or unit_of(name) else pa.string()

    return pa.schema(
        [
            pa.field(name, kind(name, value), metadata={"unit": unit_of(name)})
            for name, value in row.items()
        ]
    )


def _write(path: Path, form: str, tables: Iterable[pa.Table]) -> int:
    if form in ("csv", "parquet"):
        return _stream(path, form, iter(tables))
    return _write_columns(path, form, list(tables))


def _stream(path: Path, form: str, tables: Iterator[pa.Table]) -> int:
    first, count = next(tables), 0
    with (
        pyarrow.csv.CSVWriter(path, first.schema)
        if form == "csv"
        else pq.ParquetWriter(path, first.schema, compression="zstd")
    ) as writer:
        for table in chain((first,), tables):
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
