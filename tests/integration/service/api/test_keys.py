"""A service that requires keys: who gets in, how far, and what is written down."""

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from prometheus_client import generate_latest

from instruments.client import SweepClient, TryAgainError
from service.access.permissions import Scope
from service.config import ServiceConfig
from service.config_values import ApiKeyPolicy
from service.context import ServiceContext, make_context
from service.operations.authenticating import FRESH_S
from service.operations.key_keeping import create_key, withdraw_key
from service.storage.audit import list_actions
from service.storage.keys import list_keys

INGEST, READ, OPERATE, ADMIN = Scope


@pytest.fixture
def context(config: ServiceConfig, database, judge, clock) -> Iterator[ServiceContext]:
    del database
    config = replace(config, api_keys=ApiKeyPolicy.REQUIRED)
    context = make_context(config, clock=clock, load=lambda model: judge)
    yield context
    context.close()


@pytest.fixture
def client(context: ServiceContext, running) -> Iterator[httpx.Client]:
    with running(context, context.config) as client:
        yield client


@pytest.fixture
def make_key(context: ServiceContext) -> Callable[..., dict[str, str]]:
    """Make a key and return the header that bears it."""

    def make(*scopes: Scope, name: str | None = None, **options) -> dict[str, str]:
        named = name or "-".join([*scopes, *options.get("cavities", ["all"])])
        with context.database.write() as transaction:
            _, token = create_key(
                transaction,
                name=named,
                scopes=scopes,
                cavities=options.get("cavities"),
                expires_at=options.get("expires_at"),
                actor="test",
                now=context.clock.now(),
            )
        return {"authorization": f"Bearer {token}"}

    return make


def test_nothing_is_told_to_whoever_has_no_key(client):
    for path in ("cavities", "sweeps", "metrics", "stream", "audit", "counts", "x"):
        answer = client.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "unauthenticated"
    for path in ("sweeps", "readings", "diagnose"):
        assert client.post(path, content=b"x").status_code == 401
    for token in ("hw_" + "A" * 43, "Bearer", "nonsense", "é"):
        header = {"authorization": f"Bearer {token}".encode()}
        assert client.get("cavities", headers=header).status_code == 401
    assert client.get("healthz").status_code == 200
    assert client.get("readyz").status_code == 200


MATRIX = [
    (INGEST, "PUT", "cavities/cavity-1", 200),
    (INGEST, "GET", "cavities/cavity-1", 200),
    (INGEST, "GET", "cavities", 403),
    (INGEST, "GET", "sweeps", 403),
    (INGEST, "GET", "audit", 403),
    (INGEST, "POST", "alerts/a/acknowledge", 403),
    (READ, "GET", "cavities", 200),
    (READ, "GET", "metrics", 200),
    (READ, "PUT", "cavities/cavity-1", 403),
    (READ, "POST", "sweeps", 403),
    (READ, "POST", "readings", 403),
    (READ, "DELETE", "pollers/a", 403),
    (OPERATE, "POST", "alerts/a/acknowledge", 404),
    (OPERATE, "DELETE", "pollers/a", 404),
    (OPERATE, "GET", "sweeps", 200),
    (OPERATE, "POST", "sweeps", 403),
    (OPERATE, "POST", "models/m/promote", 403),
    (OPERATE, "GET", "audit", 403),
    (ADMIN, "GET", "audit", 200),
    (ADMIN, "PUT", "cavities/cavity-1", 200),
]


def test_a_scope_opens_what_it_names(client, make_key):
    keys = {scope: make_key(scope) for scope in Scope}
    client.put("cavities/cavity-1", json={}, headers=keys[INGEST])
    for scope, method, path, status in MATRIX:
        body = {"by": "S. Okafor"} if "acknowledge" in path else {}
        answer = client.request(
            method, path, json=None if method == "GET" else body, headers=keys[scope]
        )
        assert answer.status_code == status, (scope, method, path, answer.text)
        if status == 403:
            assert answer.json()["code"] == "forbidden"
            assert "scope" in answer.json()["detail"]


def test_the_document_tells_which_scope_opens_each_call(client, make_key):
    document = client.get(client.base_url.join("/openapi.json")).json()
    assert set(document["components"]["securitySchemes"]) == {"key", "session"}
    keys = {scope: make_key(scope) for scope in Scope}
    for path, calls in document["paths"].items():
        url = client.base_url.join(re.sub(r"{\w+}", "x", path))
        for method, call in calls.items():
            declared = {name for one in call["security"] for name in one.get("key", ())}
            if path.endswith("/stream"):
                assert declared == {"read", "operate", "admin"}
                continue
            anybody = client.request(method, url)
            assert (anybody.status_code == 401) is bool(declared), (method, path)
            for scope in Scope if declared else ():
                answer = client.request(method, url, headers=keys[scope])
                is_shut = answer.status_code == 403
                assert is_shut is (scope not in declared), (method, path, scope)


def test_a_key_for_one_cavity_touches_no_other(client, make_key, post, make_sweep):
    admin = make_key(ADMIN)
    for name in ("cavity-1", "cavity-2"):
        client.put(f"cavities/{name}", json={}, headers=admin)
    client.headers.update(make_key(INGEST, READ, cavities=["cavity-1"]))
    mine, other = make_sweep(1), make_sweep(2, cavity="cavity-2")
    assert post(client, mine).status_code == 201
    refused = post(client, other)
    assert refused.status_code == 403
    assert "is for cavity-1" in refused.json()["results"][0]["error"]
    both = post(client, make_sweep(3), other)
    assert [one["status"] for one in both.json()["results"]] == ["accepted", "rejected"]
    assert client.put("cavities/cavity-2", json={}).status_code == 403
    assert client.get("cavities/cavity-2").status_code == 403
    assert client.get("cavities").status_code == 403
    assert client.get("sweeps").status_code == 403
    assert client.get("sweeps?cavity=cavity-1&cavity=cavity-2").status_code == 403
    (first, *_) = client.get("sweeps?cavity=cavity-1").json()["sweeps"]
    assert client.get(f"sweeps/{first['sweep_id']}/traces").status_code == 200
    assert client.get(f"sweeps/{first['sweep_id']}.s2p").status_code == 200
    with httpx.Client(
        base_url=client.base_url, headers=admin, timeout=30.0
    ) as administrator:
        foreign = post(administrator, other)
    hidden = foreign.json()["results"][0]["sweep_id"]
    assert client.get(f"sweeps/{hidden}").status_code == 403
    assert client.get(f"sweeps/{hidden}.s2p").status_code == 403
    reading = {"name": "receiver_temperature_k", "value": 4.0}
    for cavity, status in ((None, 403), ("cavity-2", 403), ("cavity-1", 201)):
        item = reading | {"measured_at": "2026-01-31T03:00:00Z", "cavity": cavity}
        item = {name: value for name, value in item.items() if value is not None}
        answer = client.post("readings", json={"readings": [item]})
        assert answer.status_code == status, answer.text


def test_a_key_ends_when_its_time_is_over(client, context, make_key, clock):
    header = make_key(READ, expires_at=clock.now() + timedelta(seconds=60))
    assert client.get("cavities", headers=header).status_code == 200
    clock.step(59)
    assert client.get("cavities", headers=header).status_code == 200
    clock.step(1)
    assert client.get("cavities", headers=header).status_code == 401


def test_a_revoked_key_ends_within_three_seconds(client, context, make_key, clock):
    header = make_key(READ, name="gone")
    assert client.get("cavities", headers=header).status_code == 200
    with context.database.write() as transaction:
        withdraw_key(transaction, "gone", actor="test", now=clock.now())
    clock.step(FRESH_S + 0.01)
    assert client.get("cavities", headers=header).status_code == 401


def test_the_token_is_stored_nowhere(context, make_key, client):
    header = make_key(READ)
    token = header["authorization"].split()[1]
    client.get("cavities", headers=header)
    with context.database.read() as transaction:
        (key,) = list_keys(transaction)
        assert token not in repr(key)
        assert key.last_used_at is not None
        rows = [repr(one) for one in list_actions(transaction, limit=10)]
    assert rows
    assert not any(token in row for row in rows)
    path = context.database.path
    if path is not None:
        for file in path.parent.iterdir():
            assert token.encode() not in file.read_bytes()


def test_what_changes_something_is_written_down(client, context, make_key):
    admin, reader = make_key(ADMIN), make_key(READ)
    client.put("cavities/cavity-1", json={"title": "One"}, headers=admin)
    client.put("cavities/cavity-1", json={"title": "Two"}, headers=reader)
    client.put("cavities/cavity-1", json={"title": "Two"})
    entries = client.get("audit", headers=admin).json()["actions"]
    calls = [one for one in entries if one["action"] == "PUT"]
    assert [(one["actor"], one["outcome"]) for one in calls] == [
        ("key:read-all", "refused"),
        ("key:admin-all", "done"),
    ]
    assert calls[0]["details"] == {"status": 403}
    assert calls[0]["address"] == "127.0.0.1"
    made = [one["subject"] for one in entries if one["action"] == "key.create"]
    assert made == ["read-all", "admin-all"]
    page = client.get("audit?limit=1", headers=admin).json()
    assert len(page["actions"]) == 1
    rest = client.get(
        f"audit?cursor={page['next_cursor']}&action=PUT", headers=admin
    ).json()
    assert [one["actor"] for one in rest["actions"]] == ["key:admin-all"]


def test_one_key_cannot_take_the_whole_service(config, database, judge, clock, running):
    del database
    config = replace(config, api_keys=ApiKeyPolicy.REQUIRED, requests_per_s=5)
    context = make_context(config, clock=clock, load=lambda model: judge)
    with context.database.write() as transaction:
        _, token = create_key(
            transaction,
            name="hasty",
            scopes=[READ],
            cavities=None,
            expires_at=None,
            actor="test",
            now=clock.now(),
        )
    with running(context, config) as client:
        client.headers["authorization"] = f"Bearer {token}"
        answers = [client.get("counts") for _ in range(40)]
        assert client.get("healthz").status_code == 200
    context.close()
    refused = [one for one in answers if one.status_code == 429]
    assert refused
    assert refused[0].json()["code"] == "too_many_requests"
    assert refused[0].headers["retry-after"] == "1"
    assert sum(one.status_code == 200 for one in answers) >= 5


def test_one_key_cannot_fill_the_memory(config, database, judge, clock, running):
    del database
    mib = 1024 * 1024
    config = replace(
        config, api_keys=ApiKeyPolicy.REQUIRED, body_bytes=40 * mib, requests_per_s=500
    )
    context = make_context(config, clock=clock, load=lambda model: judge)
    tokens = []
    with context.database.write() as transaction:
        for name in ("greedy", "modest"):
            _, token = create_key(
                transaction,
                name=name,
                scopes=[INGEST],
                cavities=None,
                expires_at=None,
                actor="test",
                now=clock.now(),
            )
            tokens.append(token)
    head = (
        "POST /api/v1/sweeps HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    )
    with running(context, config) as client, contextlib.ExitStack() as opened:

        def send(token: str, size: int, announced: int) -> socket.socket:
            place = (client.base_url.host, client.base_url.port)
            wire = opened.enter_context(socket.create_connection(place, 60))
            fields = f"Authorization: Bearer {token}\r\nContent-Length: {announced}"
            wire.sendall(f"{head}{fields}\r\n\r\n".encode() + b" " * size)
            return wire

        greedy, modest = tokens
        held = send(greedy, 12 * mib, 13 * mib)
        waiting = "halowatch_body_bytes 1.2582912e+07"
        scrape = context.metrics.registry
        while f"{waiting}" not in generate_latest(scrape).decode():
            time.sleep(0.01)
        refused = send(greedy, 9 * mib, 9 * mib).recv(4096)
        assert b" 429 " in refused.split(b"\r\n")[0]
        assert b"too_many_bytes" in refused
        assert b"retry-after: 1" in refused.lower()
        taken = send(modest, 9 * mib, 9 * mib).recv(4096)
        assert b" 422 " in taken.split(b"\r\n")[0]
        held.close()
    context.close()


def test_guessing_is_stopped(client, make_key, clock):
    good = make_key(READ)
    assert client.get("cavities", headers=good).status_code == 200
    statuses = [
        client.get(
            "cavities", headers={"authorization": f"Bearer hw_{n:043}"}
        ).status_code
        for n in range(70)
    ]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    # Who was let in before goes on, however many guess from the same address.
    clock.step(FRESH_S + 0.01)
    assert client.get("cavities", headers=good).status_code == 200


def test_the_client_carries_its_key(client, make_key, make_sweep):
    url = str(client.base_url).removesuffix("/api/v1/")
    token = make_key(INGEST)["authorization"].split()[1]
    with SweepClient(url, key=token) as daq:
        daq.put_cavity("cavity-1", {})
        (result,) = daq.post_sweeps([make_sweep()])
        assert result.is_stored
    with (
        SweepClient(url) as stranger,
        pytest.raises(TryAgainError, match="needs a key"),
    ):
        stranger.post_sweeps([make_sweep()])
