"""Whatever refuses a page tells a browser so with a page, a program as a problem."""

import asyncio

import httpx
import pytest

from service.config import read_config
from service.context import make_context
from service.dashboard.problem_wording import words_of
from service.dashboard.source import wall_source
from service.errors import (
    ConflictError,
    DiskFullError,
    ForbiddenError,
    QueueFullError,
    TooManyRequestsError,
)
from service.main import create_app
from service.storage.migration import upgrade

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("service") / "home"


@pytest.fixture(scope="module")
def running(home):
    config = read_config({"HALOWATCH_HOME": str(home)})
    context = make_context(config)
    upgrade(context.database)
    yield create_app(config, context=context)
    context.close()


@pytest.fixture
def app(running):
    yield running
    running.dependency_overrides.clear()


@pytest.fixture
def ask(app):
    async def send(method, path, headers, content):
        # A surprise is raised again for the server's log, after it was answered.
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost"
        ) as http:
            return await http.request(method, path, headers=headers, content=content)

    def asked(path, accept=BROWSER, method="GET", content=None, **headers):
        return asyncio.run(send(method, path, {"Accept": accept} | headers, content))

    return asked


def fail_with(app, error):
    """Let everything that a page reads fail."""

    class Failing:
        def __getattr__(self, name):
            raise error

    app.dependency_overrides[wall_source] = Failing


@pytest.mark.parametrize("path", ["/nowhere", "/apis", "/cavities/a/b"])
def test_a_browser_gets_a_page_that_leads_on(ask, path):
    answer = ask(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert f"Nothing is at <code>{path}</code>" in answer.text
    assert 'href="/alerts"' in answer.text
    assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_what_the_address_holds_is_shown_not_run(ask):
    page = ask("/<script>alert(1)</script>" + "x" * 4000).text
    assert "<script>alert" not in page
    assert len(page) < 8000


@pytest.mark.parametrize(
    ("path", "accept", "method", "status"),
    [
        ("/nowhere", "*/*", "GET", 404),
        ("/nowhere", "application/json", "GET", 404),
        ("/nowhere", "application/xhtml+xml", "GET", 404),
        ("/api/v1/nowhere", BROWSER, "GET", 404),
        ("/api/v1", BROWSER, "GET", 404),
        ("/static/nowhere.css", BROWSER, "GET", 404),
        ("/nowhere", BROWSER, "POST", 404),
        ("/api/v1/alerts", BROWSER, "POST", 405),
    ],
)
def test_a_program_gets_its_problem_document(ask, path, accept, method, status):
    answer = ask(path, accept, method)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert path in answer.json()["detail"]


def test_an_outage_is_said_there_too(ask, home):
    away = home.rename(home.with_name("away"))
    answer = ask("/nowhere")
    away.rename(home)
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text


def is_page(answer):
    policy = answer.headers.get_list("content-security-policy")
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'; script-src 'self'")
    assert answer.headers["cache-control"] == "no-store"
    assert " style=" not in answer.text
    assert "<script>" not in answer.text
    return answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("error", "status", "heading"),
    [
        (ForbiddenError("not for shifts"), 403, "This page is not open to you"),
        (ConflictError("it is <b>gone</b>"), 409, "It has changed meanwhile"),
        (TooManyRequestsError("wait", retry_after_s=60), 429, "Too much was asked"),
        (QueueFullError("9 bytes wait"), 503, "cannot do this right now"),
        (DiskFullError("9 bytes are free"), 503, "The disk is full"),
        (ZeroDivisionError("x"), 500, "The service failed to make this page"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/alerts", "/cavities/a", "/audit"])
def test_whatever_a_page_fails_with_is_a_page(app, ask, path, error, status, heading):
    fail_with(app, error)
    answer = ask(path)
    assert answer.status_code == status
    assert is_page(answer)
    assert heading in answer.text
    assert words_of(getattr(error, "code", "internal"), status).mend in answer.text
    assert "<b>gone" not in answer.text
    if isinstance(error, TooManyRequestsError):
        assert answer.headers["retry-after"] == "60"
        assert 'http-equiv="refresh" content="60"' in answer.text


@pytest.mark.parametrize(
    ("method", "path", "headers", "content", "status", "detail"),
    [
        ("GET", "/audit?before=x", {}, None, 422, "before: "),
        ("GET", "/audit?before=0", {}, None, 422, "before: "),
        ("GET", "/", {"Host": "site.example"}, None, 421, "Host &#39;site.example"),
        ("POST", "/login", {"Origin": "http://evil.example"}, b"", 403, "other sites"),
        ("POST", "/logout", {"Origin": "http://evil.example"}, b"", 403, "other sites"),
        ("POST", "/login", {}, b"x" * 1_100_000, 413, "the body is longer than"),
        ("GET", "/logout", {}, None, 405, "takes no GET"),
    ],
)
def test_a_refusal_before_the_page_is_a_page(
    ask, method, path, headers, content, status, detail
):
    answer = ask(path, method=method, content=content, **headers)
    assert answer.status_code == status
    assert is_page(answer)
    assert detail in answer.text
    answer = ask(path, "application/json", method, content, **headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_fault_of_a_page_stays_a_problem_for_programs(app, ask):
    fail_with(app, TooManyRequestsError("wait", retry_after_s=60))
    answer = ask("/alerts", "application/json")
    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many_requests"
    assert answer.headers["retry-after"] == "60"


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/openapi.json"])
def test_what_is_no_page_is_none_for_a_browser_either(ask, path):
    assert "html" not in ask(path).headers["content-type"]
