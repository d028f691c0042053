"""What people call the sweeps that a cavity's page shows, and the form that says it."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WIDE = "sweep-2-wide"


@pytest.fixture
def open_form(page):
    def open_form(button: str):
        page.goto("/cavities/cavity-2")
        expect(page.locator("#connection")).to_have_text("live")
        page.locator("#labels").get_by_role("button", name=button).click()
        return page.locator("#label-dialog")

    return open_form


def test_a_label_is_said_and_stands_beside_the_verdict(page, backstage, open_form):
    dialog = open_form("Label the wide sweep")
    expect(page.locator("#label-subject")).to_contain_text("Wide sweep of")
    expect(dialog.get_by_role("button", name="Take back")).to_be_hidden()
    dialog.get_by_label("Is", exact=True).fill("loose_connector")
    dialog.get_by_label("Your name").fill("R. Haas")
    dialog.get_by_label("Note").fill("tightened it")
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    label = page.locator("#labels-wide .label")
    expect(label).to_contain_text("condition Loose connector")
    expect(label).to_contain_text("R. Haas")
    expect(label).to_contain_text("tightened it")
    said = {"by": "R. Haas", "note": "tightened it"}
    body = {"name": "condition", "value": "loose_connector", **said}
    assert backstage.posts == [(WIDE, body)]


def test_what_is_written_as_a_number_is_one(page, backstage, open_form, wait_until):
    dialog = open_form("Label the transmission sweep")
    values = page.evaluate(
        """async () => {
          const { valueOf } = await import("/static/labels.js");
          return [["stray_field_tesla", "-1e-3"], ["gap_m", "0.50"], ["load", "0427"],
                  ["condition", "3"], ["temperature_k", "warm"], ["load", ""]]
            .map(([name, text]) => valueOf(name, text));
        }"""
    )
    assert values == [-1e-3, 0.5, "0427", "3", "warm", ""]
    dialog.get_by_label("What", exact=True).fill("temperature_k")
    dialog.get_by_label("Is", exact=True).fill("4.20")
    dialog.get_by_label("Your name").fill("R. Haas")
    dialog.get_by_label("Your name").press("Enter")
    wait_until(lambda: backstage.posts)
    ((sweep, body),) = backstage.posts
    assert (sweep, body["value"]) == ("sweep-2-transmission", 4.2)


def test_a_label_is_replaced_or_taken_back(page, live_array, backstage, open_form):
    live_array.label(WIDE, "condition", "healthy")
    dialog = open_form("Change condition of the wide sweep")
    expect(dialog.get_by_label("What", exact=True)).not_to_be_editable()
    expect(dialog.get_by_label("Is", exact=True)).to_have_value("healthy")
    dialog.get_by_label("Your name").fill("R. Haas")
    dialog.get_by_role("button", name="Take back").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#labels-wide .label")).to_have_count(0)
    assert backstage.posts[0][1]["value"] is None


def test_why_it_was_refused_is_said_and_the_form_stays(page, backstage, open_form):
    backstage.problem = {"title": "Bad", "detail": "value: temperature_k is a number"}
    dialog = open_form("Label the wide sweep")
    dialog.get_by_label("Your name").fill("R. Haas")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_text("value: temperature_k is a number")
    dialog.get_by_role("button", name="Cancel").click()
    page.locator("#labels").get_by_role("button", name="Label the wide").click()
    expect(dialog.get_by_role("alert")).to_be_hidden()


def test_the_sweep_stays_the_one_that_was_seen_when_a_newer_comes(
    page, live_array, backstage, open_still, refresh
):
    open_still("/cavities/cavity-2")
    page.locator("#labels").get_by_role("button", name="Label the wide sweep").click()
    page.fill("#label-form [name=value]", "loose_connector")
    live_array.cavity_records[1]["latest"]["wide"]["sweep_id"] = "sweep-2-wide-9"
    refresh()
    button = page.locator("#labels-wide [data-label]")
    expect(button).to_have_attribute("data-label", "sweep-2-wide-9")
    page.fill("#label-form [name=by]", "R. Haas")
    page.click("#label-submit")
    expect(page.locator("#label-dialog")).to_be_hidden()
    assert [sweep for sweep, _ in backstage.posts] == [WIDE]
