"""Sweeps and tables as Parquet and as CSV, with units in the headers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from instruments.measurement.units import magnitude_to_db
from service.operations.exporting.columns import (
    COUNT,
    KINDS,
    NUMBER,
    TEXT,
    TEXTS,
    TRUTH,
    describe,
    further_labels,
    unit_of,
)
from service.operations.exporting.selection import ExportedSweep

ROWS_PER_GROUP = 50
"""Sweeps in a row group: one sweep is read in a millisecond, all of them fast."""

_TYPES = {
    TEXT: pa.string(),
    NUMBER: pa.float64(),
    COUNT: pa.int64(),
    TRUTH: pa.bool_(),
    TEXTS: pa.list_(pa.string()),
}
_SAMPLES = pa.struct({"real": pa.list_(pa.float32()), "imag": pa.list_(pa.float32())})


def _field(name: str, kind: pa.DataType, unit: str = "") -> pa.Field:
    return pa.field(name, kind, metadata={"unit": unit or unit_of(name)})


SWEEP_SCHEMA = pa.schema(
    [
        *(_field(name, _TYPES[kind]) for name, kind in KINDS.items()),
        _field("measured_at_utc", pa.timestamp("us", "UTC")),
        _field("conditions", pa.map_(pa.string(), pa.float64()), "in the names"),
        _field("labels", pa.map_(pa.string(), pa.string())),
        _field("label_numbers", pa.map_(pa.string(), pa.float64()), "in the names"),
        _field("s_parameters", pa.list_(pa.string())),
        _field("frequency_hz", pa.list_(pa.float64())),
        _field("s", pa.list_(_SAMPLES), "1"),
    ],
    metadata={"halowatch": "sweeps, version 1"},
)
"""A row a sweep. ``s`` holds a pair of lists for each of ``s_parameters``."""

POINT_SCHEMA = pa.schema(
    [
        *(
            _field(name, pa.string())
            for name in ("sweep_id", "cavity", "purpose", "measured_at_utc")
        ),
        *(_field(name, pa.string()) for name in ("thermal_cycle", "run", "step")),
        _field("s_parameter", pa.string()),
        _field("frequency_hz", pa.float64()),
        _field("real", pa.float32(), "1"),
        _field("imag", pa.float32(), "1"),
        _field("magnitude_db", pa.float64()),
        _field("phase_rad", pa.float64()),
    ]
)
"""A row a point and trace, for CSV."""


def sweep_table(items: Sequence[ExportedSweep]) -> pa.Table:
    """Build the Parquet table of some sweeps."""
    return pa.Table.from_pylist([_row(item) for item in items], SWEEP_SCHEMA)


def point_table(items: Sequence[ExportedSweep]) -> pa.Table:
    """Build the CSV table of some sweeps, a row a point and trace."""
    tables = [
        _points(item, name) for item in items for name in sorted(item.sweep.traces)
    ]
    return pa.concat_tables(tables) if tables else POINT_SCHEMA.empty_table()


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a table; floats are split by byte, which makes noise compress."""
    pq.write_table(table, path, **_parquet_options(table.schema))


def join_parquet(parts: Sequence[Path], path: Path) -> None:
    """Copy the row groups of several files into one, one at a time."""
    schema = pq.read_schema(parts[0])
    with pq.ParquetWriter(path, schema, **_writer_options(schema)) as writer:
        for part in parts:
            with pq.ParquetFile(part) as source:
                for number in range(source.num_row_groups):
                    writer.write_table(source.read_row_group(number))


def write_csv(path: Path, table: pa.Table) -> None:
    """Write a table; the units stand in the names of the columns."""
    pyarrow.csv.write_csv(table, path)


def _row(item: ExportedSweep) -> dict[str, Any]:
    names = sorted(item.sweep.traces)
    labels = further_labels(item).items()
    return describe(item) | {
        "labels": [pair for pair in labels if isinstance(pair[1], str)],
        "label_numbers": [pair for pair in labels if not isinstance(pair[1], str)],
        "measured_at_utc": item.record.measured_at,
        "conditions": sorted(item.sweep.conditions.items()),
        "s_parameters": names,
        "frequency_hz": item.sweep.frequency_hz,
        "s": [
            {
                "real": np.ascontiguousarray(item.sweep.traces[name].real),
                "imag": np.ascontiguousarray(item.sweep.traces[name].imag),
            }
            for name in names
        ],
    }


def _points(item: ExportedSweep, name: str) -> pa.Table:
    trace = item.sweep.traces[name]
    count = trace.size
    texts = {
        "sweep_id": item.record.sweep_id,
        "cavity": item.record.cavity,
        "purpose": item.record.purpose.value,
        "measured_at_utc": item.record.measured_at.isoformat(),
        "thermal_cycle": item.record.thermal_cycle,
        "run": item.record.details.get("run"),
        "step": item.record.details.get("step"),
        "s_parameter": name,
    }
    columns: dict[str, Any] = {
        key: pa.repeat(pa.scalar(text, pa.string()), count)
        for key, text in texts.items()
    }
    columns |= {
        "frequency_hz": item.sweep.frequency_hz,
        "real": np.ascontiguousarray(trace.real),
        "imag": np.ascontiguousarray(trace.imag),
        "magnitude_db": magnitude_to_db(np.abs(trace)).astype(np.float64),
        "phase_rad": np.angle(trace).astype(np.float64),
    }
    return pa.table([columns[key] for key in POINT_SCHEMA.names], schema=POINT_SCHEMA)


def _parquet_options(schema: pa.Schema) -> dict[str, Any]:
    return _writer_options(schema) | {"row_group_size": ROWS_PER_GROUP}


def _writer_options(schema: pa.Schema) -> dict[str, Any]:
    is_of_sweeps = "s" in schema.names
    samples = ["s.list.element.real.list.element", "s.list.element.imag.list.element"]
    return {
        "compression": "zstd",
        "use_dictionary": [name for name in schema.names if name not in ("s", "value")]
        if not is_of_sweeps
        else ["cavity", "purpose", "thermal_cycle", "run", "step", "model_version"],
        **({"use_byte_stream_split": samples} if is_of_sweeps else {}),
    }
