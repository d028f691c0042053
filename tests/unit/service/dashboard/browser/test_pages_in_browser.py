"""The pages as a browser shows them: live, honest about silence, without complaint."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WALL, CAVITY, ALERTS = "/", "/cavities/cavity-2", "/alerts"
SIZES = [(1280, 720), (1440, 900), (390, 844), (3840, 2160)]


def open_live(page, path):
    page.goto(path)
    expect(page.locator("#connection")).to_have_text("live")


@pytest.mark.parametrize("path", [WALL, CAVITY, ALERTS])
def test_page_runs_without_a_complaint(page, complaints, path):
    open_live(page, path)
    page.click("#theme")
    page.wait_for_timeout(1500)
    assert complaints == []


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("path", [WALL, CAVITY, ALERTS])
def test_page_never_scrolls_sideways(page, path, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_live(page, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_page_asks_only_its_own_server(page, address):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for path in (WALL, CAVITY, ALERTS):
        open_live(page, path)
    assert asked
    assert all(url.startswith(address) for url in asked)


def test_state_word_is_readable_from_two_metres(page):
    open_live(page, WALL)
    size = page.locator(".state-word").first.evaluate(
        "element => parseFloat(getComputedStyle(element).fontSize)"
    )
    assert size >= 30


def test_wall_fits_a_laptop_without_scrolling(page):
    open_live(page, WALL)
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollHeight") <= 900


def test_ages_tick_without_the_server(page):
    open_live(page, WALL)
    age = page.locator("#tile-cavity-1 .reading .age").first
    before = age.inner_text()
    expect(age).not_to_have_text(before)


def test_ages_are_written_alike_on_both_sides(page):
    open_live(page, WALL)
    words = page.evaluate(
        """async () => {
          const { ageWords } = await import("/static/clock.js");
          return [0, 59.9, 60, 3599, 3600, 86399, 86400, 1e6].map(ageWords);
        }"""
    )
    assert words == [
        *("0 s", "59 s", "1 min 00 s", "59 min 59 s"),
        *("1 h 00 min", "23 h 59 min", "1 d 00 h", "11 d 13 h"),
    ]


def test_number_turns_grey_by_itself_once_it_is_old(page, live_array):
    live_array.cavity_records[0]["stale_after_s"] = 15.0
    open_live(page, WALL)
    reading = page.locator("#tile-cavity-1 .reading").first
    expect(reading).to_have_class(re.compile("is-old"))


def test_event_refreshes_the_wall(page, live_array, backstage):
    open_live(page, WALL)
    live_array.cavity_records[0].update(state="alarm")
    backstage.events.append(("sweep", {"cavity": "cavity-1", "purpose": "wide"}))
    word = page.locator("#tile-cavity-1 .state-word")
    expect(word).to_have_text("Alarm")


def test_event_during_a_refresh_makes_another(
    page, live_array, backstage, open_still, wait_until
):
    open_still(WALL)
    backstage.gate.clear()
    page.clock.fast_forward(5000)
    wait_until(lambda: backstage.held)
    alert = live_array.common_cause()
    live_array.cavity_records[0].update(state="alarm")
    backstage.events.append(("alert", alert))
    expect(page.locator("#announcer")).to_contain_text("the whole array")
    before = page.evaluate("window.refreshed")
    backstage.gate.set()
    wait_until(lambda: page.evaluate("window.refreshed") > before)
    word = page.locator("#tile-cavity-1 .state-word")
    assert word.inner_text() == "Good"
    page.clock.fast_forward(1500)
    expect(word).to_have_text("Alarm")


def test_burst_of_events_makes_one_refresh_a_second(
    page, backstage, open_still, wait_until
):
    open_still(WALL)
    page.clock.fast_forward(1000)
    backstage.asked.clear()
    for _ in range(40):
        backstage.events.append(("sweep", {"cavity": "cavity-1", "purpose": "wide"}))
    wait_until(lambda: page.evaluate("window.heard") == 40)
    page.clock.fast_forward(900)
    wait_until(lambda: "/" in backstage.asked)
    assert backstage.asked.count("/") == 1


def test_alert_is_announced_and_shown_on_the_wall(page, live_array, backstage):
    open_live(page, WALL)
    backstage.events.append(("alert", live_array.common_cause()))
    expect(page.locator(".common-cause")).to_contain_text("Cold receiver is warming")
    expect(page.locator("#announcer")).to_contain_text("the whole array")


def test_sparklines_are_drawn_and_survive_a_refresh(page, open_still, refresh):
    open_still(WALL)
    line = page.locator("#tile-cavity-2 .spark-line").first
    expect(line).to_have_attribute("d", re.compile(r"^M.*M.*$"))
    line.evaluate("element => { element.dataset.same = 'yes'; }")
    refresh()
    expect(line).to_have_attribute("data-same", "yes")


def test_lost_connection_is_said_and_mends_itself(page, backstage):
    open_live(page, WALL)
    backstage.is_down = True
    expect(page.locator("#connection")).to_contain_text("lost since")
    expect(page.locator("#lost")).to_contain_text("No answer from the service since")
    backstage.is_down = False
    expect(page.locator("#connection")).to_have_text("live")
    expect(page.locator("#lost")).to_be_hidden()


def test_page_of_an_unknown_cavity_is_live_and_becomes_its_page(
    page, live_array, backstage
):
    open_live(page, "/cavities/cavity-9")
    expect(page.locator("h1")).to_have_text("No cavity is called cavity-9")
    with page.expect_response("**/cavities/cavity-9"):
        backstage.events.append(("sweep", {"cavity": "cavity-1", "purpose": "wide"}))
    page.wait_for_timeout(300)
    expect(page.locator("#lost")).to_be_hidden()
    live_array.cavity_records.append(live_array.cavity_record(9, "good", 12))
    backstage.events.append(("sweep", {"cavity": "cavity-9", "purpose": "wide"}))
    expect(page.locator(".cavity-state")).to_have_text("Good")
    expect(page.locator("#connection")).to_have_text("live")


def test_theme_is_kept(page):
    open_live(page, WALL)
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    dark = page.evaluate(ground)
    page.click("#theme")
    light = page.evaluate(ground)
    assert light != dark
    page.goto(ALERTS)
    assert page.evaluate(ground) == light


def test_page_is_complete_without_scripts(chromium, address):
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto(WALL)
    tile = page.locator("#tile-cavity-2")
    expect(tile).to_contain_text("11.80 mT")
    expect(tile).to_contain_text("Circulator stray field")
    context.close()


def test_keyboard_reaches_the_first_cavity(page):
    open_live(page, WALL)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "cover":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/cavities/cavity-1")
