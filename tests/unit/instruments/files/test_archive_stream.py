import numpy as np
import pytest

from instruments.files.archive import read_archive
from instruments.files.archive_stream import ArchiveStream, ArchiveTooLargeError

AXIS_HZ = np.linspace(4e9, 8e9, 21)
NAMES = ("S21", "S11")


def block(count, value):
    return np.full((count, 2, 21), value, np.complex64)


def labels(count):
    return {
        "cavity": np.full(count, "cavity-1"),
        "thermal_cycle": np.full(count, "first"),
        "measured_at": 1.7e9 + np.arange(count),
        "is_reference": np.arange(count) == 0,
    }


def open_stream(path, count=5, axis_hz=AXIS_HZ):
    return ArchiveStream(
        path, frequency_hz=axis_hz, s_parameters=NAMES, sweep_count=count
    )


def write(path):
    with open_stream(path) as stream:
        stream.append(block(3, 1.0 + 2.0j))
        stream.append(block(2, 3.0))
        stream.finish(labels(5))


def test_blocks_come_back_as_one_archive(tmp_path):
    path = tmp_path / "a.npz"
    write(path)
    archive = read_archive(path)
    assert archive.s.shape == (5, 2, 21)
    assert (archive.s[:3] == 1.0 + 2.0j).all()
    assert (archive.s[3:] == 3.0).all()
    np.testing.assert_array_equal(archive.frequency_hz, AXIS_HZ)
    assert archive.s_parameters == NAMES
    assert archive.is_reference.tolist() == [True, False, False, False, False]


def test_same_content_gives_same_bytes(tmp_path):
    write(tmp_path / "a.npz")
    write(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def fill(path, blocks):
    with open_stream(path) as stream:
        for one in blocks:
            stream.append(one)
        stream.finish(labels(5))


def test_what_is_not_finished_leaves_nothing(tmp_path):
    with open_stream(tmp_path / "a.npz") as stream:
        stream.append(block(3, 1.0))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([block(6, 1.0)], "more than the 5 promised"),
        ([block(4, 1.0)], "4 of the 5 promised"),
        ([np.ones((5, 1, 21), np.complex64)], "a block is complex64 of shape"),
        ([block(5, 1.0).astype(np.complex128)], "a block is complex128"),
    ],
)
def test_blocks_that_do_not_fit_are_refused(tmp_path, blocks, expected):
    with pytest.raises(ValueError, match=expected):
        fill(tmp_path / "a.npz", blocks)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_nobody_could_read_is_refused(tmp_path):
    axis_hz = np.linspace(4e9, 8e9, 200_001)
    with pytest.raises(ArchiveTooLargeError, match="ask for fewer sweeps"):
        open_stream(tmp_path / "a.npz", count=10_000, axis_hz=axis_hz)
    assert list(tmp_path.iterdir()) == []
