"""Migrations go up and down, and leave no drift."""

import pytest
from alembic.util import CommandError

from service.errors import StorageUnavailableError
from service.storage.engine import Database, check_integrity
from service.storage.migration import (
    check_drift,
    check_revision,
    downgrade,
    find_migrations,
    upgrade,
)


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


def test_an_unknown_revision_is_refused(database: Database):
    with pytest.raises(CommandError):
        upgrade(database, revision="9999")


def test_a_folder_without_migrations_is_named(tmp_path):
    with pytest.raises(ValueError, match="HALOWATCH_MIGRATIONS"):
        find_migrations(tmp_path)
