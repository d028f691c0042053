"""A browser before the scripted array, served on a socket with the calls of the API."""

import asyncio
import json
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from playwright.sync_api import Page, expect

from service.dashboard.views import STATIC_DIRECTORY

DEADLINE_S = 90.0
"""Tells slow from hanging; nothing is said about speed."""


HELD = re.compile("/|/api/v1/sweeps/.*")
"""Answers that a test may keep back: the wall, and traces."""


@dataclass
class Backstage:
    """What a test may do to the service, and what the service was asked."""

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    posts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    problem: dict[str, Any] | None = None
    is_down: bool = False
    gate: threading.Event = field(default_factory=threading.Event)
    held: int = 0
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
        answer = await call_next(request)
        if not backstage.gate.is_set() and HELD.fullmatch(request.url.path):
            backstage.held += 1
            await asyncio.to_thread(backstage.gate.wait, DEADLINE_S)
        return answer

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

    @app.post("/api/v1/sweeps/{sweep}/labels")
    async def label(sweep: str, request: Request) -> Any:
        body = await request.json()
        backstage.posts.append((sweep, body))
        if backstage.problem:
            return JSONResponse(backstage.problem, status_code=422)
        said = {"by": body["by"], "note": body["note"]}
        array.label(sweep, body["name"], body["value"], **said)
        return {"sweep_id": sweep, "labels": {}, "history": []}

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
    backstage = Backstage()
    backstage.gate.set()
    return backstage


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
        backstage.gate.set()
        server.should_exit = True
        thread.join(30)
    assert not thread.is_alive()


WATCH = """
  window.heard = 0;
  window.refreshed = 0;
  const Plain = window.EventSource;
  window.EventSource = class extends Plain {
    constructor(url) {
      super(url);
      this.addEventListener("sweep", () => { window.heard += 1; });
    }
  };
  window.asked = 0;
  const plainFetch = window.fetch;
  window.fetch = (url, options) => {
    window.asked += url === location.pathname;
    return plainFetch(url, options);
  };
  document.addEventListener("halowatch:refreshed", () => { window.refreshed += 1; });
"""
"""Counts what reached the page, before its own scripts run."""


@pytest.fixture
def wait_until(page: Page) -> Callable[[Callable[[], object]], None]:
    """Wait for something that no element of the page shows."""

    def wait(condition: Callable[[], object]) -> None:
        deadline_s = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline_s, "it did not happen"
            page.wait_for_timeout(20)

    return wait


@pytest.fixture
def open_still(
    page: Page, wait_until: Callable[[Callable[[], object]], None]
) -> Callable[[str], None]:
    """Open a page whose timers run only when the test turns its clock.

    It has just been refreshed, so that the next one without an event is 5 s away.
    """

    def open_at(path: str) -> None:
        page.clock.install()
        page.add_init_script(WATCH)
        page.goto(path)
        expect(page.locator("#connection")).to_have_text("live")
        wait_until(lambda: page.evaluate("asked > 0 && asked === refreshed"))
        # Less than the 8 s after which the page gives a refresh up.
        page.clock.pause_at(page.evaluate("Date.now()") + 4000)
        settle(0)
        settle(5000)

    def settle(turn_ms: int) -> None:
        page.clock.fast_forward(turn_ms)
        wait_until(lambda: page.evaluate("asked > 0 && asked === refreshed"))

    return open_at


@pytest.fixture
def refresh(
    page: Page, backstage: Backstage, wait_until: Callable[[Callable[[], object]], None]
) -> Callable[[], None]:
    """Let a sweep of cavity 2 refresh a still page."""

    def let() -> None:
        heard, refreshed = page.evaluate("[window.heard, window.refreshed]")
        backstage.events.append(("sweep", {"cavity": "cavity-2", "purpose": "wide"}))
        wait_until(lambda: page.evaluate("window.heard") > heard)
        page.clock.fast_forward(1000)
        wait_until(lambda: page.evaluate("window.refreshed") > refreshed)

    return let
