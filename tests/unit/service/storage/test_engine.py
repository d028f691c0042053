"""What a missing database says, and how connections are shared."""

import pytest

from service.errors import StorageUnavailableError
from service.storage.engine import Database
from service.storage.sqlite_file import create_sqlite_file


def test_a_missing_file_is_an_error_and_stays_missing(tmp_path):
    path = tmp_path / "none.sqlite"
    database = Database(f"sqlite:///{path}")
    with pytest.raises(StorageUnavailableError), database.read():
        pass
    assert not path.exists()


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
