"""Sweeps are known by time and content, and by what former editions called them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update

from service.operations.preparing import SweepPreparer
from service.storage import tables
from service.storage.cavities import put_cavity
from service.storage.identifiers import TimeOrderedIds
from service.storage.migration import downgrade, upgrade
from service.storage.records import Outcome
from service.storage.sweeps import insert_sweeps
from service.storage.times import to_us

_S = tables.sweep.c


@pytest.fixture
def preparer(database, clock) -> SweepPreparer:
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, clock.now())
    return SweepPreparer(clock, TimeOrderedIds(clock))


@pytest.fixture
def post(database, preparer):
    def send(*sweeps) -> list[Outcome]:
        prepared = [preparer.prepare(sweep) for sweep in sweeps]
        with database.write() as transaction:
            return [one.outcome for one in insert_sweeps(transaction, prepared)]

    return send


def keys(database) -> list[str]:
    with database.read() as transaction:
        query = select(_S.key).order_by(_S.key)
        return list(transaction.execute(query).scalars())


def test_keys_of_later_sweeps_stand_behind_those_of_earlier_ones(
    database, clock, post, make_sweep
):
    sweeps = [
        make_sweep(seed, measured_at=clock.now() - timedelta(hours=seed))
        for seed in range(5)
    ]
    assert set(post(*sweeps)) == {Outcome.ACCEPTED}
    order = [key[-64:] for key in keys(database)]
    assert order == [sweep.content_hash() for sweep in reversed(sweeps)]
    assert set(post(*sweeps)) == {Outcome.DUPLICATE}


def test_a_key_that_is_the_content_is_no_key_of_its_own(post, make_sweep):
    sweep = make_sweep(1)
    named = replace(sweep, idempotency_key=sweep.content_hash())
    assert post(sweep, named) == [Outcome.ACCEPTED, Outcome.DUPLICATE]
    other = replace(make_sweep(2), idempotency_key="mine")
    assert post(other, replace(make_sweep(3), idempotency_key="mine")) == [
        Outcome.ACCEPTED,
        Outcome.REJECTED,
    ]


def test_what_a_former_edition_stored_is_no_news(database, clock, post, make_sweep):
    """Stored before the upgrade, and by what still ran for a while after it."""
    sweeps = [make_sweep(seed, measured_at=clock.now()) for seed in range(3)]
    post(*sweeps)
    bare = sorted(sweep.content_hash() for sweep in sweeps)
    downgrade(database, "0011")
    assert keys(database) == bare
    upgrade(database)
    assert keys(database) == bare
    assert set(post(*sweeps)) == {Outcome.DUPLICATE}
    assert post(make_sweep(4, measured_at=clock.now())) == [Outcome.ACCEPTED]
    late = make_sweep(5, measured_at=clock.now())
    post(late)
    with database.write() as transaction:
        transaction.execute(
            update(tables.sweep)
            .where(_S.content_hash == late.content_hash())
            .values(key=late.content_hash())
        )
    assert post(late, *sweeps) == [Outcome.DUPLICATE] * 4


def test_bare_hashes_are_sought_only_where_there_may_be_some(
    database, clock, post, make_sweep
):
    until = clock.now() - timedelta(hours=1)
    with database.write() as transaction:
        row = {"bare_until_us": to_us(until)}
        transaction.execute(insert(tables.key_form).values(row))
    sweeps = [
        make_sweep(seed, measured_at=moment)
        for seed, moment in enumerate((until, until + timedelta(microseconds=1)))
    ]
    post(*sweeps)
    with database.write() as transaction:
        transaction.execute(update(tables.sweep).values(key=_S.content_hash))
    assert [post(sweep) for sweep in sweeps] == [
        [Outcome.DUPLICATE],
        [Outcome.ACCEPTED],
    ]
