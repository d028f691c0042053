"""What goes past the page cache is in the file, where it was said to be."""

import errno
import os
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import StorageUnavailableError
from service.storage import direct_writing
from service.storage.direct_writing import (
    BLOCK_BYTES,
    DIRECT_BYTES,
    STAGING_BYTES,
    DirectWriter,
)
from service.storage.packs import HEADER, PackFolder

pytestmark = pytest.mark.skipif(
    not hasattr(os, "O_DIRECT"), reason="this system writes through its cache alone"
)


@pytest.fixture
def packs(tmp_path):
    folder = PackFolder(tmp_path / "home.packs")
    yield folder
    folder.close()


def group(number: int, *sizes: int) -> list[tuple[str, bytes]]:
    return [
        (str(uuid.UUID(int=1000 * number + at)), os.urandom(size))
        for at, size in enumerate(sizes)
    ]


LONG = (DIRECT_BYTES // 2, 77, DIRECT_BYTES // 2 + 1)


@given(
    st.lists(st.integers(1, 3 * STAGING_BYTES // 2), min_size=1, max_size=4),
    st.integers(0, 3),
)
def test_parts_stand_behind_each_other(tmp_path_factory, sizes, block):
    path = tmp_path_factory.mktemp("direct") / "file"
    before = os.urandom(block * BLOCK_BYTES)
    path.write_bytes(before)
    parts = [os.urandom(size) for size in sizes]
    assert DirectWriter().write(path, parts, len(before))
    data = path.read_bytes()
    assert len(data) % BLOCK_BYTES == 0
    assert data.rstrip(b"\0") == (before + b"".join(parts)).rstrip(b"\0")


def test_large_and_small_groups_stand_in_one_pack(packs):
    wanted = {}
    for number in range(4):
        for blobs in (group(2 * number, 300, 5), group(2 * number + 1, *LONG)):
            places = packs.append("2026-01", blobs)
            for (sweep_id, blob), place in zip(blobs, places, strict=True):
                wanted[sweep_id] = place, blob
            assert packs.size_bytes("2026-01") >= places[-1].position + len(blob)
    for sweep_id, (place, blob) in wanted.items():
        assert packs.read(sweep_id, place) == blob
    used = sum(HEADER.size + len(blob) for _, blob in wanted.values())
    assert packs.size_bytes("2026-01") - used < 4 * 2 * BLOCK_BYTES


def test_large_groups_are_synced_past_the_cache(packs, monkeypatch):
    flags, synced = [], []
    opened, sync = os.open, os.fdatasync

    def note_open(path, mode, *more, **options):
        flags.append(mode & os.O_DIRECT)
        return opened(path, mode, *more, **options)

    def note_sync(file):
        synced.append(packs.size_bytes("2026-01"))
        sync(file)

    monkeypatch.setattr(os, "open", note_open)
    monkeypatch.setattr(os, "fdatasync", note_sync)
    packs.append("2026-01", group(1, *LONG))
    assert flags[-1] == os.O_DIRECT
    assert synced == [packs.size_bytes("2026-01")]
    assert synced[0] > DIRECT_BYTES


@pytest.mark.parametrize("refuse", ["open", "pwrite"])
def test_where_it_is_refused_the_cache_is_used(packs, monkeypatch, refuse):
    real = getattr(os, refuse)

    def refusing(*arguments, **options):
        if refuse == "pwrite" or arguments[1] & os.O_DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(*arguments, **options)

    packs.append("2026-01", group(1, 7))
    monkeypatch.setattr(os, refuse, refusing)
    for number in (2, 3):
        blobs = group(number, *LONG)
        places = packs.append("2026-01", blobs)
        for (sweep_id, blob), place in zip(blobs, places, strict=True):
            assert packs.read(sweep_id, place) == blob
    # It is asked once.
    assert places[0].position % BLOCK_BYTES != 0


def test_a_disk_that_is_full_in_the_middle_leaves_nothing(packs, monkeypatch):
    packs.append("2026-01", group(1, 7))
    before = packs.size_bytes("2026-01")
    real = os.pwrite

    def half(file, data, position):
        if position > before + STAGING_BYTES:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data[: max(len(data) // 2, BLOCK_BYTES)], position)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", half)
        with pytest.raises(StorageUnavailableError, match="No space left"):
            packs.append("2026-01", group(2, 2 * STAGING_BYTES))
    assert packs.size_bytes("2026-01") == before
    blobs = group(3, *LONG)
    for (sweep_id, blob), place in zip(
        blobs, packs.append("2026-01", blobs), strict=True
    ):
        assert packs.read(sweep_id, place) == blob


def test_a_system_without_it_is_not_asked(packs, monkeypatch):
    monkeypatch.setattr(direct_writing, "_DIRECT_FLAG", 0)
    assert DirectWriter().begin(0, 10 * DIRECT_BYTES) is None
