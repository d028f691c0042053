"""A damaged spool file: what can be read of it goes on, the rest is set aside."""

import contextlib
import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.client import Spool

MIB = 1024 * 1024
PAGE_BYTES = 16_384
COUNT = 40
POINTS = 1_601


def opened(folder, clock):
    return contextlib.closing(Spool(folder, max_bytes=100 * MIB, clock=clock))


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
    return tmp_path_factory.mktemp("intact")


@pytest.fixture
def spool_file(intact, make_sweep, clock):
    """The bytes of a spool with forty sweeps, and their keys."""
    path = intact / "spool.sqlite3"
    if not path.exists():
        with opened(intact, clock) as spool:
            for number in range(COUNT):
                spool.put(make_sweep(number, point_count=POINTS))
    keys = [make_sweep(number, point_count=POINTS).key() for number in range(COUNT)]
    return path.read_bytes(), keys


def drained(spool):
    keys = []
    for _ in range(COUNT + 1):
        batch = spool.next_batch(max_count=5)
        spool.confirm(batch)
        keys += [spooled.key for spooled in batch]
    assert spool.next_batch() == []
    return keys


@given(page=st.integers(0, 60), seed=st.integers(0, 2**32 - 1), length=st.data())
def test_a_damaged_page_costs_its_sweeps_only(
    spool_file, make_sweep, clock, tmp_path_factory, page, seed, length
):
    content, keys = spool_file
    page %= len(content) // PAGE_BYTES
    size = length.draw(st.sampled_from([16, 512, PAGE_BYTES]))
    start = page * PAGE_BYTES
    noise = np.random.default_rng(seed).bytes(size)
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "spool.sqlite3").write_bytes(
        content[:start] + noise + content[start + size :]
    )
    with opened(folder, clock) as spool:
        assert spool.put(make_sweep(1000))
        found = drained(spool)
        assert found[-1] == make_sweep(1000).key()
        survivors = found[:-1]
        assert survivors == [key for key in keys if key in set(survivors)]
        # The first page holds the list of tables, the next ones the index of keys.
        if page > 6:
            assert len(survivors) >= COUNT // 2


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_file_that_was_cut_short_opens(
    spool_file, make_sweep, clock, tmp_path, share, caplog
):
    content, keys = spool_file
    (tmp_path / "spool.sqlite3").write_bytes(content[: int(share * len(content))])
    with caplog.at_level(logging.ERROR), opened(tmp_path, clock) as spool:
        assert spool.put(make_sweep(1000))
        found = drained(spool)
    assert found[-1] == make_sweep(1000).key()
    assert set(found[:-1]) <= set(keys)
    aside = [path.name for path in tmp_path.iterdir() if ".broken-" in path.name]
    assert len(aside) == (1 if share else 0)
    told = [one.message for one in caplog.records if "was damaged" in one.message]
    assert len(told) == len(aside)
    if aside:
        assert aside[0] in told[0]


def test_a_file_that_is_something_else_is_set_aside(tmp_path, clock, make_sweep):
    foreign = b"something else entirely" * 1000
    (tmp_path / "spool.sqlite3").write_bytes(foreign)
    with opened(tmp_path, clock) as spool:
        assert spool.put(make_sweep())
        assert spool.state().depth == 1
    (aside,) = tmp_path.glob("spool.sqlite3.broken-*")
    assert aside.read_bytes() == foreign


def test_a_file_that_breaks_while_it_is_open_is_replaced(tmp_path, clock, make_sweep):
    with opened(tmp_path, clock) as spool:
        for number in range(COUNT):
            spool.put(make_sweep(number, point_count=POINTS))
    with opened(tmp_path, clock) as spool:
        size = spool.path.stat().st_size
        with spool.path.open("r+b") as file:
            file.seek(size // 2 // PAGE_BYTES * PAGE_BYTES)
            file.write(b"\xff" * (size // 4))
        found = drained(spool)
        assert 0 < len(found) < COUNT
        assert spool.put(make_sweep(1000))
