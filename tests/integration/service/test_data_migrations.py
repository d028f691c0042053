"""What is stored survives every migration, down and up again."""

from datetime import UTC, datetime

from alembic.script import ScriptDirectory

from instruments.measurement import Reading, TruthFlag
from service.operations.preparing import SweepPreparer
from service.storage.cavities import list_cavities, put_cavity
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
from service.storage.readings import insert_readings, list_readings
from service.storage.sweep_queries import SweepFilter, list_sweeps, load_sweep
from service.storage.sweeps import insert_sweeps


def test_what_is_stored_survives_each_step_down_and_up(
    database: Database, make_sweep, real_clock
):
    """An edition can be taken back and put on again with data in the tables."""
    moment = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
    reading = Reading(
        name="receiver_temperature_k", value=4.1, measured_at=moment, cavity="cavity-1"
    )
    preparer = SweepPreparer(real_clock, TimeOrderedIds(real_clock))
    sweeps = [make_sweep(seed, flags=(TruthFlag.SPIKES,)) for seed in range(3)]
    with database.write() as transaction:
        put_cavity(transaction, "cavity-1", {"title": "One"}, moment)
        insert_sweeps(transaction, [preparer.prepare(sweep) for sweep in sweeps])
        insert_readings(transaction, [reading])
    before = stored(database)
    assert len(before[1]) == 3
    scripts = ScriptDirectory(str(find_migrations(None)))
    steps = [step.revision for step in scripts.walk_revisions()]
    for revision in steps[1:]:
        downgrade(database, revision)
    for revision in reversed(steps):
        upgrade(database, revision=revision)
    check_drift(database)
    check_revision(database)
    assert stored(database) == before
    with database.read() as transaction:
        assert check_integrity(transaction) == []


def stored(database: Database) -> tuple[object, ...]:
    with database.read() as transaction:
        cavities = [(one.cavity, one.title) for one in list_cavities(transaction)]
        samples = {
            one.sweep_id: load_sweep(transaction, one).traces["S21"].tobytes()
            for one in list_sweeps(transaction, SweepFilter(), 10)
        }
        readings = list_readings(
            transaction,
            name=None,
            cavity=None,
            measured_from=None,
            measured_to=None,
            limit=10,
        )
    return cavities, samples, [(one.name, one.value) for one in readings]
