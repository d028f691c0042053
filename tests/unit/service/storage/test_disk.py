"""The watermark looks at the real disk, now and then."""

import shutil

import pytest

from service.errors import DiskFullError
from service.storage.disk import LOOK_S, DiskGuard


def test_room_is_looked_at_once_a_second(tmp_path, clock, monkeypatch):
    looks = []
    real = shutil.disk_usage

    def counted(folder):
        looks.append(folder)
        return real(folder)

    monkeypatch.setattr(shutil, "disk_usage", counted)
    guard = DiskGuard(tmp_path / "halowatch.sqlite", 1, clock)
    for _ in range(5):
        guard.check()
    assert looks == [tmp_path]
    clock.step(LOOK_S)
    guard.check()
    assert len(looks) == 2


def test_too_little_room_is_one_sentence(tmp_path, clock):
    guard = DiskGuard(tmp_path / "halowatch.sqlite", 2**62, clock)
    with pytest.raises(DiskFullError, match="HALOWATCH_DISK_FREE_BYTES") as caught:
        guard.check()
    assert caught.value.retry_after_s == 30


def test_what_cannot_be_looked_at_is_not_refused(tmp_path, clock):
    DiskGuard(tmp_path / "away" / "halowatch.sqlite", 2**62, clock).check()
    DiskGuard(None, 2**62, clock).check()
