"""Persons: passwords, sessions, roles, forged origins, and what pages say."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest

from service.access.passwords import hash_password
from service.access.permissions import Role
from service.config import ServiceConfig
from service.config_values import ApiKeyPolicy
from service.context import ServiceContext, make_context
from service.operations.account_keeping import (
    change_password,
    change_role,
    shut_account,
)
from service.operations.authenticating import FRESH_S
from service.storage.access_records import AccountRecord
from service.storage.accounts import insert_account
from service.storage.audit import list_actions

PASSWORD = "tuned to four point two"
PAGE = {"x-halowatch": "page"}


@pytest.fixture(scope="session")
def kept() -> str:
    """The hash of the one password: a slow thing, made once."""
    return hash_password(PASSWORD, "a-")


@pytest.fixture
def context(
    config: ServiceConfig, database, judge, clock, kept
) -> Iterator[ServiceContext]:
    del database
    config = replace(config, api_keys=ApiKeyPolicy.REQUIRED)
    context = make_context(config, clock=clock, load=lambda model: judge)
    with context.database.write() as transaction:
        for role in Role:
            account = AccountRecord(
                name=f"a-{role.value}",
                role=role,
                password_hash=kept,
                issuer=None,
                subject=None,
                created_at=clock.now(),
                disabled_at=None,
                last_login_at=None,
            )
            insert_account(transaction, account)
    yield context
    context.close()


@pytest.fixture
def site(context: ServiceContext, running) -> Iterator[str]:
    with running(context, context.config) as client:
        yield str(client.base_url).removesuffix("/api/v1/")


@pytest.fixture
def log_in(site: str) -> Iterator[Callable[..., httpx.Client]]:
    opened: list[httpx.Client] = []

    def log_in(name: str, password: str = PASSWORD) -> httpx.Client:
        client = httpx.Client(base_url=site, timeout=30.0)
        opened.append(client)
        client.last = client.post("/login", data={"name": name, "password": password})
        return client

    yield log_in
    for client in opened:
        client.close()


def test_a_page_leads_to_the_log_in_and_back(site, log_in):
    with httpx.Client(base_url=site, timeout=30.0) as stranger:
        sent = stranger.get("/cavities/c%201?x=1")
        assert sent.status_code == 303
        assert sent.headers["location"] == "/login?next=%2Fcavities%2Fc%201%3Fx%3D1"
        form = stranger.get(sent.headers["location"])
        assert form.status_code == 200
        assert "Log in" in form.text
        assert "/static/access.css" in form.text
        assert stranger.get("/static/access.css").status_code == 200
        answer = stranger.post(
            "/login",
            data={"name": "a-viewer", "password": PASSWORD, "next": "/alerts"},
            headers={"origin": site, "sec-fetch-site": "same-origin"},
        )
        assert answer.status_code == 303
        assert answer.headers["location"] == "/alerts"
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("halowatch_session=")
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        page = stranger.get("/alerts")
        assert page.status_code == 200
        assert "a-viewer" in page.text
        assert "Open mode" not in page.text


@pytest.mark.parametrize(
    "evil", ["https://evil.example", "//evil.example", "/\\evil.example", "/login", ""]
)
def test_the_log_in_leads_nowhere_else(site, evil):
    with httpx.Client(base_url=site, timeout=30.0) as client:
        form = {"name": "a-viewer", "password": PASSWORD, "next": evil}
        assert client.post("/login", data=form).headers["location"] == "/"


def test_a_wrong_password_and_an_unknown_name_read_the_same(log_in):
    wrong = log_in("a-admin", "not the password").last
    unknown = log_in("nobody", PASSWORD).last
    for answer in (wrong, unknown):
        assert answer.status_code == 401
        assert "name or password is wrong" in answer.text
        assert "set-cookie" not in answer.headers


def test_guessing_a_password_is_stopped(log_in, context):
    statuses = [
        log_in("a-admin", f"guess number {n}").last.status_code for n in range(11)
    ]
    assert statuses == [401] * 10 + [429]
    last = log_in("a-admin").last
    assert last.status_code == 429
    assert last.headers["retry-after"] == "60"
    with context.database.read() as transaction:
        noted = list_actions(transaction, limit=50, action="login.failed")
    assert len(noted) == 10


def test_a_role_opens_what_it_names(log_in):
    matrix = {
        ("GET", "/api/v1/cavities"): (200, 200, 200, 200),
        ("POST", "/api/v1/alerts/a/acknowledge"): (403, 404, 404, 404),
        ("POST", "/api/v1/models/none/promote"): (403, 403, None, None),
        ("GET", "/api/v1/audit"): (403, 403, 403, 200),
        ("GET", "/audit"): (403, 403, 403, 200),
        ("PUT", "/api/v1/cavities/c"): (403, 200, 200, 200),
        ("POST", "/api/v1/sweeps"): (403, 403, 403, 415),
    }
    for index, role in enumerate(Role):
        client = log_in(f"a-{role.value}")
        for (method, path), statuses in matrix.items():
            body = {"by": "x"} if "acknowledge" in path else {}
            if path == "/api/v1/sweeps":
                answer = client.post(path, content=b"x", headers=PAGE)
            else:
                json = None if method == "GET" else body
                answer = client.request(method, path, json=json, headers=PAGE)
            wanted = statuses[index]
            if wanted is None:
                assert answer.status_code not in (401, 403)
            else:
                assert answer.status_code == wanted, (role, path, answer.text)


def test_a_role_that_is_too_small_is_told_so_on_a_page(log_in):
    answer = log_in("a-viewer").get("/audit", headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert "This page is not open to you" in answer.text
    assert "a-viewer may not GET /audit: it needs" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-halowatch": "page", "origin": "https://evil.example"},
        {"x-halowatch": "page", "sec-fetch-site": "cross-site"},
        {"x-halowatch": "page", "origin": "null"},
    ],
)
def test_a_forged_call_with_the_cookie_changes_nothing(log_in, headers):
    client = log_in("a-admin")
    answer = client.put("/api/v1/cavities/forged", json={}, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["code"] == "cross_site"
    assert client.get("/api/v1/cavities/forged").status_code == 404
    forged = {"origin": "https://evil.example"}
    assert client.post("/logout", headers=forged).status_code == 403
    assert client.post("/login", data={}, headers=forged).status_code == 403
    assert client.get("/").status_code == 200


def test_a_page_of_our_own_name_by_another_scheme_changes_nothing(site, log_in):
    client, own = log_in("a-admin"), {"x-halowatch": "page", "origin": site}
    other = own | {"origin": site.replace("http://", "https://")}
    for given, status in ((other, 403), (own, 200)):
        answer = client.put("/api/v1/cavities/ours", json={}, headers=given)
        assert answer.status_code == status


def test_a_session_ends(log_in, context, clock):
    client = log_in("a-viewer")
    token = client.cookies["halowatch_session"]
    assert client.post("/logout").status_code == 303
    assert "halowatch_session" not in client.cookies
    kept = {"cookie": f"halowatch_session={token}"}
    assert client.get("/api/v1/cavities", headers=kept).status_code == 401
    second = log_in("a-viewer")
    clock.step(context.config.session_s - 1)
    assert second.get("/api/v1/cavities").status_code == 200
    clock.step(2)
    assert second.get("/api/v1/cavities").status_code == 401


def test_what_an_administrator_changes_reaches_open_sessions(log_in, context, clock):
    client = log_in("a-admin")

    def change(act, *arguments, **options) -> None:
        with context.database.write() as transaction:
            act(transaction, *arguments, actor="test", now=clock.now(), **options)
        clock.step(FRESH_S + 0.01)

    assert client.get("/api/v1/audit").status_code == 200
    change(change_role, "a-admin", Role.VIEWER)
    assert client.get("/api/v1/audit").status_code == 403
    change(change_password, "a-admin", "another four words here")
    assert client.get("/api/v1/cavities").status_code == 401
    client = log_in("a-admin", "another four words here")
    change(shut_account, "a-admin", is_shut=True)
    assert client.get("/api/v1/cavities").status_code == 401
    assert log_in("a-admin", "another four words here").last.status_code == 401


def test_a_refused_action_is_written_down(log_in, context):
    client = log_in("a-operator")
    answer = client.post(
        "/api/v1/alerts/none/acknowledge", json={"by": "somebody"}, headers=PAGE
    )
    assert answer.status_code == 404
    with context.database.read() as transaction:
        (entry, *_) = list_actions(transaction, limit=1)
    assert entry.entry.actor == "person:a-operator"
    assert entry.entry.outcome == "refused"


def test_https_makes_the_cookie_strict(site, context):
    with httpx.Client(base_url=site, timeout=30.0) as client:
        answer = client.post(
            "/login",
            data={"name": "a-viewer", "password": PASSWORD},
            headers={"x-forwarded-proto": "https"},
        )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-halowatch_session=")
    assert "Secure" in cookie


def test_every_page_says_that_an_open_service_is_open(config, database, judge, running):
    del database
    context = make_context(config, load=lambda model: judge)
    with running(context, config) as client:
        root = str(client.base_url).removesuffix("/api/v1/")
        for path in ("/", "/alerts", "/cavities/none", "/audit"):
            answer = client.get(root + path)
            assert "Open mode" in answer.text, path
            assert "log-in" in answer.text
        assert client.get(f"{root}/login").status_code == 303
        for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example"):
            answer = client.get("cavities", headers={"host": host})
            assert answer.status_code == 421
            assert answer.json()["code"] == "wrong_host"
    context.close()


def test_every_answer_is_held_to_its_type_and_frame(site, log_in):
    client = log_in("a-admin")
    for path in (
        "/",
        "/alerts",
        "/audit",
        "/login",
        "/api/v1/cavities",
        "/static/wall.js",
    ):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["referrer-policy"] == "same-origin", path
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
