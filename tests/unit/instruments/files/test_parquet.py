"""Exported sweeps come back whole; whatever is damaged or hostile is one sentence."""

import os
import pickle
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from instruments.errors import ForeignFileError
from instruments.files import open_measured_bytes, open_measured_file, parquet
from instruments.files.parquet import ParquetSweeps
from instruments.measurement import MeasurementError, SweepPurpose

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)
SAMPLES = pa.struct({"real": pa.list_(pa.float32()), "imag": pa.list_(pa.float32())})
SCHEMA = pa.schema(
    {
        "cavity": pa.string(),
        "purpose": pa.string(),
        "measured_at_utc": pa.timestamp("us", "UTC"),
        "s_parameters": pa.list_(pa.string()),
        "frequency_hz": pa.list_(pa.float64()),
        "s": pa.list_(SAMPLES),
    }
)


def row(seed: int = 0, points: int = 11, **changes: object) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    real, imag = rng.standard_normal((2, points)).astype(np.float32)
    return {
        "cavity": f"cavity-{seed}",
        "purpose": "transmission",
        "measured_at_utc": NOW,
        "s_parameters": ["S21"],
        "frequency_hz": np.linspace(4e9, 8e9, points),
        "s": [{"real": real, "imag": imag}],
        **changes,
    }


def write(path: Path, *rows: dict[str, object], schema: pa.Schema = SCHEMA) -> Path:
    table = pa.Table.from_pylist(list(rows), schema)
    pq.write_table(table, path, row_group_size=2, write_page_checksum=True)
    return path


def read_all(path: Path) -> None:
    opened = ParquetSweeps(path)
    opened.cavities()
    for index in range(min(opened.sweep_count, 100)):
        opened.sweep(index)


def test_sweeps_of_several_lengths_are_read_group_by_group(tmp_path):
    rows = [row(seed, points=11 + seed) for seed in range(5)]
    opened = open_measured_file(write(tmp_path / "a.parquet", *rows))
    assert opened.sweep_count == 5
    assert opened.cavities() == [f"cavity-{n}" for n in range(5)]
    for index in (4, 0, 3, 1, 2):
        sweep = opened.sweep(index, measured_at=NOW)
        samples = rows[index]["s"][0]
        assert sweep.purpose is SweepPurpose.TRANSMISSION
        assert np.array_equal(sweep.traces["S21"].real, samples["real"])
        assert np.array_equal(sweep.traces["S21"].imag, samples["imag"])
    renamed = opened.sweep(0, measured_at=NOW, cavity="x", purpose=SweepPurpose.WIDE)
    assert (renamed.cavity, renamed.purpose) == ("x", SweepPurpose.WIDE)
    with pytest.raises(ForeignFileError, match="has 5 sweeps"):
        opened.sweep(5, measured_at=NOW)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"cavity": None}, "cavity"),
        ({"cavity": "../x"}, "cavity"),
        ({"measured_at_utc": None}, "measured_at_utc"),
        ({"purpose": "x"}, "purpose"),
        ({"s_parameters": ["S21", "S11"]}, "one trace for each"),
        ({"s_parameters": ["nonsense"]}, "nonsense"),
        ({"s": None}, "one trace for each"),
        ({"frequency_hz": None}, "numbers missing"),
        ({"frequency_hz": [2.0, 1.0]}, "rise"),
        ({"s": [{"real": [1.0], "imag": [1.0, 2.0]}]}, "two lengths"),
        ({"s": [{"real": [None] * 11, "imag": [1.0] * 11}]}, "numbers missing"),
        ({"s": [{"real": [np.nan] * 11, "imag": [1.0] * 11}]}, "NaN"),
    ],
)
def test_a_row_that_is_no_sweep_names_its_field(tmp_path, change, word):
    opened = ParquetSweeps(write(tmp_path / "a.parquet", row(), row(1, **change)))
    opened.sweep(0)
    with pytest.raises(MeasurementError, match=word):
        opened.sweep(1)


def test_other_tables_are_refused_by_column(tmp_path):
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"x": [1]}), other)
    with pytest.raises(ForeignFileError, match="no column cavity"):
        open_measured_file(other)
    wide = SCHEMA.set(5, pa.field("s", pa.list_(pa.float64())))
    with pytest.raises(ForeignFileError, match="column s is list"):
        open_measured_file(write(other, row(s=[1.0]), schema=wide))


def test_an_upload_is_told_where_parquet_is_read(tmp_path):
    content = write(tmp_path / "a.parquet", row()).read_bytes()
    for name in ("a.parquet", "a"):
        with pytest.raises(ForeignFileError, match="halowatch ingest"):
            open_measured_bytes(content, name)


def test_more_than_the_bounds_is_not_read(tmp_path, monkeypatch):
    path = write(tmp_path / "a.parquet", row(points=1001))
    monkeypatch.setattr(parquet, "MAX_DECLARED_BYTES", 5000)
    with pytest.raises(ForeignFileError, match="at most"):
        ParquetSweeps(path)
    monkeypatch.undo()
    monkeypatch.setattr(parquet, "MAX_SWEEP_COUNT", 0)
    with pytest.raises(ForeignFileError, match="at most"):
        ParquetSweeps(path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1PAR1", b"PAR1" + b"\xff" * 64])
def test_what_is_no_parquet_is_refused(tmp_path, content):
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(ForeignFileError, match=r"a\.parquet"):
        read_all(path)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    content = write(tmp_path / "a.parquet", row(), row(1), row(2)).read_bytes()
    path = tmp_path / "cut.parquet"
    for size in range(4, len(content), max(1, len(content) // 60)):
        path.write_bytes(content[:size])
        with pytest.raises(ForeignFileError):
            read_all(path)


def test_a_file_damaged_anywhere_is_refused_or_read_as_it_was(tmp_path):
    content = write(tmp_path / "a.parquet", row(), row(1), row(2)).read_bytes()
    rng = np.random.default_rng(7)
    path = tmp_path / "damaged.parquet"
    refused = 0
    for position in rng.integers(0, len(content), 200):
        damaged = bytearray(content)
        damaged[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            read_all(path)
        except (ForeignFileError, MeasurementError):
            refused += 1
    assert refused > 50


class Trap:
    """Leaves a mark where somebody unpickles it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.mark),)


def test_nothing_in_a_file_is_unpickled(tmp_path):
    mark = tmp_path / "mark"
    trap = pickle.dumps(Trap(mark))
    metadata = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": trap,
    }
    trapped = SCHEMA.append(pa.field("x", pa.string(), metadata=metadata))
    trapped = trapped.with_metadata({b"pandas": trap, b"halowatch": trap})
    path = write(tmp_path / "a.parquet", row(x="a"), schema=trapped)
    read_all(path)
    assert not mark.exists()
    pickle.loads(trap)
    assert mark.exists()
