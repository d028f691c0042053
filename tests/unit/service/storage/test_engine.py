"""URLs, and what a missing database says."""

import sqlite3

import pytest
from psycopg.conninfo import conninfo_to_dict

from service.config import ConfigError
from service.errors import StorageUnavailableError
from service.storage.engine import (
    PAGE_BYTES,
    Database,
    create_sqlite_file,
    parse_url,
)


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:////tmp/x.sqlite", "sqlite+pysqlite"),
        ("postgresql://u@h/db", "postgresql+psycopg"),
        ("postgres://u@h/db", "postgresql+psycopg"),
    ],
)
def test_the_driver_follows_the_url(url, driver):
    assert parse_url(url).drivername == driver


@pytest.mark.parametrize("url", ["sqlite://", "mysql://h/db", "nonsense", ""])
def test_other_urls_are_refused_with_the_mend(url):
    with pytest.raises(ConfigError, match="HALOWATCH_DATABASE_URL"):
        parse_url(url)


def test_several_servers_are_named_as_every_client_takes_them():
    given = "host=db1:5432&host=db2:5433&target_session_attrs=read-write"
    url = parse_url(f"postgresql://u:p@/halowatch?{given}")
    assert dict(url.query) == {
        "host": "db1,db2",
        "port": "5432,5433",
        "target_session_attrs": "read-write",
    }
    _, options = url.get_dialect()().create_connect_args(url)
    assert (options["host"], options["port"]) == ("db1,db2", "5432,5433")
    text = url.set(drivername="postgresql").render_as_string(hide_password=False)
    assert conninfo_to_dict(text)["port"] == "5432,5433"
    socket = parse_url("postgresql://u@/halowatch?host=/run/postgresql")
    assert dict(socket.query) == {"host": "/run/postgresql"}


def test_a_password_is_never_shown():
    with pytest.raises(ConfigError) as error:
        parse_url("mysql://user:secret@h/db")
    assert "secret" not in str(error.value)


def test_a_missing_file_is_an_error_and_stays_missing(tmp_path):
    path = tmp_path / "none.sqlite"
    database = Database(f"sqlite:///{path}")
    with pytest.raises(StorageUnavailableError), database.read():
        pass
    assert not path.exists()


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


def test_writers_share_one_connection_and_its_page_cache(tmp_path):
    path = tmp_path / "new.sqlite"
    create_sqlite_file(path)
    database = Database(f"sqlite:///{path}")
    used = []
    for _ in range(3):
        with database.read() as reading, database.write() as writing:
            used.append(writing.connection.dbapi_connection)
            assert reading.connection.dbapi_connection is not used[-1]
    assert len(set(map(id, used))) == 1
    database.close()
