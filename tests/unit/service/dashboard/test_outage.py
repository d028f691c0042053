"""A page, not a problem document, while the database is away."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from service.config import read_config
from service.context import make_context
from service.main import create_app
from service.storage.migration import upgrade


@pytest.fixture
def ask(tmp_path, clock):
    """Ask for pages of a service whose database file is ``home/halowatch.sqlite``."""
    config = read_config({"HALOWATCH_HOME": str(tmp_path / "home")})
    context = make_context(replace(config, busy_timeout_s=0.1), clock=clock)
    app = create_app(config, context=context)
    upgrade(context.database)

    async def get(path):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost"
        ) as http:
            return await http.get(path)

    yield lambda path: asyncio.run(get(path))
    context.close()


@pytest.mark.parametrize("path", ["/", "/alerts", "/cavities/cavity-1"])
def test_an_outage_is_said_with_the_age_of_what_was_known(ask, tmp_path, clock, path):
    assert ask("/").status_code == 200
    clock.step(125)
    (tmp_path / "home").rename(tmp_path / "away")
    answer = ask(path)
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["retry-after"] == "1"
    assert "The database does not answer" in answer.text
    assert "last read 2 min 05 s ago" in answer.text
    (tmp_path / "away").rename(tmp_path / "home")
    assert ask("/").status_code == 200


def test_before_the_first_page_nothing_is_claimed(ask, tmp_path):
    (tmp_path / "home").rename(tmp_path / "away")
    answer = ask("/")
    assert answer.status_code == 503
    assert "not read since this service started" in answer.text


def test_programs_still_get_the_problem_document(ask, tmp_path):
    (tmp_path / "home").rename(tmp_path / "away")
    answer = ask("/api/v1/cavities")
    assert answer.status_code == 503
    assert answer.json()["code"] == "storage_unavailable"
