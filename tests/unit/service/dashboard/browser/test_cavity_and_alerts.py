"""Charts that follow the newest sweep, and the form that takes an alert."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CHARTS = [
    *("S21", "S23", "S11", "difference", "transmission", "reflection"),
    *("temperature_k", "magnetic_field_tesla"),
    *("resonant_frequency_hz", "loaded_q", "coupling_beta"),
]


def open_live(page, path):
    page.goto(path)
    expect(page.locator("#connection")).to_have_text("live")


def asked_for(backstage, sweep):
    """Count how often a sweep's traces were asked for."""
    return sum(sweep in path for path in backstage.asked)


def drawn(page, chart):
    """Count the pixels of a chart that are not empty."""
    return page.locator(f"#chart-{chart} canvas").evaluate(
        """canvas => canvas.getContext("2d")
          .getImageData(0, 0, canvas.width, canvas.height).data
          .filter((value, i) => i % 4 === 3 && value > 0).length"""
    )


def test_every_chart_is_drawn(page):
    open_live(page, "/cavities/cavity-2")
    for chart in CHARTS:
        expect(page.locator(f"#chart-{chart} canvas")).to_have_count(1)
        assert drawn(page, chart) > 500


def test_difference_is_that_of_the_levels(page):
    open_live(page, "/cavities/cavity-2")
    expect(page.locator("#chart-difference canvas")).to_have_count(1)
    values = page.evaluate(
        """async () => {
          const { interpolated } = await import("/static/series.js");
          return interpolated([1, 2, 4], [10, 20, 0], [0, 1, 1.5, 3, 4, 5]);
        }"""
    )
    assert values == [None, 10, 15, 10, 0, None]


def test_line_is_broken_where_measurements_are_missing(page):
    open_live(page, "/cavities/cavity-2")
    broken = page.evaluate(
        """async () => {
          const { brokenAtGaps } = await import("/static/series.js");
          return brokenAtGaps([0, 1, 2, 20, 21], [[1, 2, 3, 4, 5]]);
        }"""
    )
    assert broken == [[0, 1, 2, 11, 20, 21], [1, 2, 3, None, 4, 5]]


def test_new_sweep_is_fetched_and_its_reference_only_once(page, live_array, backstage):
    open_live(page, "/cavities/cavity-2")
    for number in range(3):
        wide = live_array.cavity_records[1]["latest"]["wide"]
        wide["sweep_id"] = f"sweep-2-wide-{number}"
        backstage.events.append(("sweep", {"cavity": "cavity-2", "purpose": "wide"}))
        with page.expect_response(f"**/sweep-2-wide-{number}/traces*"):
            pass
    assert asked_for(backstage, "sweep-2-reference") == 1


def test_sweep_of_another_cavity_is_none_of_this_pages_business(
    page, backstage, open_still, wait_until
):
    open_still("/cavities/cavity-2")
    backstage.asked.clear()
    backstage.events.append(("sweep", {"cavity": "cavity-1", "purpose": "wide"}))
    wait_until(lambda: page.evaluate("window.heard"))
    page.clock.fast_forward(1500)
    page.wait_for_timeout(300)
    assert "/cavities/cavity-2" not in backstage.asked


def test_sweep_that_comes_while_one_is_loaded_is_drawn_too(
    page, live_array, backstage, open_still, refresh, wait_until
):
    open_still("/cavities/cavity-2")
    wide = live_array.cavity_records[1]["latest"]["wide"]
    backstage.gate.clear()
    for number in range(2):
        wide["sweep_id"] = f"sweep-2-wide-{number}"
        refresh()
        wait_until(lambda: backstage.held)
    backstage.gate.set()
    wait_until(lambda: asked_for(backstage, "sweep-2-wide-1"))


def test_charts_do_not_pile_up(page, live_array, backstage):
    open_live(page, "/cavities/cavity-2")
    expect(page.locator("canvas")).to_have_count(len(CHARTS))
    nodes = "document.getElementsByTagName('*').length"
    before = page.evaluate(nodes)
    for number in range(4):
        wide = live_array.cavity_records[1]["latest"]["wide"]
        wide["sweep_id"] = f"sweep-2-wide-{number}"
        backstage.events.append(("sweep", {"cavity": "cavity-2", "purpose": "wide"}))
        with page.expect_response(f"**/sweep-2-wide-{number}/traces*"):
            pass
    assert page.evaluate(nodes) == before


def test_time_range_is_chosen(page):
    open_live(page, "/cavities/cavity-2")
    with page.expect_response(re.compile(r"trends\?from=")) as answer:
        page.click("[data-range-s='86400']")
    assert answer.value.ok
    chosen = page.locator("#ranges [aria-pressed='true']")
    expect(chosen).to_have_text("24 h")


def test_missing_reference_is_said_in_the_chart(page, live_array):
    live_array.cavity_records[0]["reference"] = None
    open_live(page, "/cavities/cavity-1")
    expect(page.locator("#chart-difference")).to_contain_text("no reference sweep")
    expect(page.locator("#chart-S21 canvas")).to_have_count(1)


def test_kind_of_sweep_that_is_never_made_is_not_loading_for_ever(page, live_array):
    live_array.cavity_records[0]["latest"]["reflection"] = None
    open_live(page, "/cavities/cavity-1")
    expect(page.locator("#chart-reflection")).to_contain_text("no sweep yet")
    expect(page.locator("#chart-transmission canvas")).to_have_count(1)


def test_cursor_reads_the_values(page):
    open_live(page, "/cavities/cavity-2")
    page.locator("#chart-S21 .u-over").hover()
    readout = page.locator("#chart-S21 .chart-readout")
    expect(readout).to_have_text(re.compile(r"\d\.\d{4} GHz  reference .*  newest "))


def test_acknowledge_posts_name_note_and_duration(page, backstage):
    open_live(page, "/alerts")
    page.click("[data-acknowledge='alert-1']")
    page.fill("[name=by]", "S. Okafor")
    page.fill("[name=note]", "Magnet is ramping")
    page.select_option("[name=duration_s]", "14400")
    page.click("#acknowledge-form [type=submit]")
    expect(page.locator("#acknowledge")).to_be_hidden()
    alert = page.locator("#alert-alert-1")
    expect(alert).to_contain_text("Acknowledged by S. Okafor")
    body = {"by": "S. Okafor", "note": "Magnet is ramping", "duration_s": 14400}
    assert backstage.posts == [("alert-1", body)]
    page.reload()
    assert page.evaluate("localStorage.getItem('halowatch-name')") == "S. Okafor"


def test_acknowledge_says_why_it_was_refused(page, backstage):
    backstage.problem = {"title": "Conflict", "detail": "M. Vogt has it already"}
    open_live(page, "/alerts")
    page.click("[data-acknowledge='alert-1']")
    page.fill("[name=by]", "S. Okafor")
    page.click("#acknowledge-form [type=submit]")
    error = page.locator("#acknowledge-error")
    expect(error).to_have_text("M. Vogt has it already")
    page.click("#acknowledge-cancel")
    page.click("[data-acknowledge='alert-1']")
    expect(error).to_be_hidden()


def test_form_and_open_details_survive_a_refresh(page, open_still, refresh):
    open_still("/alerts")
    page.click("#transitions-alert-1 summary")
    page.click("[data-acknowledge='alert-1']")
    page.fill("[name=note]", "half a sent")
    refresh()
    expect(page.locator("[name=note]")).to_have_value("half a sent")
    expect(page.locator("#transitions-alert-1")).to_have_attribute("open", "")


def test_link_opens_an_alert_of_the_history(page):
    open_live(page, "/alerts#alert-alert-3")
    expect(page.locator("#alert-alert-3")).to_have_attribute("open", "")
