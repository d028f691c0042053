from datetime import UTC, datetime

import numpy as np
import pytest

from instruments.errors import ForeignFileError
from instruments.files import (
    MeasuredFormat,
    guess_purpose,
    open_measured_bytes,
    open_measured_file,
    read_trace_table,
    write_archive,
)
from instruments.measurement import MeasurementError, SweepPurpose

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)


def test_table_takes_unit_and_trace_from_its_header():
    table = read_trace_table(b"% FREQ  S11\n% MHz  Re. Im.\n1 2 3 4 5\n2 2 3\n")
    assert table.frequency_hz.tolist() == [1e6, 2e6]
    assert table.trace_name == "S11"
    assert table.trace.tolist() == [2 + 3j, 2 + 3j]
    assert table.assumptions == ()


@pytest.mark.parametrize(
    ("line", "unit"), [(b"6.1 0 0", "GHz"), (b"6.1e9, 0, 0", "Hz")]
)
def test_table_without_header_tells_what_it_assumed(line, unit):
    table = read_trace_table(line)
    assert table.frequency_hz[0] == pytest.approx(6.1e9)
    assert len(table.assumptions) == 2
    assert table.assumptions[0].endswith(f"taken as {unit}")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no line of numbers"),
        (b"1 2\n", "2 columns"),
        (b"1 x 3\n", "x"),
        (b"1 nan 3\n", "NaN"),
        (b"2 1 1\n1 1 1\n", "rise strictly"),
        (b"%" * (64 * 1024 * 1024 + 1), "bytes"),
        (b"1 1 1\n" * 200_002, "200001 points"),
    ],
)
def test_bad_tables_are_refused(content, sentence):
    with pytest.raises(ForeignFileError, match=sentence):
        read_trace_table(content, "x.txt")


def test_archive_opens_by_content(archive, tmp_path):
    write_archive(tmp_path / "without_suffix", archive)
    opened = open_measured_file(tmp_path / "without_suffix")
    assert opened.file_format is MeasuredFormat.ARCHIVE
    assert opened.sweep_count == 6
    axis, traces = opened.traces_of(2)
    assert traces.keys() == {"S21"}
    assert axis.size == 11
    sweep = opened.sweep(2, measured_at=NOW)
    assert sweep.measured_at != NOW
    with pytest.raises(ForeignFileError, match="none is number 6"):
        opened.traces_of(6)


def test_touchstone_opens_and_names_its_impedance():
    opened = open_measured_bytes(b"# GHz S RI R 75\n5 1 0\n5.001 1 0\n", "d/x.s1p")
    assert opened.file_format is MeasuredFormat.TOUCHSTONE
    assert "75 ohm" in opened.assumptions[0]
    sweep = opened.sweep(cavity="c", measured_at=NOW)
    assert sweep.purpose is SweepPurpose.REFLECTION
    assert sweep.measured_at == NOW
    with pytest.raises(MeasurementError, match=r"x\.s1p names none"):
        opened.sweep(measured_at=NOW)


def test_purpose_follows_span_and_names():
    narrow, wide = np.array([5e9, 5.01e9]), np.array([4e9, 8e9])
    trace = np.zeros(2, np.complex64)
    assert guess_purpose(wide, {"S21": trace}) is SweepPurpose.WIDE
    assert guess_purpose(narrow, {"S21": trace}) is SweepPurpose.TRANSMISSION
    assert guess_purpose(narrow, {"S11": trace}) is SweepPurpose.REFLECTION


def test_unknown_binary_and_absent_files_are_refused(tmp_path):
    with pytest.raises(ForeignFileError, match="neither Touchstone"):
        open_measured_bytes(b"\x7fEL\0F", "x.bin")
    with pytest.raises(ForeignFileError, match="No such file"):
        open_measured_file(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("file", "points", "trace"),
    [
        ("Figure6b.txt", 201, "S21"),
        ("Figure23.txt", 201, "S21"),
        ("Figure27.txt", 239, "S21"),
        ("Table6c27.txt", 201, "S11"),
    ],
)
def test_real_tables_open(reference_data, file, points, trace):
    opened = open_measured_file(reference_data / "npl_mat58" / file)
    axis, traces = opened.traces_of()
    assert axis.size == points
    assert list(traces) == [trace]
    assert 3e9 < axis[0] < 1e10
    assert bool(opened.assumptions) == (file == "Figure27.txt")


def test_notes_are_no_table(reference_data):
    with pytest.raises(ForeignFileError, match="columns"):
        open_measured_file(reference_data / "npl_mat58" / "Notes_and_Licence.txt")
