"""A deadlock is told from an outage, and the one that was undone succeeds again."""

import threading

import pytest
from sqlalchemy import text

from service.errors import StorageConflictError

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def test_who_is_undone_hears_of_a_conflict(database):
    with database.write() as transaction:
        transaction.execute(text("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)"))
        transaction.execute(text("INSERT INTO t VALUES (1, 0), (2, 0)"))
    meet = threading.Barrier(2, timeout=20)
    conflicts = []

    def cross(first: int, second: int) -> None:
        try:
            with database.write() as transaction:
                statement = text("UPDATE t SET n = n + 1 WHERE id = :id")
                transaction.execute(statement, {"id": first})
                meet.wait()
                transaction.execute(statement, {"id": second})
        except StorageConflictError as error:
            conflicts.append(str(error))

    threads = [threading.Thread(target=cross, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    (sentence,) = conflicts
    assert "deadlock" in sentence
    with database.read() as transaction:
        rows = transaction.execute(text("SELECT sum(n) FROM t")).scalar_one()
    assert rows == 2
