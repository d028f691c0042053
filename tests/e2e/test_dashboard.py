"""The dashboard over the real service: a posted sweep reaches a browser."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn
from playwright.sync_api import Page, expect

from instruments.measurement import Sweep, SweepPurpose
from instruments.measurement.message import sweep_to_json
from service.config import read_config
from service.context import ServiceContext, make_context
from service.main import create_app
from service.storage.alert_records import AlertRecord
from service.storage.alerts import insert_alert
from service.storage.migration import upgrade

pytestmark = pytest.mark.browser


@pytest.fixture
def context(tmp_path: Path) -> ServiceContext:
    context = make_context(read_config({"HALOWATCH_HOME": str(tmp_path)}))
    upgrade(context.database)
    return context


@pytest.fixture
def api(context: ServiceContext) -> Iterator[httpx.Client]:
    """Serve the service on a port of its own, with one registered cavity."""
    app = create_app(context.config, context=context)
    options = {"host": "127.0.0.1", "port": 0, "log_level": "warning"}
    server = uvicorn.Server(uvicorn.Config(app, timeout_graceful_shutdown=1, **options))
    thread = threading.Thread(target=server.run)
    thread.start()
    pause = threading.Event()
    while thread.is_alive() and not server.started:
        pause.wait(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60.0) as client:
        settings = {"title": "Cavity 1", "sweep_period_s": 60.0}
        client.put("/api/v1/cavities/cavity-1", json=settings).raise_for_status()
        yield client
    context.broadcaster.close()
    server.should_exit = True
    thread.join(30)
    assert not thread.is_alive()


@pytest.fixture
def address(api: httpx.Client) -> str:
    return str(api.base_url)


def post_sweep(api: httpx.Client, *, is_reference: bool = False) -> str:
    age = timedelta(hours=1) if is_reference else timedelta(0)
    frequency_hz = np.linspace(4e9, 8e9, 801)
    level = np.exp(1j * frequency_hz / 1e8) * (1.0 if is_reference else 0.8)
    sweep = Sweep(
        cavity="cavity-1",
        measured_at=datetime.now(UTC) - age,
        purpose=SweepPurpose.WIDE,
        frequency_hz=frequency_hz,
        traces={name: level.astype(np.complex64) for name in ("S21", "S23", "S11")},
        is_reference=is_reference,
        thermal_cycle="2026-11",
    )
    answer = api.post("/api/v1/sweeps", json=sweep_to_json(sweep))
    answer.raise_for_status()
    return str(answer.json()["results"][0]["sweep_id"])


def open_live(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator("#connection")).to_have_text("live")


def test_posted_sweep_reaches_the_wall_by_the_stream(page, api, complaints):
    open_live(page, "/")
    tile = page.locator("#tile-cavity-1")
    expect(tile).to_contain_text("no wide sweep yet")
    post_sweep(api)
    expect(tile).to_contain_text("last wide sweep")
    assert complaints == []


def test_cavity_page_draws_the_sweep_over_its_reference(page, api, complaints):
    reference = post_sweep(api, is_reference=True)
    newest = post_sweep(api)
    open_live(page, "/cavities/cavity-1")
    shown = page.locator("#cavity")
    expect(shown).to_have_attribute("data-wide", newest)
    expect(shown).to_have_attribute("data-reference", reference)
    for chart in ("S21", "S23", "S11", "difference"):
        canvas = page.locator(f"#chart-{chart} canvas")
        expect(canvas).to_have_count(1)
    page.locator("#chart-difference .u-over").hover()
    readout = page.locator("#chart-difference .chart-readout")
    expect(readout).to_contain_text("S21 −1.94")  # 20 log10(0.8)
    note = page.locator("#chart-temperature_k .chart-note")
    expect(note).to_have_text("nothing estimated in this time")
    assert complaints == []


def test_alert_is_acknowledged_from_the_page(page, api, context):
    alert = AlertRecord(
        alert_id="alert-1",
        rule="receiver_condition",
        scope="cavity",
        cavity="cavity-1",
        cavities=("cavity-1",),
        severity="major",
        title="Loose connector",
        cause="A connector came loose.",
        action="Tighten it.",
        state="active_unacknowledged",
        reason="2 of 3 wide sweeps say so",
        sweep_id=None,
        sweep_measured_at=None,
        raised_at=datetime.now(UTC),
    )
    with context.database.write() as transaction:
        insert_alert(transaction, alert)
    open_live(page, "/alerts")
    page.click("[data-acknowledge='alert-1']")
    page.fill("[name=by]", "S. Okafor")
    page.click("#acknowledge-form [type=submit]")
    shown = page.locator("#alert-alert-1")
    expect(shown).to_contain_text("Acknowledged by S. Okafor")
    expect(shown).to_contain_text("1 transition")
    answer = api.get("/api/v1/alerts").json()["alerts"][0]
    assert answer["state"] == "active_acknowledged"
    assert answer["acknowledged_by"] == "S. Okafor"
