"""What the three pages say before any script runs."""

import html
import re

import pytest

from service.access.permissions import Role, permissions_of_role
from service.access.principal import Principal, PrincipalKind

PAGES = ["/", "/cavities/cavity-2", "/alerts", "/cavities/nobody"]


def words(page: str) -> str:
    """Strip the tags and fold white space."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", page))
    return re.sub(r"\s+", " ", text)


def tile(page: str, cavity: str) -> str:
    start = page.index(f'id="tile-{cavity}"')
    return page[start : page.index("</article>", start)]


@pytest.mark.parametrize("path", PAGES)
def test_pages_run_nothing_inline(get, path):
    response = get(path)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["cache-control"] == "no-store"
    page = response.text
    assert not re.search(r"\sstyle\s*=|<style|\son\w+\s*=", page)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))


@pytest.mark.parametrize("path", PAGES)
def test_pages_ask_nobody_else(get, path):
    links = re.findall(r"(?:href|src)=\"([^\"]*)\"", get(path).text)
    assert links
    assert all(link.startswith(("/", "#")) for link in links)


@pytest.mark.parametrize("path", PAGES)
def test_ids_are_unique(get, path):
    ids = re.findall(r"\sid=\"([^\"]*)\"", get(path).text)
    assert len(ids) == len(set(ids))


def test_wall_answers_at_a_glance(get):
    page = words(get("/").text)
    assert "Alarm on Cavity 2 · Warning on Cavity 5" in page
    assert "2 good 1 warning 1 alarm 1 stale 1 no verdict" in page
    assert "Newest alert Circulator stray field Cavity 2 since 03:08:30 UTC" in page


@pytest.mark.parametrize(
    ("cavity", "expected"),
    [
        ("cavity-1", "Good Cavity 1 Healthy 98 % 12 s"),
        ("cavity-1", "T 12 s 4.03 K [3.48–4.58]"),
        ("cavity-1", "f₀ 12 s 5.131 234 6 GHz ± 1.2 kHz"),
        ("cavity-2", "Alarm Cavity 2 Circulator stray field 97 % 21 s"),
        ("cavity-2", "B 21 s 11.80 mT [11.61–11.99]"),
        ("cavity-2", "since 03:08:30 UTC · 4 min 14 s · not acknowledged"),
        ("cavity-3", "T 33 s < 9 K 95 % bound"),
        ("cavity-4", "Stale Cavity 4 last wide sweep 4 min 12 s ago"),
        ("cavity-5", "B 44 s no reference"),
        ("cavity-5", "Warning Cavity 5 Unlike anything trained"),
        ("cavity-5", "acknowledged by M. Vogt until 04:12:44 UTC"),
        ("cavity-6", "No verdict Cavity 6 last wide sweep 9 s ago"),
        ("cavity-6", "f₀ no fit yet"),
    ],
)
def test_tile_says(get, cavity, expected):
    assert expected in words(tile(get("/").text, cavity))


def test_every_number_on_a_tile_has_an_age(get):
    page = get("/").text
    for number in range(1, 6):
        readings = tile(page, f"cavity-{number}").split('<div class="reading')[1:]
        assert len(readings) == 5
        for reading in readings:
            assert "data-age" in reading
            assert 'data-stale-after-s="180.0"' in reading


def test_old_numbers_are_marked_before_any_script_runs(get):
    page = get("/").text
    assert "age is-old" in tile(page, "cavity-4")
    assert "age is-old" not in tile(page, "cavity-1")


def test_state_is_never_told_by_colour_alone(get):
    page = get("/").text
    for number, state in enumerate(
        ("good", "alarm", "good", "stale", "warning", "unknown"), start=1
    ):
        head = tile(page, f"cavity-{number}").partition("</header>")[0]
        assert f'href="#icon-{state}"' in head
    assert len(set(re.findall(r'<symbol id="(icon-\w+)"', page))) >= 8


def test_common_cause_is_a_banner(get, array):
    assert "Whole array" not in get("/").text
    array.common_cause()
    page = words(get("/").text)
    assert "Common cause on 6 of 6 cavities" in page
    assert "Whole array: Cold receiver is warming since 03:11:29 UTC" in page


def test_tiles_stay_quiet_below_a_common_cause(get, array):
    cause = array.common_cause()
    first, second = array.cavity_records[:2]
    first.update(state="alarm", active_alerts=[cause])
    second["active_alerts"].append(cause)
    page = get("/").text
    assert 'class="tile state-alarm is-quiet" id="tile-cavity-1"' in page
    assert "Whole array: Cold receiver is warming" in words(tile(page, "cavity-1"))
    # An alert of its own still calls, and comes first.
    assert 'class="tile state-alarm" id="tile-cavity-2"' in page
    assert "Circulator stray field" in words(tile(page, "cavity-2"))


def test_wall_when_no_cavity_is_registered(get, array):
    array.cavity_records.clear()
    array.alert_records.clear()
    page = words(get("/").text)
    assert "No cavity is registered yet" in page
    assert "halowatch poll array.yaml" in page


def test_wall_when_nothing_was_measured(get, array):
    record = array.cavity_records[0]
    record.update(latest={"wide": None}, state="unknown", sweep_period_s=None)
    record.update(dict.fromkeys(("condition", "resonance", "temperature_k")))
    assert "no wide sweep yet" in words(tile(get("/").text, "cavity-1"))
    assert get("/cavities/cavity-1").status_code == 200


def test_wall_when_a_cavity_is_not_watched(get, array):
    array.cavity_records[0]["enabled"] = False
    assert "not watched" in words(tile(get("/").text, "cavity-1"))


def test_titles_are_escaped(get, array):
    array.cavity_records[0]["title"] = "<script>alert(1)</script>"
    for path in ("/", "/cavities/cavity-1", "/alerts"):
        assert "<script>alert" not in get(path).text


def test_cavity_page_says_what_was_concluded(get):
    page = words(get("/cavities/cavity-2").text)
    for expected in (
        "Cavity 2 Alarm Circulator stray field 97 % 21 s",
        "cavity-2 · vna-2 · thermal cycle 2026-11",
        "90 % set Circulator stray field",
        "Healthy 1 %",
        "Like the training sweeps yes, p = 0.43",
        "Integrity no flag",
        "Model demo-2026.11",
        "2 of 3 wide sweeps read circulator stray field",
    ):
        assert expected in page


def test_cavity_page_says_where_a_sweep_is_strange_and_what_others_think(get):
    page = words(get("/cavities/cavity-2").text)
    for expected in (
        "T², inside of what varies usually: most of it S23, 4.00 to 4.25 GHz",
        "Q, outside of it: most of it S21, 4.25 to 4.50 GHz",
        "Condition Loose connector, 61 %",
        "T, 90 % 3.1 to 5.9 K",
    ):
        assert expected in page
    assert "B, 90 %" not in page
    assert "strangeness" not in get("/cavities/cavity-6").text


def test_cavity_page_names_the_sweeps_for_the_charts(get):
    page = get("/cavities/cavity-2").text
    for name in ("wide", "transmission", "reflection", "reference"):
        assert f'data-{name}="sweep-2-{name}"' in page
        assert f'href="/api/v1/sweeps/sweep-2-{name}"' in page


def test_cavity_page_shows_flags_and_an_empty_set(get):
    page = words(get("/cavities/cavity-5").text)
    assert "receiver overload" in page
    assert "empty: like nothing trained" in page


def test_cavity_page_before_any_verdict(get):
    page = words(get("/cavities/cavity-6").text)
    assert "No verdict yet" in page
    assert "Model none" in page
    assert "reference: none" in page


def test_cavity_page_when_the_fit_failed(get, array):
    array.cavity_records[0]["resonance"].update(
        state="no_resonance", resonant_frequency_hz=None, loaded_q=None
    )
    page = words(get("/cavities/cavity-1").text)
    assert "Fit: no resonance" in page
    assert "f₀ 12 s no fit" in page


def test_unknown_cavity_is_answered_with_the_known_ones(get):
    response = get("/cavities/nobody")
    assert response.status_code == 404
    assert "No cavity is called nobody" in words(response.text)
    assert 'href="/cavities/cavity-6"' in response.text


def test_alerts_page_tells_the_whole_story(get):
    page = words(get("/alerts").text)
    for expected in (
        "Major Circulator stray field Cavity 2 since 03:08:30 UTC · 4 min 14 s",
        "Likely cause The circulator's ferrite",
        "What to do Check the magnet current",
        "webhook raised delivered 03:08:30 UTC 1 attempt",
        "webhook raised waiting: HTTP 500 from 127.0.0.1 4 attempts",
        "Acknowledged by M. Vogt until 04:12:44 UTC",
        "Active → Acknowledged acknowledged by M. Vogt Looking at the line",
        "Resonance lost",
        "lasted 20 min 00 s",
    ):
        assert expected in page


def test_alerts_page_offers_what_can_be_acknowledged(get, array):
    array.alert_records[2].update(state="cleared_unacknowledged")
    page = get("/alerts").text
    assert re.findall(r'data-acknowledge="([^"]*)"', page) == ["alert-1", "alert-3"]
    assert "Cleared, not acknowledged" in words(page)
    assert "2 active, 1 cleared and not acknowledged" in words(page)
    assert "Resonance lost Cavity 1 from" in words(page)
    assert "1 cleared, not acknowledged" in words(get("/").text)


def test_what_is_over_has_neither_colour_nor_shape_of_what_calls(get, array):
    unseen = array.alert(7, "resonance_lost", "cavity-3", 9000)
    unseen.update(state="cleared_unacknowledged", cleared_at=array.past(8000))
    array.alert_records.append(unseen)
    page = get("/alerts").text
    active, cleared, past = re.split(r'id="(?:cleared|past)-title"', page)
    for part in (cleared, past):
        assert "#icon-over" in part
        assert "Cleared , was minor" in words(part)
        assert not re.findall(r"severity-m\w+|#icon-m\w+", part)
    assert "severity-over" not in active
    assert "Cleared" not in words(active)
    assert "2 active, 1 cleared and not acknowledged" in words(page)


def test_the_wall_says_which_gates_a_live_model_failed(get, array):
    assert "past gates" not in get("/").text
    array.overruled = ["model m-2 judges c <i> past gates that it failed (coverage)"]
    page = get("/").text
    assert "Model m-2 judges c &lt;i&gt; past gates that it failed (coverage)." in page


def test_alerts_page_keeps_an_active_alert_that_history_has_overrun(get, array):
    everything = array.alerts

    def cut(state: str) -> dict[str, object]:
        answer = everything(state)
        if state == "all":
            answer["alerts"] = answer["alerts"][2:]
        return answer

    array.alerts = cut
    assert "Circulator stray field" in get("/alerts").text


def test_alerts_page_when_all_is_quiet(get, array):
    array.alert_records.clear()
    page = words(get("/alerts").text)
    assert "Nothing needs you" in page
    assert "cleared, not acknowledged" not in words(get("/").text)
    assert "History nothing yet" in page


def test_alerts_page_names_the_cavities_of_a_common_cause(get, array):
    array.common_cause()
    page = words(get("/alerts").text)
    assert "Cavities Cavity 1 , Cavity 2" in page


def test_flags_stand_on_tile_and_cavity_page_in_words(get, array):
    record = array.cavity_records[0]
    record["flags"] = ["averages_short", "rf_off"]
    record["latest"]["wide"]["flags"] = ["rf_off"]
    assert "newest sweeps: averages short, RF off" in words(
        tile(get("/").text, "cavity-1")
    )
    assert "newest sweeps" not in words(tile(get("/").text, "cavity-2"))
    page = words(get("/cavities/cavity-1").text)
    assert re.search(r"Wide 12 s JSON RF off Transmission", page)


def test_a_paused_cavity_says_who_paused_it(get, array):
    array.pause("cavity-4", "paused", "antenna work")["state"] = "paused"
    array.pause("cavity-1", "inhibited", "run 7 digitises")
    page = get("/").text
    paused = words(tile(page, "cavity-4"))
    assert "Paused Cavity 4 last wide sweep 4 min 12 s ago" in paused
    assert "polling paused: antenna work" in paused
    assert 'href="#icon-paused"' in tile(page, "cavity-4")
    assert "RF inhibited: run 7 digitises" in words(tile(page, "cavity-1"))
    assert "1 paused" in words(page)
    head = words(get("/cavities/cavity-4").text)
    assert "polling paused: antenna work since 03:07:44 UTC" in head


def test_the_wall_tells_how_pollers_fare(get, array):
    assert 'id="pollers"' not in get("/").text
    array.poller()
    east = array.poller("east", ago_s=61.0)
    assert east["is_stale"]
    page = words(get("/").text)
    assert "array Reports 2 s ago spool empty 6 of 6 instruments well" in page
    assert "5120 measured, 5118 stored" in page
    assert "east No report 1 min 01 s ago" in page


def test_a_spool_that_refuses_is_an_alarm_with_its_reason(get, array):
    poller = array.poller()
    poller["spool"] |= {
        "depth": 812,
        "depth_bytes": 999_000_000,
        "oldest_age_s": 7300.0,
        "is_refusing": True,
        "last_error": "the disk is full",
    }
    page = get("/").text
    assert 'class="poller state-alarm"' in page
    assert (
        "array Refuses sweeps 2 s ago spool 812 sweeps, 999 of 1000 MB, oldest "
        "2 h 01 min" in words(page)
    )
    assert "the disk is full" in words(page)


def test_an_alert_of_the_array_without_cavities_is_no_common_cause(get, array):
    alert = array.common_cause()
    alert.update(title="Spool filling", cavities=[])
    page = words(get("/").text)
    assert "Common cause on" not in page
    assert "Whole array" not in page
    assert "Spool filling since" in page
    assert "Array, 0" not in words(get("/alerts").text)


def test_who_may_only_look_reads_the_labels_and_sees_no_button(array, get):
    viewer = Principal(
        kind=PrincipalKind.PERSON,
        name="guest",
        permissions=permissions_of_role(Role.VIEWER),
    )
    nobody = "Nobody has labelled the sweeps that are shown."
    assert nobody in words(get("/cavities/cavity-2", viewer).text)
    array.label("sweep-2-reflection", "gap_m", 0.00125, note="<b>measured</b>")
    page = get("/cavities/cavity-2", viewer).text
    assert nobody not in words(page)
    labels = page[page.index('id="labels"') : page.index('id="reference"')]
    assert "Reflection 21 s gap_m 0.00125 S. Okafor, 03:11:14 UTC :" in words(labels)
    assert "&lt;b&gt;measured" in labels
    assert "<button" not in labels
    assert "Label the wide sweep" in words(get("/cavities/cavity-2").text)
