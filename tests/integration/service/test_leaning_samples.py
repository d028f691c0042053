"""Thinned sweeps lean on one before them, and none is left behind without it."""

import json
from datetime import timedelta

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from service.cli import main
from service.operations.preparing import SweepPreparer
from service.storage import tables
from service.storage.cavities import put_cavity
from service.storage.damage import find_damage
from service.storage.identifiers import TimeOrderedIds
from service.storage.months import name_month
from service.storage.packs import HEADER
from service.storage.payloads import delete_payloads, describe_payload, read_payloads
from service.storage.quantising import QUANTISED_ALONE, QUANTISED_LEANING, leans_on
from service.storage.retention import expire, set_keep
from service.storage.sweep_queries import get_sweep, load_sweep
from service.storage.sweeps import insert_sweeps
from service.storage.thinning import LOOK_BACK, thin

from .test_backup import TOOLS

POINTS = 301
COUNT = LOOK_BACK + 4
ROUNDED = {QUANTISED_ALONE, QUANTISED_LEANING}


def sweeps_of_one_state(count: int, points: int, seed: int) -> list[np.ndarray]:
    """Make samples whose echoes no neighbours foretell."""
    rng = np.random.default_rng(seed)

    def both() -> np.ndarray:
        return rng.standard_normal(points) + 1j * rng.standard_normal(points)

    state = np.fft.fft(both() * np.exp(-np.linspace(0.0, 5.0, points)) / 20.0)
    return [(state + 1e-3 * both()).astype(np.complex64) for _ in range(count)]


def store(database, clock, make_sweep, traces) -> dict[str, np.ndarray]:
    preparer = SweepPreparer(clock, TimeOrderedIds(clock))
    found, prepared = {}, []
    for trace in traces:
        clock.step(60.0)
        sweep = make_sweep(
            traces={"S21": trace},
            measured_at=clock.now(),
            frequency_hz=np.linspace(4e9, 8e9, trace.size),
        )
        prepared.append(preparer.prepare(sweep))
        found[prepared[-1].sweep_id] = trace
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, clock.now())
        insert_sweeps(transaction, prepared)
    return found


@pytest.fixture
def stored(database, clock, make_sweep) -> dict[str, np.ndarray]:
    """Sweeps of one state, id to samples."""
    traces = sweeps_of_one_state(COUNT, POINTS, 3)
    return store(database, clock, make_sweep, traces)


@pytest.fixture
def thinned(database, clock, stored) -> dict[str, np.ndarray]:
    """The same, rounded, five a transaction; id to rounded samples."""
    after, month = "", name_month(clock.now())
    while True:
        with database.write() as transaction:
            after, _ = thin(transaction, month, after, 5)
        if not after:
            return {one: load(database, one) for one in stored}


def load(database, sweep_id: str) -> np.ndarray:
    with database.read() as transaction:
        record = get_sweep(transaction, sweep_id)
        return load_sweep(transaction, record).traces["S21"]


def codecs(database, ids) -> list[int | None]:
    with database.read() as transaction:
        stored = [describe_payload(transaction, one) for one in ids]
    return [None if one is None else one[0] for one in stored]


def test_one_in_so_many_leans_on_none_and_all_come_back(database, stored, thinned):
    is_leaning = [one == QUANTISED_LEANING for one in codecs(database, stored)]
    # Within one transaction the one before is at hand, else it is looked for.
    assert not is_leaning[0]
    assert all(is_leaning[1:LOOK_BACK])
    assert not all(is_leaning[LOOK_BACK:])
    with database.read() as transaction:
        payloads = read_payloads(transaction, list(stored))
    for one in payloads:
        error = thinned[one.sweep_id] - stored[one.sweep_id]
        assert one.noise["S21"] == pytest.approx(1e-3, rel=0.25)
        assert np.abs(error).max() < one.noise["S21"]
    leaning = [one for one in payloads if one.codec == QUANTISED_LEANING]
    assert np.mean([len(one.blob) for one in leaning]) < 0.14 * 8 * POINTS


def test_what_is_kept_stands_alone_before_what_it_leans_on_goes(
    database, clock, thinned
):
    kept = list(thinned)[7]
    with database.write() as transaction:
        assert set_keep(transaction, kept, keep=True)
    after, month = "", name_month(clock.now())
    while True:
        with database.write() as transaction:
            after, _ = expire(transaction, month, after, 3)
        left = [
            one
            for one, codec in zip(thinned, codecs(database, thinned), strict=True)
            if codec is not None
        ]
        # Whenever it is interrupted, what is left can be read.
        for one in left:
            assert load(database, one).tobytes() == thinned[one].tobytes()
        if not after:
            break
    assert left == [kept]
    assert codecs(database, [kept]) == [QUANTISED_ALONE]


def test_a_sweep_that_leans_on_nothing_any_more_says_so(database, thinned):
    first, *others = thinned
    with database.write() as transaction:
        delete_payloads(transaction, [first])
    with pytest.raises(ValueError, match=f"the samples of {first} .* are gone"):
        load(database, others[0])
    with database.read() as transaction:
        (damage,) = find_damage(transaction).damages
    assert damage.reason == f"the blob of {first} is gone"
    assert damage.leaning == leaners(database, others, first)


def leaners(database, ids, basis: str) -> list[str]:
    with database.read() as transaction:
        payloads = read_payloads(transaction, list(ids))
    return [
        one.sweep_id
        for one in payloads
        if one.codec == QUANTISED_LEANING and leans_on(one.blob) == basis
    ]


def flip(database, sweep_id: str, at: int) -> None:
    """Flip a bit of stored samples, where they lie."""
    column = tables.sweep_payload.c
    where = select(tables.sweep_payload).where(column.sweep_id == sweep_id)
    with database.write() as transaction:
        row = transaction.execute(where).one()
        if database.packs is None:
            transaction.exec_driver_sql(
                "UPDATE sweep_payload SET payload = set_byte(payload, %(at)s, "
                "get_byte(payload, %(at)s) # 1) WHERE sweep_id = %(id)s",
                {"at": at, "id": sweep_id},
            )
            return
    with (database.packs.folder / f"{row.pack}.pack").open("rb+") as file:
        file.seek(row.position + HEADER.size + at)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))


def test_a_byte_that_flips_is_found_with_all_that_it_takes_along(database, thinned):
    first, *others = thinned
    lost = leaners(database, others, first)
    assert len(lost) >= LOOK_BACK - 1
    with database.read() as transaction:
        assert find_damage(transaction).damages == []
        (payload,) = read_payloads(transaction, [first])
    for at in np.linspace(0, len(payload.blob) - 1, 7).astype(int).tolist():
        flip(database, first, at)
        with database.read() as transaction:
            report = find_damage(transaction)
        (damage,) = report.damages
        assert (damage.sweep_id, damage.leaning) == (first, lost)
        assert report.is_whole
        assert report.sweep_ids == [first, *lost]
        for one in (first, lost[0]):
            with pytest.raises(ValueError, match=f"the blob of {first}.* is damaged"):
                load(database, one)
        flip(database, first, at)
    assert load(database, lost[-1]).tobytes() == thinned[lost[-1]].tobytes()


@pytest.mark.parametrize("has_backup", [True, False])
def test_the_command_names_them_and_the_backup_that_holds_them(
    database, thinned, tmp_path, monkeypatch, has_backup
):
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("HALOWATCH_DATABASE_URL", url)
    monkeypatch.setenv("HALOWATCH_POSTGRESQL_TOOLS", TOOLS)
    runner, (first, *others) = CliRunner(), thinned
    sound, later = str(tmp_path / "sound"), str(tmp_path / "later")
    if has_backup:
        assert runner.invoke(main, ["db", "backup", sound]).exit_code == 0
    lost = leaners(database, others, first)
    flip(database, first, 40)
    # What is damaged is copied as it is, so that nothing else is lost, and told.
    made = runner.invoke(main, ["db", "backup", later])
    assert made.exit_code == 1
    assert f"samples of {1 + len(lost)} sweeps in it are damaged" in made.stderr
    failed = runner.invoke(main, ["db", "check"])
    assert failed.exit_code == 1
    (sentence,) = failed.stderr.strip().splitlines()
    assert f"the blob of {first}" in sentence
    assert f"takes {len(lost)} sweeps that lean on it along: " in sentence
    assert ", ".join(lost) in sentence
    mend = f"restore --damaged {sound}, " if has_backup else "no backup that this"
    assert mend in sentence
    told = json.loads(runner.invoke(main, ["db", "check", "--json"]).stdout)
    assert told["damaged_sweeps"] == [first, *lost]
    assert told["backup"] == (sound if has_backup else None)
    database.close()
    assert runner.invoke(main, ["db", "restore", "--check", later]).exit_code == 1
    for folder, status in ((later, 1), (sound, 0))[: 1 + has_backup]:
        put = runner.invoke(main, ["db", "restore", "--replace", folder])
        assert put.exit_code == status, put.stderr
        assert runner.invoke(main, ["db", "check"]).exit_code == status


def test_a_look_that_runs_out_of_time_says_so(database, thinned):
    del thinned
    with database.read() as transaction:
        report = find_damage(transaction, lambda: True)
    assert (report.damages, report.looked_at_count) == ([], 0)
    assert not report.is_whole


STEPS = st.one_of(
    st.tuples(st.sampled_from([thin, expire]), st.integers(1, 9)),
    st.tuples(st.sampled_from(["keep", "restart"]), st.integers(0, 19)),
)


# Examples that fail are not made smaller: over a database that takes minutes.
@settings(max_examples=8, deadline=None, phases=[Phase.generate])
@given(st.integers(6, 20), st.lists(STEPS, max_size=8), st.integers(1, 9))
def test_nothing_is_ever_left_behind_without_what_it_leans_on(
    database, clock, make_sweep, count, steps, batch
):
    """Whatever is rounded, kept, dropped and interrupted, in whatever order."""
    clock.step(timedelta(days=31).total_seconds())
    traces = sweeps_of_one_state(count, 65, 5)
    stored = store(database, clock, make_sweep, traces)
    ids, month, after = list(stored), name_month(clock.now()), {thin: "", expire: ""}
    with database.write() as transaction:
        after[thin], _ = thin(transaction, month, "", batch)
    rounded: dict[str, bytes] = {}
    for step, number in steps:
        with database.write() as transaction:
            if step == "keep":
                set_keep(transaction, ids[number % count], keep=True)
            elif step == "restart":
                after = {thin: "", expire: ""}
            else:
                after[step], _ = step(transaction, month, after[step], number)
            assert find_damage(transaction).damages == []
        # What is rounded once stays as it is, however it is written anew.
        for one, codec in zip(ids, codecs(database, ids), strict=True):
            if codec is not None:
                was = rounded if codec in ROUNDED else {one: stored[one].tobytes()}
                found = load(database, one).tobytes()
                assert was.setdefault(one, found) == found
        if step is expire and not after[expire]:
            return  # the month is through


def test_another_month_is_not_leant_on(database, clock, make_sweep, stored, thinned):
    clock.step(timedelta(days=31).total_seconds())
    trace = stored[next(iter(stored))]
    sweep = make_sweep(
        traces={"S21": trace},
        measured_at=clock.now(),
        frequency_hz=np.linspace(4e9, 8e9, POINTS),
    )
    prepared = SweepPreparer(clock, TimeOrderedIds(clock)).prepare(sweep)
    with database.write() as transaction:
        insert_sweeps(transaction, [prepared])
        thin(transaction, name_month(clock.now()), "", 5)
    (codec,) = codecs(database, [prepared.sweep_id])
    assert codec != QUANTISED_LEANING
