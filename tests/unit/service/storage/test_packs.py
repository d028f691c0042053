"""Blobs come back as they were written, or the reader says what is wrong."""

import os
import threading
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import StorageUnavailableError
from service.storage.packs import HEADER, PackedBlob, PackFolder


@pytest.fixture
def packs(tmp_path):
    folder = PackFolder(tmp_path / "home.packs")
    yield folder
    folder.close()


def name(number: int) -> str:
    return str(uuid.UUID(int=number))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=700), st.integers(1, 99))
def test_what_is_appended_comes_back(tmp_path_factory, blobs, seed):
    packs = PackFolder(tmp_path_factory.mktemp("packs") / "p")
    named = [(name(seed + at), blob) for at, blob in enumerate(blobs)]
    places = packs.append("2026-01", named[::2]) + packs.append("2026-01", named[1::2])
    for (sweep_id, blob), place in zip(named[::2] + named[1::2], places, strict=True):
        assert packs.read(sweep_id, place) == blob
    assert packs.size_bytes("2026-01") == sum(HEADER.size + len(b) for b in blobs)
    packs.close()


def test_damage_is_told_apart(packs):
    first, second = packs.append("2026-01", [(name(1), b"one"), (name(2), b"two")])
    with pytest.raises(ValueError, match="has no blob of"):
        packs.read(name(2), first)
    with pytest.raises(ValueError, match="ends before"):
        packs.read(name(2), PackedBlob("2026-01", second.position, 4))
    path = packs.folder / "2026-01.pack"
    data = bytearray(path.read_bytes())
    data[second.position + HEADER.size] ^= 1
    path.write_bytes(data)
    assert packs.read(name(1), first) == b"one"
    with pytest.raises(ValueError, match="is damaged"):
        packs.read(name(2), second)


def test_a_tail_that_a_crash_left_is_passed_over(packs):
    (first,) = packs.append("2026-01", [(name(1), b"one")])
    with (packs.folder / "2026-01.pack").open("ab") as file:
        file.write(b"HWS1 half a header")
    (second,) = packs.append("2026-01", [(name(2), b"two")])
    assert packs.read(name(1), first) == b"one"
    assert packs.read(name(2), second) == b"two"


def test_a_pack_that_was_removed_is_said_to_be_gone(packs):
    (place,) = packs.append("2026-01", [(name(1), b"one")])
    (packs.folder / "2026-01.pack").unlink()
    with pytest.raises(StorageUnavailableError, match=r"2026-01\.pack.*gone"):
        packs.read(name(1), place)
    (again,) = packs.append("2026-01", [(name(2), b"two")])
    assert packs.read(name(2), again) == b"two"


def test_a_missing_home_is_not_made_anew(tmp_path):
    packs = PackFolder(tmp_path / "away" / "home.packs")
    with pytest.raises(StorageUnavailableError, match="No such file"):
        packs.append("2026-01", [(name(1), b"one")])


def test_a_full_disk_leaves_nothing_half_written(packs, monkeypatch):
    packs.append("2026-01", [(name(1), b"one")])
    before = packs.size_bytes("2026-01")
    real = os.writev

    def half(file, buffers):
        real(file, buffers[:1])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "writev", half)
        with pytest.raises(StorageUnavailableError, match="No space left"):
            packs.append("2026-01", [(name(2), b"two")])
    assert packs.size_bytes("2026-01") == before
    (place,) = packs.append("2026-01", [(name(2), b"two")])
    assert packs.read(name(2), place) == b"two"


@pytest.mark.parametrize("pack", ["../x", "", "A", "a/b"])
def test_a_name_that_leaves_the_folder_is_refused(packs, pack):
    with pytest.raises(ValueError, match="no name of a pack"):
        packs.append(pack, [(name(1), b"one")])


def test_many_packs_do_not_keep_many_files_open(packs):
    places = {}
    for month in range(1, 13):
        pack = f"2026-{month:02d}"
        (places[month],) = packs.append(pack, [(name(month), pack.encode())])
    assert len(packs._open) <= 8
    for month, place in places.items():
        assert packs.read(name(month), place) == place.pack.encode()
    assert len(packs.list()) == 12
    packs.unlink("2026-01")
    assert len(packs.list()) == 11


def test_closing_ends_the_thread_and_a_later_append_is_kept(packs):
    before = set(threading.enumerate())
    (first,) = packs.append("2026-01", [(name(1), b"one")])
    assert set(threading.enumerate()) > before
    packs.close()
    assert set(threading.enumerate()) <= before
    (second,) = packs.append("2026-01", [(name(2), b"two")])
    assert packs.read(name(1), first) == b"one"
    assert packs.read(name(2), second) == b"two"
    packs.close()
    assert set(threading.enumerate()) <= before


def test_what_is_under_way_while_the_folder_is_closed_is_kept(packs):
    with packs.appending("2026-01", [(name(1), b"one")]) as places:
        packs.close()
    assert packs.read(name(1), places[0]) == b"one"
