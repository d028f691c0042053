"""Migrations go up and down, and leave no drift."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from alembic.util import CommandError
from sqlalchemy import text

from service.errors import StorageUnavailableError
from service.operations.preparing import SweepPreparer
from service.storage import migration
from service.storage.cavities import put_cavity
from service.storage.codec import encode_axis, encode_traces
from service.storage.engine import Database
from service.storage.identifiers import TimeOrderedIds
from service.storage.integrity import check_integrity
from service.storage.migration import (
    check_drift,
    check_revision,
    downgrade,
    find_migrations,
    upgrade,
)
from service.storage.months import first_id
from service.storage.sweep_queries import get_sweep, load_sweep
from service.storage.trends import read_trend

MEASURED_AT = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)


def test_up_down_up_leaves_no_drift(database: Database):
    check_drift(database)
    check_revision(database)
    downgrade(database, "base")
    with pytest.raises(StorageUnavailableError, match="halowatch db upgrade"):
        check_revision(database)
    upgrade(database)
    check_drift(database)
    with database.read() as transaction:
        assert check_integrity(transaction) == []


def test_a_database_without_tables_says_how_to_mend_it(empty_database):
    database = empty_database
    with pytest.raises(StorageUnavailableError, match="db upgrade"):
        check_revision(database)
    with (
        pytest.raises(StorageUnavailableError, match="db upgrade"),
        database.read() as transaction,
    ):
        check_integrity(transaction)


def test_upgrading_twice_changes_nothing(database: Database):
    upgrade(database)
    check_drift(database)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_millions_of_rows_may_take_longer_than_a_statement_may(database, monkeypatch):
    shown = []

    def look(config, revision):
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            transaction = config.attributes["connection"]
            shown.append(transaction.exec_driver_sql(f"SHOW {name}").scalar_one())

    for way in ("upgrade", "downgrade"):
        monkeypatch.setattr(migration.command, way, look)
    upgrade(database)
    downgrade(database, "base")
    assert shown == ["0"] * 4


def test_an_unknown_revision_is_refused(database: Database):
    with pytest.raises(CommandError):
        upgrade(database, revision="9999")


def test_a_folder_without_migrations_is_named(tmp_path):
    with pytest.raises(ValueError, match="HALOWATCH_MIGRATIONS"):
        find_migrations(tmp_path)


def test_samples_and_trends_survive_the_way_up_and_down(
    database: Database, make_sweep, real_clock
):
    downgrade(database, "0005")
    sweeps = [
        make_sweep(seed, run="run-7", step=f"step-{seed % 2}", thermal_cycle="2026-01")
        for seed in range(5)
    ]
    preparer = SweepPreparer(real_clock, TimeOrderedIds(real_clock))
    # Samples as that edition encoded them.
    old = [
        replace(preparer.prepare(sweep), payload=encode_traces(sweep.traces)[1])
        for sweep in sweeps
    ]
    # One of them was received in another month.
    old[0] = replace(old[0], sweep_id=f"{first_id(MEASURED_AT)[:13]}-7000-8000-{0:012}")
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, real_clock.now())
        fill_before_0006(transaction, old)
    upgrade(database)
    with database.read() as transaction:
        records = [get_sweep(transaction, one.sweep_id) for one in old]
        restored = [load_sweep(transaction, record) for record in records]
        assert check_integrity(transaction) == []
        assert count(transaction, "run") == count(transaction, "thermal_cycle") == 1
        assert count(transaction, "run_step") == 2
        tier_s, points = read_trend(
            transaction,
            "cavity-1",
            "temperature_k",
            measured_from=None,
            measured_to=None,
            most_rows=10,
        )
        buckets = transaction.execute(
            text("SELECT * FROM trend_bucket WHERE count > 0 ORDER BY tier_s")
        ).all()
    assert [sweep.content_hash() for sweep in restored] == [
        sweep.content_hash() for sweep in sweeps
    ]
    # All five were measured at one time: the last judgement stands.
    assert (tier_s, [point.value for point in points]) == (0, [4.4])
    assert [(row.tier_s, row.count, row.maximum) for row in buckets] == [
        (60, 1, 4.4),
        (3600, 1, 4.4),
        (86_400, 1, 4.4),
    ]
    downgrade(database, "0005")
    with database.read() as transaction:
        rows = transaction.execute(text("SELECT sweep_id, payload FROM sweep_payload"))
        blobs = {row.sweep_id: bytes(row.payload) for row in rows}
    assert blobs == {one.sweep_id: one.payload for one in old}
    upgrade(database)
    check_drift(database)


def count(transaction, table: str) -> int:
    return transaction.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def fill_before_0006(transaction, sweeps) -> None:
    """Write sweeps and diagnoses as the edition before did."""
    axis = sweeps[0].frequency_hz
    transaction.execute(
        text("INSERT INTO axis VALUES (:hash, :count, :start, :stop, 2, 1, :blob)"),
        {
            "hash": sweeps[0].axis_hash,
            "count": axis.size,
            "start": axis[0],
            "stop": axis[-1],
            "blob": encode_axis(axis),
        },
    )
    for at, one in enumerate(sweeps):
        values = {
            "id": one.sweep_id,
            "key": one.key,
            "cavity": one.cavity,
            "at": one.measured_at_us,
            "received": one.received_at_us,
            "no": False,
            "names": ",".join(one.s_parameters),
            "count": axis.size,
            "axis": one.axis_hash,
            "cycle": one.thermal_cycle,
            "details": one.details,
            "blob": one.payload,
            "kelvin": 4.0 + 0.1 * at,
        }
        for statement in (
            (
                "INSERT INTO sweep (id, key, content_hash, cavity, purpose, "
                "measured_at_us, received_at_us, is_reference, thermal_cycle, "
                "s_parameters, point_count, axis_hash, details) VALUES (:id, :key, "
                ":key, :cavity, 'wide', :at, :received, :no, :cycle, :names, :count, "
                ":axis, :details)"
            ),
            "INSERT INTO sweep_payload VALUES (:id, 1, 1, :blob)",
            (
                "INSERT INTO diagnosis (sweep_id, model_version, cavity, purpose, "
                "measured_at_us, judged_at_us, condition_state, condition_label, "
                "out_of_distribution, temperature_state, temperature_k, record) VALUES "
                "(:id, 'm', :cavity, 'wide', :at, :received, 'estimated', 'healthy', "
                ":no, 'estimated', :kelvin, '{}')"
            ),
        ):
            transaction.execute(text(statement), values)
