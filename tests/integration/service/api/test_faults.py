"""What goes wrong is answered clearly, and nothing accepted is lost."""

import contextlib
import shutil
import socket
import sqlite3
import time

import httpx
import pytest

from instruments.measurement.message import MSGPACK_MEDIA_TYPE
from service.errors import QueueFullError, StorageUnavailableError
from service.operations.preparing import SweepPreparer
from service.storage.identifiers import TimeOrderedIds
from service.storage.records import Outcome
from service.storage.writer import GroupCommitWriter


def only_sqlite(context):
    if context.database.path is None:
        pytest.skip("about the file of SQLite")
    return context.database.path


def assert_unavailable(answer: httpx.Response, code: str = "storage_unavailable"):
    assert answer.status_code == 503
    assert answer.headers["retry-after"].isdecimal()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code


@pytest.mark.parametrize("busy_timeout_s", [0.5])
def test_a_database_locked_by_another_process_is_503_until_it_is_free(
    client, post, make_sweep, context
):
    path = only_sqlite(context)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert_unavailable(post(client, make_sweep()))
        assert client.get("sweeps").json()["sweeps"] == []
        other.execute("ROLLBACK")
    assert post(client, make_sweep()).status_code == 201


def test_a_folder_that_is_moved_away_is_503_until_it_is_back(
    client, post, make_sweep, context
):
    path = only_sqlite(context)
    assert post(client, make_sweep(0)).status_code == 201
    away = path.parent.with_name("away")
    path.parent.rename(away)
    assert_unavailable(post(client, make_sweep(1)))
    assert_unavailable(client.get("cavities"))
    assert not path.exists()
    away.rename(path.parent)
    assert post(client, make_sweep(1)).status_code == 201
    assert len(client.get("sweeps").json()["sweeps"]) == 2


def test_a_removed_file_never_swallows_a_sweep(client, post, make_sweep, context):
    path = only_sqlite(context)
    assert post(client, make_sweep(0)).status_code == 201
    for file in path.parent.iterdir():
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    assert_unavailable(post(client, make_sweep(1)))
    from service.storage.migration import upgrade

    upgrade(context.database)
    unknown = post(client, make_sweep(1))
    assert unknown.status_code == 422
    assert "PUT /api/v1/cavities/cavity-1" in unknown.json()["results"][0]["error"]
    client.put("cavities/cavity-1", json={}).raise_for_status()
    assert post(client, make_sweep(1)).status_code == 201


def test_postgresql_that_drops_connections_is_used_again(
    client, post, make_sweep, context
):
    if context.database.path is not None:
        pytest.skip("about PostgreSQL")
    assert post(client, make_sweep(0)).status_code == 201
    import psycopg

    name = context.database.url.database
    url = context.config.database_url.replace(f"/{name}?", "/postgres?")
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (name,),
        )
    assert post(client, make_sweep(1)).status_code == 201
    assert len(client.get("sweeps").json()["sweeps"]) == 2


def test_a_body_of_300_mb_is_refused_without_reading_it(client):
    url = client.base_url
    announced = 300 * 1024 * 1024
    head = (
        f"POST {url.path}sweeps HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: {MSGPACK_MEDIA_TYPE}\r\nContent-Length: {announced}\r\n\r\n"
    )
    started_s = time.monotonic()
    with socket.create_connection((url.host, url.port), timeout=30) as wire:
        wire.sendall(head.encode() + bytes(1024))
        answer = wire.recv(65536)
    assert time.monotonic() - started_s < 30.0
    assert b" 413 " in answer.splitlines()[0]
    assert b"body_too_large" in answer


def test_a_client_that_insists_on_300_mb_still_gets_413(client):
    def flood():
        for _ in range(300):
            yield bytes(1024 * 1024)

    headers = {
        "content-type": MSGPACK_MEDIA_TYPE,
        "content-length": str(300 * 1024 * 1024),
    }
    started_s = time.monotonic()
    answer = client.post("sweeps", content=flood(), headers=headers)
    assert answer.status_code == 413
    assert time.monotonic() - started_s < 30.0


def test_a_body_without_length_is_cut_off_at_the_limit(client, context):
    sent = []

    def flood():
        for _ in range(300):
            sent.append(1)
            yield bytes(1024 * 1024)

    headers = {"content-type": MSGPACK_MEDIA_TYPE}
    with contextlib.suppress(httpx.WriteError, httpx.ReadError):
        answer = client.post("sweeps", content=flood(), headers=headers)
        assert answer.status_code == 413
    assert len(sent) < 150
    assert client.get("healthz").status_code == 200
    assert "halowatch_body_bytes 0.0" in client.get("metrics").text


@pytest.fixture
def prepared(make_sweep, clock):
    preparer = SweepPreparer(clock, TimeOrderedIds(clock))
    return lambda seed, **changes: preparer.prepare(make_sweep(seed, **changes))


def test_the_writer_refuses_what_its_queue_cannot_hold(
    client, context, database, prepared, real_clock
):
    writer = GroupCommitWriter(
        database, context.metrics, real_clock, queue_bytes=20_000
    )
    with database.write() as transaction:
        # While somebody else writes, posts wait; on PostgreSQL writers do not block.
        held = [writer.write([prepared(0)])]
        refused = 0
        for seed in range(1, 200):
            try:
                held.append(writer.write([prepared(seed)]))
            except QueueFullError:
                refused += 1
        assert transaction is not None
    assert refused > 0 or not database.is_sqlite
    outcomes = []
    for future in held:
        with contextlib.suppress(StorageUnavailableError):
            outcomes += [written.outcome for written in future.result(90)]
    assert set(outcomes) <= {Outcome.ACCEPTED}
    stored = client.get("sweeps", params={"limit": 1000}).json()["sweeps"]
    assert len(stored) == len(outcomes)
    writer.close()
    with pytest.raises(StorageUnavailableError):
        writer.write([prepared(500)])


def test_closing_the_writer_stores_what_waits(
    client, context, database, prepared, real_clock
):
    writer = GroupCommitWriter(
        database, context.metrics, real_clock, queue_bytes=10_000_000
    )
    futures = [writer.write([prepared(seed)]) for seed in range(50)]
    writer.close()
    assert all(future.result(0)[0].outcome is Outcome.ACCEPTED for future in futures)
    stored = client.get("sweeps", params={"limit": 1000}).json()["sweeps"]
    assert len(stored) == 50


def test_what_the_database_refuses_takes_nobody_along(
    client, context, database, prepared, real_clock
):
    writer = GroupCommitWriter(
        database, context.metrics, real_clock, queue_bytes=10_000_000
    )
    good = prepared(1)
    clash = prepared(2)
    object.__setattr__(clash, "sweep_id", good.sweep_id)
    futures = [writer.write([sweep]) for sweep in (good, clash, prepared(3))]
    writer.close()
    outcomes = [future.exception(10) is None for future in futures]
    assert outcomes == [True, False, True]
    assert len(client.get("sweeps").json()["sweeps"]) == 2


def test_what_nobody_expected_is_a_problem_too(
    client, context, post, make_sweep, monkeypatch
):
    def fail(body: bytes, **options: bool) -> None:
        raise RuntimeError("nobody expected this")

    monkeypatch.setattr(context.preparer, "from_msgpack", fail)
    answer = post(client, make_sweep())
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal"
    assert "nobody" not in answer.text
    monkeypatch.undo()
    assert post(client, make_sweep()).status_code == 201
