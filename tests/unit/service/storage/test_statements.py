"""Any number of rows goes in, and those that were asked for come out."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.storage import tables
from service.storage.engine import Database
from service.storage.sqlite_file import create_sqlite_file
from service.storage.statements import BulkInsert, Lookup

_E = tables.event.c
_insert = BulkInsert(_E.kind, _E.at_us, _E.body)
_find = Lookup(_E.kind, _E.kind, _E.body)


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    path = tmp_path_factory.mktemp("statements") / "few.sqlite"
    create_sqlite_file(path)
    with contextlib.closing(Database(f"sqlite:///{path}")) as database:
        with database.write() as transaction:
            tables.event.create(transaction)
        yield database


@given(st.lists(st.text(max_size=20), max_size=200))
def test_rows_go_in_and_are_found(database, texts):
    names = [f"kind-{at}" for at in range(len(texts))]
    rows = [
        (name, at, text)
        for at, (name, text) in enumerate(zip(names, texts, strict=True))
    ]
    with database.write() as transaction:
        transaction.execute(tables.event.delete())
        _insert(transaction, rows)
        stored = transaction.execute(tables.event.select().order_by(_E.id)).all()
        found = _find(transaction, [*names[::2], "none' OR '1'='1"])
    assert [(row.kind, row.at_us, row.body) for row in stored] == rows
    assert sorted(found) == sorted(zip(names[::2], texts[::2], strict=True))
