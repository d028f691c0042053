"""A new SQLite file, and a place where none can be made."""

import sqlite3

import pytest

from service.errors import StorageUnavailableError
from service.storage.sqlite_file import PAGE_BYTES, create_sqlite_file


def test_a_new_file_has_our_pages_and_journal(tmp_path):
    path = tmp_path / "deep" / "new.sqlite"
    create_sqlite_file(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA page_size").fetchone() == (PAGE_BYTES,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailableError, match="cannot create"):
        create_sqlite_file(tmp_path / "file" / "new.sqlite")
