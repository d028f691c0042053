"""Thinned sweeps lean on one before them, and none is left behind without it."""

from datetime import timedelta

import numpy as np
import pytest

from service.operations.preparing import SweepPreparer
from service.storage.cavities import put_cavity
from service.storage.identifiers import TimeOrderedIds
from service.storage.months import name_month
from service.storage.payloads import describe_payload, packs_of, read_payloads
from service.storage.quantising import QUANTISED_ALONE, QUANTISED_LEANING
from service.storage.retention import expire, set_keep
from service.storage.sweep_queries import get_sweep, load_sweep
from service.storage.sweeps import insert_sweeps
from service.storage.thinning import LOOK_BACK, thin

POINTS = 301
COUNT = LOOK_BACK + 4


@pytest.fixture
def stored(database, clock, make_sweep) -> dict[str, np.ndarray]:
    """Sweeps of one state whose echoes no neighbours foretell, id to samples."""
    rng = np.random.default_rng(3)
    echo = rng.standard_normal(POINTS) + 1j * rng.standard_normal(POINTS)
    state = np.fft.fft(echo * np.exp(-np.linspace(0.0, 5.0, POINTS)) / 20.0)
    preparer = SweepPreparer(clock, TimeOrderedIds(clock))
    found, prepared = {}, []
    for _ in range(COUNT):
        clock.step(60.0)
        noise = rng.standard_normal(POINTS) + 1j * rng.standard_normal(POINTS)
        trace = (state + 1e-3 * noise).astype(np.complex64)
        sweep = make_sweep(
            traces={"S21": trace},
            measured_at=clock.now(),
            frequency_hz=np.linspace(4e9, 8e9, POINTS),
        )
        prepared.append(preparer.prepare(sweep))
        found[prepared[-1].sweep_id] = trace
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, clock.now())
        insert_sweeps(transaction, prepared)
    return found


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
    with database.read() as transaction:
        if packs_of(transaction) is None:
            pytest.skip("the same over both")
    first = next(iter(thinned))
    with database.write() as transaction:
        transaction.exec_driver_sql(
            "DELETE FROM sweep_payload WHERE sweep_id = ?", (first,)
        )
    with pytest.raises(ValueError, match=f"the samples of {first} .* are gone"):
        load(database, list(thinned)[1])


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
