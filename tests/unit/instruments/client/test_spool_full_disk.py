"""A full disk: the oldest sweeps are kept, the newest refused, and it drains again."""

import contextlib
import subprocess
import sys

import pytest

from instruments.client import Spool, SpoolFullError

MIB = 1024 * 1024
DISK_BYTES = 12 * MIB
POINTS = 10_001


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 12 MiB of this test's own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False, timeout=30)
    except OSError as error:
        pytest.skip(f"no mount: {error}")
    if done.returncode != 0:
        pytest.skip(f"no small disk here: {done.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True, timeout=30)


@pytest.fixture
def spool(small_disk, clock):
    with contextlib.closing(
        Spool(small_disk / "spool", max_bytes=1000 * MIB, clock=clock)
    ) as spool:
        yield spool


def fill(spool, make_sweep, first=0):
    """Put sweeps until one is refused; returns how many were taken."""
    for number in range(first, first + 1000):
        try:
            spool.put(make_sweep(number, point_count=POINTS))
        except SpoolFullError as error:
            return number - first, str(error)
    return pytest.fail("the disk never filled")


def drain(spool):
    keys = []
    while batch := spool.next_batch(max_count=7):
        keys += [spooled.key for spooled in batch]
        spool.confirm(batch)
    return keys


def test_a_full_disk_keeps_the_oldest_and_drains_and_takes_again(spool, make_sweep):
    count, sentence = fill(spool, make_sweep)
    assert count >= 10
    assert "takes no more sweeps" in sentence
    assert "free space on its disk" in sentence
    for number in range(count + 1, count + 4):
        with pytest.raises(SpoolFullError):
            spool.put(make_sweep(number, point_count=POINTS))
    state = spool.state()
    assert state.is_refusing
    assert state.refused_total == 4
    assert state.last_error == sentence
    assert state.depth == count
    assert state.max_bytes < DISK_BYTES
    expected = [make_sweep(n, point_count=POINTS).key() for n in range(count)]
    assert drain(spool) == expected
    assert spool.put(make_sweep(count, point_count=POINTS))
    state = spool.state()
    assert not state.is_refusing
    assert state.enqueued_total == count + 1


def test_a_disk_that_others_filled_still_drains(spool, small_disk, make_sweep):
    for number in range(5):
        spool.put(make_sweep(number, point_count=POINTS))
    foreign = small_disk / "foreign"
    with contextlib.suppress(OSError), foreign.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096) == 4096:
            pass
    fill(spool, make_sweep, first=5)
    kept = spool.state().depth
    assert kept >= 5
    assert len(drain(spool)) == kept
    foreign.unlink()
    assert spool.put(make_sweep(600, point_count=POINTS))
    spool.confirm(spool.next_batch())
    assert (small_disk / "spool" / "spool.reserve").stat().st_size >= 4 * MIB


def test_a_spool_opens_on_a_full_disk(spool, small_disk, make_sweep, clock):
    count, _ = fill(spool, make_sweep)
    spool.close()
    with contextlib.closing(
        Spool(small_disk / "spool", max_bytes=1000 * MIB, clock=clock)
    ) as again:
        assert again.state().depth == count
        assert len(drain(again)) == count


LIMITED = """
import resource, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
import numpy as np
from instruments.client import Spool, SpoolFullError
from instruments.clock import SystemClock
from instruments.measurement import Sweep, SweepPurpose

def sweep(number):
    return Sweep(
        cavity="cavity-1",
        measured_at=datetime(2026, 1, 31, tzinfo=UTC) + timedelta(seconds=number),
        purpose=SweepPurpose.WIDE,
        frequency_hz=np.linspace(4e9, 8e9, 5001),
        traces={"S21": np.full(5001, number + 1j, np.complex64)},
    )

spool = Spool(Path(sys.argv[1]), max_bytes=10**9, clock=SystemClock())
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (6 * 2**20, hard))
taken = 0
try:
    for number in range(500):
        spool.put(sweep(number))
        taken += 1
except SpoolFullError as error:
    print(error)
else:
    sys.exit("it never filled")
refused = 0
for number in range(1000, 1003):
    try:
        spool.put(sweep(number))
    except SpoolFullError:
        refused += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert spool.put(sweep(2000)), "no room after the limit was lifted"
keys = []
while batch := spool.next_batch():
    keys += [one.key for one in batch]
    spool.confirm(batch)
expected = [sweep(number).key() for number in range(taken)] + [sweep(2000).key()]
assert keys == expected, (len(keys), taken)
print(taken, refused)
"""


def test_a_limit_on_file_size_is_a_full_disk_that_can_be_lifted(tmp_path, root):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=root,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    sentence, counts = done.stdout.strip().splitlines()
    assert "takes no more sweeps" in sentence
    taken, refused = map(int, counts.split())
    assert taken > 5
    assert refused == 3
