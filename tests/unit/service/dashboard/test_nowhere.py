"""A browser at an unknown address gets a page, a program its problem document."""

import asyncio

import httpx
import pytest

from service.config import read_config
from service.context import make_context
from service.main import create_app
from service.storage.migration import upgrade

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture
def ask(tmp_path, clock):
    config = read_config({"HALOWATCH_HOME": str(tmp_path / "home")})
    context = make_context(config, clock=clock)
    app = create_app(config, context=context)
    upgrade(context.database)

    async def send(method, path, accept):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost"
        ) as http:
            return await http.request(method, path, headers={"Accept": accept})

    def asked(path, accept=BROWSER, method="GET"):
        return asyncio.run(send(method, path, accept))

    yield asked
    context.close()


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


def test_an_outage_is_said_there_too(ask, tmp_path):
    (tmp_path / "home").rename(tmp_path / "away")
    answer = ask("/nowhere")
    assert answer.status_code == 503
    assert "The database does not answer" in answer.text
