"""Retention goes on past damage, tells of it, and a backup mends it in place."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from service.cli import main
from service.operations.preparing import SweepPreparer
from service.operations.retaining import retain
from service.storage.damage import find_damage
from service.storage.engine import Database
from service.storage.identifiers import TimeOrderedIds
from service.storage.quantising import QUANTISED_ALONE, QUANTISED_LEANING
from service.storage.retention import set_keep
from service.storage.samples import ORIGINALS
from service.storage.sweeps import insert_sweeps

from .test_backup import TOOLS
from .test_leaning_samples import (
    codecs,
    flip,
    leaners,
    load,
    store,
    sweeps_of_one_state,
)

DAY_S = 86_400.0
COUNT, POINTS = 12, 101


@pytest.fixture
def stored(database, clock, make_sweep) -> dict:
    """Sweeps of one state, all of one month; id to samples."""
    return store(database, clock, make_sweep, sweeps_of_one_state(COUNT, POINTS, 7))


@pytest.fixture
def run(database, monkeypatch):
    """Run ``halowatch db`` on the database."""
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("HALOWATCH_DATABASE_URL", url)
    monkeypatch.setenv("HALOWATCH_POSTGRESQL_TOOLS", TOOLS)
    return lambda *words: CliRunner().invoke(main, ["db", *map(str, words)])


def thin(database: Database, config, clock):
    clock.step(40 * DAY_S)
    return retain(database, replace(config, original_keep_s=DAY_S), clock.now())


def expire(database: Database, config, clock):
    clock.step(40 * DAY_S)
    return retain(database, replace(config, sample_keep_s=DAY_S), clock.now())


def assert_whole(database: Database, samples: dict) -> None:
    with database.read() as transaction:
        assert find_damage(transaction).damages == []
    for sweep_id, trace in samples.items():
        assert load(database, sweep_id).tobytes() == trace.tobytes()


def test_thinning_goes_on_past_a_damaged_sweep_and_says_so(
    config, clock, stored, database, run
):
    ids = list(stored)
    flip(database, ids[4], 40)
    report = thin(database, config, clock)
    assert (report.thinned_months, report.damaged_sweep_count) == (("2026-01",), 1)
    left = codecs(database, ids)
    assert left.pop(4) in ORIGINALS
    assert set(left) <= {QUANTISED_ALONE, QUANTISED_LEANING}
    failed = run("check")
    assert failed.exit_code == 1
    assert f"the blob of {ids[4]}" in failed.stderr
    # Nothing more is found, and nothing twice.
    assert thin(database, config, clock).damaged_sweep_count == 1
    flip(database, ids[4], 40)
    assert thin(database, config, clock).damaged_sweep_count == 0


@pytest.mark.parametrize("is_thinned", [False, True])
def test_samples_go_and_a_kept_sweep_that_is_damaged_stays(
    config, clock, stored, database, run, tmp_path, is_thinned
):
    ids = list(stored)
    if is_thinned:
        thin(database, config, clock)
    kept, sound = ids[5], ids[7]
    was = {one: load(database, one) for one in (kept, sound)}
    assert run("backup", tmp_path / "backup").exit_code == 0
    # Where it is rounded, what it leans on is damaged, and goes with its month.
    flip(database, ids[0] if is_thinned else kept, 40)
    with database.write() as transaction:
        for one in was:
            set_keep(transaction, one, keep=True)
    report = expire(database, config, clock)
    assert report.expired_months == ("2026-01",)
    assert report.damaged_sweep_count == (2 if is_thinned else 1)
    there = [it for it, codec in zip(ids, codecs(database, ids), strict=True) if codec]
    assert there == [kept, sound]
    mended = run("restore", "--damaged", tmp_path / "backup", "--json")
    assert mended.exit_code == 0, mended.stderr
    told = json.loads(mended.stdout)
    assert told == {"mended": [kept, sound] if is_thinned else [kept], "left": []}
    assert_whole(database, was)
    assert expire(database, config, clock).damaged_sweep_count == 0
    there = [it for it, codec in zip(ids, codecs(database, ids), strict=True) if codec]
    assert there == [kept, sound]
    if database.packs is not None:
        assert database.packs.list() == ["kept"]


def test_what_is_damaged_comes_back_with_all_that_leans_on_it(
    config, clock, stored, database, run, tmp_path
):
    """The backup holds originals: other bytes than what the rest leans on."""
    ids, backup = list(stored), tmp_path / "backup"
    assert run("backup", backup).exit_code == 0
    thin(database, config, clock)
    rounded = {one: load(database, one) for one in ids}
    done = run("restore", "--damaged", backup)
    assert (done.exit_code, done.stdout) == (0, "0 sweeps can be read again\n")
    assert_whole(database, rounded)
    lost = {ids[0], *leaners(database, ids[1:], ids[0])}
    assert len(lost) > 5
    flip(database, ids[0], 40)
    mended = run("restore", "--damaged", backup, "--json")
    assert mended.exit_code == 0, mended.stderr
    assert json.loads(mended.stdout) == {"mended": sorted(lost), "left": []}
    assert_whole(database, rounded | {one: stored[one] for one in lost})
    # The backup is as it was.
    assert run("restore", "--check", backup).exit_code == 0
    assert run("restore", "--damaged", "--replace", backup).exit_code == 2


def test_what_came_after_the_backup_needs_the_very_bytes(
    config, clock, stored, database, run, tmp_path, make_sweep
):
    """A sweep that the backup lacks leans on one that it holds as an original."""
    ids = list(stored)
    assert run("backup", tmp_path / "early").exit_code == 0
    clock.step(60.0)
    late = make_sweep(
        traces={"S21": stored[ids[0]]},
        measured_at=clock.now(),
        frequency_hz=np.linspace(4e9, 8e9, POINTS),
    )
    prepared = SweepPreparer(clock, TimeOrderedIds(clock)).prepare(late)
    with database.write() as transaction:
        insert_sweeps(transaction, [prepared])
    thin(database, config, clock)
    rounded = {one: load(database, one) for one in [*ids, prepared.sweep_id]}
    assert codecs(database, [prepared.sweep_id]) == [QUANTISED_LEANING]
    assert run("backup", tmp_path / "late").exit_code == 0
    flip(database, ids[0], 40)
    failed = run("restore", "--damaged", tmp_path / "early")
    assert failed.exit_code == 1
    assert "early does not hold what" in failed.stderr
    assert run("restore", "--damaged", tmp_path / "late").exit_code == 0
    assert_whole(database, rounded)
