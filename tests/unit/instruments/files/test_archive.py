import io
import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from instruments.errors import ForeignFileError
from instruments.files import read_archive, write_archive
from instruments.measurement import MeasurementError, SweepPurpose


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as directory:
        for name, content in members.items():
            directory.writestr(name, content)
    return stream.getvalue()


def _npy(array: np.ndarray, *, allow_pickle: bool = False) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=allow_pickle)
    return stream.getvalue()


def _header(text: str) -> bytes:
    padded = text.encode() + b" " * (117 - len(text)) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded


def test_archive_survives_a_round_trip_bit_by_bit(archive, tmp_path):
    write_archive(tmp_path / "a.npz", archive)
    back = read_archive(tmp_path / "a.npz")
    assert back.s.tobytes() == archive.s.tobytes()
    assert back.s_parameters == archive.s_parameters
    assert back.frequency_hz.tobytes() == archive.frequency_hz.tobytes()
    for name in ("cavity", "thermal_cycle", "is_reference", "condition"):
        assert np.array_equal(getattr(back, name), getattr(archive, name))
    assert np.array_equal(back.temperature_k, archive.temperature_k, equal_nan=True)
    assert back.magnetic_field_tesla is None
    assert np.array_equal(back.labels["rod_position"], archive.labels["rod_position"])
    assert back.units == {"rod_position": "m"}


def test_same_archive_gives_same_bytes(archive, tmp_path):
    write_archive(tmp_path / "a.npz", archive)
    write_archive(tmp_path / "b.npz", archive)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz"]


def test_numpy_reads_what_is_written(archive, tmp_path):
    write_archive(tmp_path / "a.npz", archive)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as members:
        assert members["s"].tobytes() == archive.s.tobytes()


def test_archive_reads_from_bytes(archive, tmp_path):
    write_archive(tmp_path / "a.npz", archive)
    back = read_archive((tmp_path / "a.npz").read_bytes(), "upload.npz")
    assert back.s.tobytes() == archive.s.tobytes()


def test_sweep_is_bit_identical_and_skips_missing_traces(archive):
    sweep = archive.sweep(2, SweepPurpose.TRANSMISSION)
    assert sweep.traces.keys() == {"S21"}
    assert sweep.traces["S21"].tobytes() == archive.s[2, 0].tobytes()
    assert sweep.traces["S21"].dtype == np.complex64
    assert sweep.purpose is SweepPurpose.TRANSMISSION
    assert sweep.is_reference
    assert sweep.thermal_cycle == "b"


def test_sweep_takes_another_cavity_name(archive):
    with pytest.raises(MeasurementError, match="cavity"):
        archive.sweep(4)
    sweep = archive.sweep(4, cavity="cavity-4")
    assert sweep.cavity == "cavity-4"
    assert sweep.thermal_cycle is None


def test_rows_may_have_axes_of_their_own(archive):
    axes = np.stack([archive.frequency_hz + row for row in range(6)])
    own = replace(archive, frequency_hz=axes)
    assert np.array_equal(own.sweep(3).frequency_hz, archive.frequency_hz + 3)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("s", np.zeros((6, 2, 11))),
        ("s", np.zeros((6, 11), dtype=np.complex64)),
        ("s_parameters", ("S21",)),
        ("s_parameters", ("S21", "S21")),
        ("s_parameters", ("S21", "T21")),
        ("frequency_hz", np.linspace(4e9, 8e9, 10)),
        ("frequency_hz", np.linspace(8e9, 4e9, 11)),
        ("frequency_hz", np.full((6, 11), 1e9)),
        ("measured_at", np.full(6, np.nan)),
        ("measured_at", np.full(6, 1e300)),
        ("measured_at", np.zeros(5)),
        ("cavity", np.zeros(6)),
        ("temperature_k", np.array(["4"] * 6)),
        ("condition", np.zeros(6)),
        ("labels", {"rod": np.zeros(2)}),
    ],
)
def test_wrong_fields_are_named(archive, field, value):
    named = "label:rod" if field == "labels" else field
    with pytest.raises(MeasurementError, match=re.escape(named)):
        replace(archive, **{field: value})


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("temperature_k", np.array(["4"] * 6), "holds texts, needs real numbers"),
        ("cavity", np.zeros(6), "holds real numbers, needs texts"),
        (
            "condition",
            np.array(["a"] * 5),
            r"has shape \(5,\), .* each of the 6 sweeps",
        ),
        ("s", np.zeros((0, 2, 11), dtype=np.complex64), "holds no sweep"),
    ],
)
def test_what_a_wrong_field_needs_is_said(archive, field, value, sentence):
    with pytest.raises(MeasurementError, match=f"{field}: {sentence}"):
        replace(archive, **{field: value})


def test_missing_and_unknown_members_are_named(archive, tmp_path):
    path = tmp_path / "a.npz"
    write_archive(path, archive)
    with np.load(path) as members:
        arrays = dict(members)
    without = {key: value for key, value in arrays.items() if key != "thermal_cycle"}
    np.savez(tmp_path / "b.npz", **without)
    with pytest.raises(ForeignFileError, match="lacks thermal_cycle"):
        read_archive(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", **arrays, surprise=np.zeros(3))
    with pytest.raises(ForeignFileError, match="surprise"):
        read_archive(tmp_path / "c.npz")


def test_axis_that_falls_is_a_foreign_file_error(archive, tmp_path):
    path = tmp_path / "a.npz"
    write_archive(path, archive)
    with np.load(path) as members:
        arrays = dict(members)
    arrays["frequency_hz"] = arrays["frequency_hz"][::-1]
    np.savez(path, **arrays)
    with pytest.raises(ForeignFileError, match="rise strictly"):
        read_archive(path)


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"s.npy": b"not an array"}, "header"),
        ({"s.npy": b""}, "no readable header"),
        ({"s.txt": b"hello"}, "is no array"),
        ({f"m{i}.npy": b"" for i in range(1025)}, "1025 members"),
        ({"s.npy": _npy(np.array([{}]), allow_pickle=True)}, "only numbers"),
        ({"s.npy": _npy(np.zeros(2, dtype="datetime64[s]"))}, "only numbers"),
        ({"s.npy": _npy(np.array(["x" * 201]))}, "longer than 200"),
        (
            {
                "s.npy": _header(
                    "{'descr': '<c8', 'fortran_order': False, 'shape': (9000000000, 9)}"
                )
            },
            "promises",
        ),
        (
            {
                "s.npy": _header(
                    "{'descr': '<c8', 'fortran_order': True, 'shape': (2, 3)}"
                )
            },
            "C order",
        ),
        ({"s.npy": _header("{'descr': '<c8', 'shape': ((((((") + b"x"}, "header"),
        ({"s.npy": _header("__import__('os').getcwd()")}, "no readable header"),
        (
            {"s.npy": b"\x93NUMPY\x02\x00" + (2**31).to_bytes(4, "little") + b"x" * 9},
            "oversized header",
        ),
    ],
)
def test_hostile_members_are_refused(members, sentence):
    with pytest.raises(ForeignFileError, match=sentence):
        read_archive(_zip(members), "hostile.npz")


def test_bomb_is_refused_before_it_inflates():
    content = _zip({"s.npy": _npy(np.zeros(20_000_000, dtype=np.complex64))})
    assert len(content) < 1_000_000
    with pytest.raises(ForeignFileError, match="inflates to 160"):
        read_archive(content, "bomb.npz", max_bytes=64 * 1024**2)


def test_directory_that_lies_about_sizes_is_refused():
    content = bytearray(_zip({"s.npy": _npy(np.zeros(1000))}))
    # The central directory's uncompressed size stands 24 bytes into its entry.
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = (128 + 16).to_bytes(4, "little")
    with pytest.raises(ForeignFileError, match=r"promises 8000 bytes|readable"):
        read_archive(bytes(content), "liar.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello", b"\0" * 100])
def test_what_is_no_zip_is_refused(content):
    with pytest.raises(ForeignFileError, match="no readable"):
        read_archive(content, "x.npz")


def test_cut_archive_is_refused(archive, tmp_path):
    write_archive(tmp_path / "a.npz", archive)
    content = (tmp_path / "a.npz").read_bytes()
    with pytest.raises(ForeignFileError):
        read_archive(content[: len(content) // 2], "cut.npz")


def test_flipped_bits_are_refused(archive, tmp_path):
    write_archive(tmp_path / "a.npz", archive)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    at = content.index(b"s.npy") + 200
    content[at : at + 20] = bytes(255 - value for value in content[at : at + 20])
    with pytest.raises(ForeignFileError):
        read_archive(bytes(content), "flipped.npz")


def test_absent_file_is_named(tmp_path):
    with pytest.raises(ForeignFileError, match=r"none\.npz: No such file"):
        read_archive(tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("file", "sweeps"),
    [
        ("switch_fingerprint_campaign1.npz", 108),
        ("fridge_chain.npz", 90),
        ("resonator_temperature_12.npz", 510),
        ("notch_temperature.npz", 20),
    ],
)
def test_real_archives_read(reference_data, tmp_path, file, sweeps):
    archive = read_archive(reference_data / file)
    assert archive.sweep_count == sweeps
    assert archive.is_reference.any()
    assert archive.sweep(0).traces
    write_archive(tmp_path / "again.npz", archive)
    assert read_archive(tmp_path / "again.npz").s.tobytes() == archive.s.tobytes()
