"""A browser before the scripted array, served on a socket with the calls of the API."""

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from playwright.sync_api import Browser, Page, expect, sync_playwright

from service.dashboard.views import STATIC_DIRECTORY

expect.set_options(timeout=15_000)

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]


@dataclass
class Backstage:
    """What a test may do to the service, and what the service was asked."""

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    problem: dict[str, Any] | None = None
    is_down: bool = False
    is_stopping: bool = False


def traces(sweep: str) -> dict[str, Any]:
    """Make a sweep whose ripple moves with its number."""
    number, purpose = sweep.split("-")[1:3]
    rng = np.random.default_rng(int(number) + (purpose == "reference"))
    if purpose in {"wide", "reference"}:
        frequency_hz = np.linspace(4e9, 8e9, 801)
        shift = 0.3 if purpose == "wide" and number == "2" else 0.0
        gain_db = 38 + 3 * np.sin(frequency_hz / 3e8 + shift) - 2 * shift
        dip_db = 9 * np.exp(-(((frequency_hz - 5.16e9) / 6e6) ** 2))
        levels = {"S21": gain_db - 30, "S23": gain_db - 4 - dip_db, "S11": -14 + shift}
    else:
        detuning_hz = np.linspace(-3e6, 3e6, 201)
        frequency_hz = 5.1e9 + 31_234_567 * int(number) + detuning_hz
        peak_db = -10 * np.log10(1 + (detuning_hz / 320e3) ** 2)
        name, sign = ("S21", 1) if purpose == "transmission" else ("S23", -0.6)
        levels = {name: 8 + sign * peak_db}
    noise = rng.normal(0, 0.05, (len(levels), frequency_hz.size))
    return {
        "sweep_id": sweep,
        "frequency_hz": frequency_hz.tolist(),
        "traces": {
            name: {"magnitude_db": (level + row).tolist(), "phase_rad": []}
            for (name, level), row in zip(levels.items(), noise, strict=True)
        },
        "decimated": False,
    }


def trends(to_s: float, cavity: str, points: int) -> dict[str, Any]:
    """Make an hour of quiet numbers with ten minutes missing."""
    seed = int(cavity[-1])
    rng = np.random.default_rng(seed)
    time = to_s - np.linspace(3540, 0, min(points, 60))
    time = time[(time < time[-1] - 2000) | (time > time[-1] - 1400)]
    wander = np.cumsum(rng.normal(0, 0.03, time.size))
    jump = (seed == 2) * 11.6e-3 / (1 + np.exp(-(time - time[-1] + 280) / 20))

    def band(middle: Any, half: float) -> dict[str, list[float]]:
        columns = {"median": middle, "p05": middle - half, "p95": middle + half}
        return {name: column.tolist() for name, column in columns.items()}

    def sigma(middle: Any, width: float) -> dict[str, list[float]]:
        return {"value": middle.tolist(), "sigma": [width] * time.size}

    columns = {
        "temperature_k": band(4.0 + 0.03 * seed + wander, 0.55),
        "magnetic_field_tesla": band(2.1e-4 + jump + 4e-5 * wander, 1.9e-4),
        "resonant_frequency_hz": sigma(5.1e9 + 31_234_567 * seed + 9e3 * wander, 1240),
        "loaded_q": sigma(8010 - 37 * seed + 30 * wander, 64),
        "coupling_beta": sigma(1.49 + 0.01 * seed + 0.01 * wander, 0.03),
    }
    return {name: {"time": time.tolist(), **c} for name, c in columns.items()}


def serve_api(app: FastAPI, array: Any, backstage: Backstage) -> None:
    """Add the calls of the API that the scripts of the pages make."""
    app.mount("/static", StaticFiles(directory=STATIC_DIRECTORY))

    @app.middleware("http")
    async def watch(request: Request, call_next: Any) -> Any:
        backstage.asked.append(request.url.path)
        if backstage.is_down:
            return JSONResponse({"title": "down"}, status_code=503)
        return await call_next(request)

    @app.get("/api/v1/sweeps/{sweep}/traces")
    def sweep_traces(sweep: str) -> Any:
        return traces(sweep)

    @app.get("/api/v1/cavities/{cavity}/trends")
    def cavity_trends(cavity: str, points: int = 600) -> Any:
        return trends(array.now().timestamp(), cavity, points)

    @app.post("/api/v1/alerts/{alert}/acknowledge")
    async def acknowledge(alert: str, request: Request) -> Any:
        body = await request.json()
        backstage.posts.append((alert, body))
        if backstage.problem:
            return JSONResponse(backstage.problem, status_code=409)
        named = next(a for a in array.alert_records if a["id"] == alert)
        array.acknowledge(named, body["by"])
        return named

    @app.get("/api/v1/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(event_text(backstage), media_type="text/event-stream")


async def event_text(backstage: Backstage) -> AsyncIterator[str]:
    sent = len(backstage.events)
    yield "event: health\ndata: {}\n\n"
    while not (backstage.is_stopping or backstage.is_down):
        for name, record in backstage.events[sent:]:
            sent += 1
            yield f"event: {name}\ndata: {json.dumps(record)}\n\n"
        await asyncio.sleep(0.05)


@pytest.fixture
def backstage() -> Backstage:
    return Backstage()


@pytest.fixture
def address(live_app: FastAPI, live_array: Any, backstage: Backstage) -> Iterator[str]:
    """Serve the scripted array on a port of its own."""
    serve_api(live_app, live_array, backstage)
    config = uvicorn.Config(live_app, host="127.0.0.1", port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    pause = threading.Event()
    while thread.is_alive() and not server.started:
        pause.wait(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        backstage.is_stopping = True
        server.should_exit = True
        thread.join(10)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start a browser a module: while it lives, its event loop occupies the thread."""
    path = os.environ.get("HALOWATCH_CHROMIUM", "/usr/bin/chromium")
    if not Path(path).is_file():
        reason = f"no browser at {path}; set HALOWATCH_CHROMIUM"
        if os.environ.get("HALOWATCH_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    args = [*FLAGS, "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=args)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console said: errors, warnings, violations of the policy."""
    return []


@pytest.fixture
def page(chromium: Browser, address: str, complaints: list[str]) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=address,
        viewport={"width": 1440, "height": 900},
        color_scheme="dark",
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
