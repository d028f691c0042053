"""What every test may ask for: a clock, a webhook, a browser, the reference data."""

import fcntl
import json
import os
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]

BROWSER_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]
BROWSER_DEADLINE_MS = 90_000
"""Tells slow from hanging; nothing is said about speed."""

settings.register_profile(
    "halowatch",
    deadline=None,
    max_examples=50,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "hostile",
    settings.get_profile("halowatch"),
    max_examples=100_000,
    derandomize=False,
)
settings.load_profile("halowatch")


class SteppingClock:
    """A clock that moves only when somebody sleeps, or steps it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 31, 3, 0, tzinfo=UTC)
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return self.elapsed_s

    def sleep(self, duration_s: float) -> None:
        self.step(duration_s)

    def step(self, duration_s: float) -> None:
        self.elapsed_s += duration_s
        self.moment += timedelta(seconds=duration_s)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The measured sweeps; tests that need them skip where they are not at hand."""
    named = os.environ.get("HALOWATCH_REFERENCE_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no reference data at {folder}; set HALOWATCH_REFERENCE_DATA")
    return folder


@pytest.fixture(scope="session")
def made_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, Callable[[Path], None]], Path]:
    """Fill a folder once for all test processes; who comes later waits."""
    own = tmp_path_factory.getbasetemp()
    common = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def made(name: str, fill: Callable[[Path], None]) -> Path:
        folder, whole = common / name, common / f"{name}.whole"
        with (common / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not whole.exists():
                folder.mkdir(exist_ok=True)
                fill(folder)
                whole.touch()
        return folder

    return made


@pytest.fixture
def some_try_within() -> Callable[..., None]:
    """Do something until one try takes less than so long.

    A machine that stands still spoils a try; a wait that is built in spoils them all.
    """

    def tried(bound_s: float, act: Callable[[], float | None], tries: int = 30) -> None:
        took_s = []
        for _ in range(tries):
            began_s = time.monotonic()
            told_s = act()
            took_s.append(time.monotonic() - began_s if told_s is None else told_s)
            if took_s[-1] < bound_s:
                return
        pytest.fail(f"all tries took {bound_s} s and more: {took_s}")

    return tried


def pick_port() -> int:
    """Find a port on which nobody listens, and which the system gives to nobody.

    Ports that are asked for as 0 lie above 32768.
    """
    for _ in range(1000):
        number = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                continue
            return number
    return pytest.fail("no port is free")


@pytest.fixture(name="pick_port")
def pick_port_fixture() -> Callable[[], int]:
    """Find ports for servers that are started later, or never."""
    return pick_port


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    return pick_port()


class Webhook:
    """A webhook on a real port that remembers, and answers as it is told."""

    def __init__(self) -> None:
        self.messages: list[dict] = []
        self.refused: list[dict] = []
        self.hosts: list[str] = []
        self.status = 200
        self.hold = threading.Event()
        self.hold.set()
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                message = json.loads(self.rfile.read(length))
                webhook.hosts.append(self.headers["Host"])
                good = webhook.status < 400
                (webhook.messages if good else webhook.refused).append(message)
                webhook.hold.wait(5)
                self.send_response(webhook.status)
                if webhook.status == 302:
                    self.send_header("Location", webhook.url)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/alerts"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.hold.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    yield webhook
    webhook.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """Start a browser a module: while it lives, its event loop occupies the thread."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=BROWSER_DEADLINE_MS)
    path = os.environ.get("HALOWATCH_CHROMIUM", "/usr/bin/chromium")
    if not Path(path).is_file():
        reason = f"no browser at {path}; set HALOWATCH_CHROMIUM"
        if os.environ.get("HALOWATCH_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    args = [*BROWSER_FLAGS, "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=args)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console said: errors, warnings, violations of the policy."""
    return []


@pytest.fixture
def page(chromium: "Browser", address: str, complaints: list[str]) -> Iterator["Page"]:
    """A page of the site that the test's own ``address`` names."""
    context = chromium.new_context(
        base_url=address,
        viewport={"width": 1440, "height": 900},
        color_scheme="dark",
    )
    page = context.new_page()
    page.set_default_timeout(BROWSER_DEADLINE_MS)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
