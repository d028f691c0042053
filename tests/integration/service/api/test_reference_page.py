"""The button that makes a sweep the reference, before the real service."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from service.operations.judge_tasks import Diagnoser
from service.operations.panel import Panel

pytestmark = pytest.mark.browser


@pytest.fixture
def address(client) -> str:
    return str(client.base_url).removesuffix("/api/v1/")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_refused_reference_says_why_and_may_be_forced(
    page, client, post, make_sweep, database, judge, real_clock
):
    start = real_clock.now() - timedelta(seconds=60)
    sweeps = [
        make_sweep(0, is_reference=True, measured_at=start),
        make_sweep(1, scale=3.0, measured_at=start + timedelta(seconds=1)),
    ]
    post(client, *sweeps).raise_for_status()
    worker = Diagnoser(
        database=database,
        clock=real_clock,
        panel=Panel.of(judge),
        owner="worker-a",
        lease=timedelta(seconds=5),
        channels=(),
    )
    while worker.run_once():
        pass
    page.goto("/cavities/cavity-1")
    expect(page.locator("#connection")).to_have_text("live")
    panel = page.locator("section#reference")
    expect(panel).to_contain_text("Valid")
    panel.get_by_role("button", name="Take the newest wide sweep").click()
    dialog = page.locator("#reference-dialog")
    dialog.get_by_label("Your name", exact=True).fill("R. Haas")
    dialog.get_by_role("button", name="Take", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("judged loose_connector")
    expect(panel).to_contain_text("Refused")
    dialog.get_by_label("Take it all the same").check()
    dialog.get_by_role("button", name="Take", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(panel).to_contain_text("taken by R. Haas although")
    panel.get_by_role("button", name="Withdraw").click()
    dialog.get_by_role("button", name="Withdraw").click()
    expect(dialog).to_be_hidden()
    expect(panel).to_contain_text("nothing against")
    states = [r["state"] for r in client.get("references").json()["references"]]
    assert states == ["withdrawn", "valid"]
