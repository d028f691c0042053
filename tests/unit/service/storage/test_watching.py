"""A commit of anybody is news once; silence is none."""

import contextlib

from sqlalchemy import text

from service.storage.engine import Database
from service.storage.watching import CommitWatch


def commit(database):
    with database.write() as transaction:
        transaction.execute(text("INSERT INTO t VALUES (1)"))


def test_a_commit_is_news_once(tmp_path):
    url = f"sqlite:///{tmp_path / 'a b.sqlite'}"
    (tmp_path / "a b.sqlite").touch()
    with contextlib.closing(Database(url)) as database:
        with database.write() as transaction:
            transaction.execute(text("CREATE TABLE t (n INTEGER)"))
        with contextlib.closing(CommitWatch(database)) as watch:
            assert [watch.has_news(), watch.has_news()] == [True, False]
            for _ in range(2):
                commit(database)
                assert [watch.has_news(), watch.has_news()] == [True, False]


def test_where_it_cannot_tell_there_may_be_news(tmp_path):
    with contextlib.closing(Database(f"sqlite:///{tmp_path / 'gone'}")) as database:
        watch = CommitWatch(database)
        assert [watch.has_news(), watch.has_news()] == [True, True]
    with contextlib.closing(Database("postgresql://127.0.0.1:1/none")) as database:
        watch = CommitWatch(database)
        assert [watch.has_news(), watch.has_news()] == [True, True]
