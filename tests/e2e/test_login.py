"""A site as a person and a hostile page meet it, in a real browser."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from instruments.measurement import Sweep, SweepPurpose
from instruments.measurement.message import MSGPACK_MEDIA_TYPE, encode_sweeps

PASSWORD = "tuned to four point two"


def halowatch(environment: dict[str, str], *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments],
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=150,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    ours = {
        "HALOWATCH_HOME": str(tmp_path),
        "HALOWATCH_API_KEYS": "required",
        "HALOWATCH_LOG_LEVEL": "WARNING",
    }
    kept = {n: v for n, v in os.environ.items() if not n.startswith("HALOWATCH_")}
    return kept | ours


@pytest.fixture
def daq(environment: dict[str, str]) -> dict[str, str]:
    for name, role in (("okafor", "operator"), ("guest", "viewer")):
        halowatch(environment, "users", "create", name, "--role", role, given=PASSWORD)
    options = ("--name", "daq", "--scope", "ingest")
    token = halowatch(environment, "keys", "create", *options)
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def address(environment: dict[str, str], daq: dict[str, str]) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "serve", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[-1]
        body = {"sweep_period_s": 1, "title": "One"}
        api = f"{url}/api/v1/cavities/cavity-1"
        httpx.put(api, json=body, headers=daq, timeout=60.0).raise_for_status()
        yield url
    finally:
        process.terminate()
        process.wait(90)
        process.stdout.close()


@pytest.fixture
def hostile(address: str) -> Iterator[str]:
    """A page of another site that tries to use the person's session."""
    target = f"{address}/api/v1/cavities/cavity-1"
    page = f"""<!doctype html><title>kittens</title>
<form id="f" method="post" enctype="text/plain" action="{address}/logout"></form>
<script>
  const body = '{{"title":"Stolen"}}', credentials = "include";
  const page = {{ "X-Halowatch": "page" }};
  Promise.allSettled([
    fetch("{address}/logout", {{ method: "POST", mode: "no-cors", credentials }}),
    fetch("{target}", {{ method: "PUT", headers: page, body, credentials }}),
    fetch("{target}", {{ credentials }}).then((answer) => answer.text()),
  ]).then((all) => {{ document.title = all.map((one) => one.status).join(" "); }});
</script>""".encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def log_in(page: Page, name: str) -> None:
    page.goto("/alerts")
    expect(page).to_have_title("Log in · halowatch")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_title("Alerts · halowatch")


@pytest.mark.browser
def test_a_person_acts_and_a_hostile_page_cannot(
    page: Page, complaints: list[str], address: str, hostile: str, daq: dict[str, str]
):
    log_in(page, "okafor")
    expect(page.get_by_text("okafor")).to_be_visible()
    expect(page.get_by_text("Open mode")).to_have_count(0)
    page.get_by_role("button", name="Acknowledge").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Your name")).to_have_value("okafor")
    expect(dialog.get_by_label("Your name")).not_to_be_editable()
    dialog.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("by okafor until").first).to_be_visible()
    assert complaints == []

    page.goto(hostile)
    expect(page).to_have_title("rejected rejected rejected")
    page.evaluate("document.getElementById('f').submit()")
    page.wait_for_url("**/logout")
    page.goto(f"{address}/alerts")
    expect(page).to_have_title("Alerts · halowatch")
    mine = httpx.get(f"{address}/api/v1/cavities/cavity-1", headers=daq, timeout=60.0)
    assert mine.json()["title"] == "One"

    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_title("Log in · halowatch")
    page.goto(f"{address}/")
    expect(page).to_have_title("Log in · halowatch")


@pytest.mark.browser
def test_what_an_operator_labels_a_viewer_reads_and_cannot_change(
    page: Page, complaints: list[str], address: str, daq: dict[str, str]
):
    sweep = Sweep(
        cavity="cavity-1",
        measured_at=datetime.now(UTC),
        purpose=SweepPurpose.WIDE,
        frequency_hz=np.linspace(4e9, 8e9, 11),
        traces={"S21": np.ones(11, dtype=np.complex64)},
    )
    headers = daq | {"content-type": MSGPACK_MEDIA_TYPE}
    url = f"{address}/api/v1/sweeps"
    httpx.post(
        url, content=encode_sweeps([sweep]), headers=headers, timeout=60.0
    ).raise_for_status()

    log_in(page, "okafor")
    page.goto("/cavities/cavity-1")
    labels = page.locator("#labels")
    labels.get_by_role("button", name="Label the wide sweep").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Your name")).to_have_value("okafor")
    dialog.get_by_label("What", exact=True).fill("temperature_k")
    dialog.get_by_label("Is", exact=True).fill("warm")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_text("value: temperature_k is a number")
    assert "422" in complaints.pop()
    dialog.get_by_label("Is", exact=True).fill("4.2")
    dialog.get_by_label("Note").fill("RuO2 beside it")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(labels).to_contain_text("temperature_k 4.2")

    page.get_by_role("button", name="Log out").click()
    log_in(page, "guest")
    expect(page.get_by_text("No data").first).to_be_visible()
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
    page.goto("/cavities/cavity-1")
    for said in ("temperature_k 4.2", "okafor", "RuO2 beside it"):
        expect(labels).to_contain_text(said)
    buttons = page.locator(".side").get_by_role("button")
    expect(buttons).to_have_count(0)
    assert complaints == []
