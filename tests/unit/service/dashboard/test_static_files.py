"""A browser asks about every file again, and is told when nothing changed."""

import asyncio
from pathlib import Path

import httpx
from fastapi import FastAPI

from service.dashboard.static_files import RevalidatedFiles


def test_a_kept_file_is_asked_for_and_confirmed(tmp_path: Path) -> None:
    (tmp_path / "wall.js").write_text("export {};")
    app = FastAPI()
    app.mount("/static", RevalidatedFiles(directory=tmp_path))

    async def fetch_twice() -> tuple[httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
            first = await http.get("/static/wall.js")
            kept = {"If-None-Match": first.headers["ETag"]}
            return first, await http.get("/static/wall.js", headers=kept)

    first, second = asyncio.run(fetch_twice())
    assert first.headers["Cache-Control"] == "no-cache"
    assert second.status_code == 304
