"""The site's own Caddyfile in front of the API: TLS, streams, refusals, addresses."""

import contextlib
import json
import os
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from instruments.client.http import SweepClient
from service.access.routes import SWEEP_BODY_BYTES

# What a proxy makes of an answer has nothing to do with the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CADDYFILE = Path(__file__).parents[4] / "deploy" / "Caddyfile"


def find_caddy() -> str:
    found = shutil.which("caddy")
    if found is not None:
        return found
    if os.environ.get("HALOWATCH_REQUIRE_CADDY") == "1":
        pytest.fail("no caddy here")
    return pytest.skip("no caddy here")


@pytest.fixture
def root(tmp_path) -> Path:
    """Where Caddy's own authority leaves its certificate."""
    return tmp_path / "caddy" / "pki" / "authorities" / "local" / "root.crt"


@pytest.fixture
def proxy(client, tmp_path, root, pick_port) -> Iterator[httpx.Client]:
    """Caddy over a replica that answers and one that is gone, by https."""
    caddy = find_caddy()
    # The redirects would listen on port 80.
    text = CADDYFILE.read_text().replace(
        "grace_period 5s", "grace_period 200ms\n\tauto_https disable_redirects"
    )
    (tmp_path / "Caddyfile").write_text(text)
    url = f"https://localhost:{pick_port()}"
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [caddy, "run", "--config", "Caddyfile", "--adapter", "caddyfile"],
            cwd=tmp_path,
            env={
                "HOME": str(tmp_path),
                "XDG_DATA_HOME": str(tmp_path),
                "XDG_CONFIG_HOME": str(tmp_path),
                "HALOWATCH_SITE": url,
                "HALOWATCH_TLS": "tls internal",
                "HALOWATCH_BIND": "bind 127.0.0.1",
                "HALOWATCH_UPSTREAMS": (
                    f"127.0.0.1:{client.base_url.port} 127.0.0.1:{pick_port()}"
                ),
            },
            stdout=subprocess.DEVNULL,
            stderr=log,
        ) as process,
    ):
        try:
            wait_until_ready(url, root, tmp_path / "log")
            context = ssl.create_default_context(cafile=str(root))
            with httpx.Client(base_url=url, verify=context, timeout=60) as through:
                yield through
        finally:
            process.terminate()
            process.wait(60)


def wait_until_ready(url: str, root: Path, log: Path) -> None:
    end_s = time.monotonic() + 90.0
    while time.monotonic() < end_s:
        with contextlib.suppress(httpx.HTTPError, OSError):
            context = ssl.create_default_context(cafile=str(root))
            if httpx.get(f"{url}/readyz", verify=context).status_code == 200:
                return
        time.sleep(0.05)
    pytest.fail(log.read_text()[-2000:])


def test_a_site_with_an_authority_of_its_own_serves_pages_pollers_and_streams(
    proxy, root, monkeypatch, make_sweep
):
    page = proxy.get("/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    told = _listen(proxy)
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    with SweepClient(str(proxy.base_url)) as poller:
        for seed in range(8):
            (result,) = poller.post_sweeps([make_sweep(seed)])
            assert result.is_stored
    assert told() == result.sweep_id


def _listen(proxy: httpx.Client):
    """Read the stream in a thread; the call waits for the last of eight sweeps."""
    found: list[str] = []
    is_listening = threading.Event()

    def read() -> None:
        compressed = {"Accept-Encoding": "gzip"}
        with proxy.stream("GET", "/api/v1/stream", headers=compressed) as answer:
            for line in answer.iter_lines():
                if line == ": listening":
                    is_listening.set()
                if line.startswith("data: ") and '"sweep_id"' in line:
                    found.append(json.loads(line[6:])["sweep_id"])
                if len(set(found)) == 8:
                    return

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert is_listening.wait(60)

    def wait() -> str:
        thread.join(60)
        return found[-1]

    return wait


def test_who_sends_too_much_is_told_so_through_the_proxy(proxy):
    body = bytes(SWEEP_BODY_BYTES + 4 * 1024 * 1024)
    for _ in range(4):
        answer = proxy.post("/api/v1/sweeps", content=body)
        assert answer.status_code == 413
        assert answer.json()["code"] == "body_too_large"


def test_the_audit_log_names_the_caller_and_not_what_it_claims_to_be(proxy, root):
    context = ssl.create_default_context(cafile=str(root))
    transport = httpx.HTTPTransport(verify=context, local_address="127.0.0.7")
    with httpx.Client(base_url=proxy.base_url, transport=transport, timeout=60) as liar:
        answer = liar.put(
            "/api/v1/cavities/cavity-1",
            json={"title": "mine"},
            headers={"X-Forwarded-For": "6.6.6.6"},
        )
    assert answer.status_code == 200
    newest = proxy.get("/api/v1/audit").json()["actions"][0]
    assert newest["address"] == "127.0.0.7"


def test_a_page_of_the_same_name_without_tls_is_of_another_site(proxy):
    path, own = "/api/v1/cavities/cavity-1", str(proxy.base_url).rstrip("/")
    plain = own.replace("https://", "http://")
    answer = proxy.put(path, json={"title": "theirs"}, headers={"Origin": plain})
    assert answer.status_code == 403
    assert answer.json()["code"] == "cross_site"
    # What a caller says of its own scheme is not what the proxy saw.
    claims = {"Origin": plain, "X-Forwarded-Proto": "http"}
    assert proxy.put(path, json={}, headers=claims).status_code == 403
    assert proxy.put(path, json={}, headers={"Origin": own}).status_code == 200
