"""Words for states, moments and ages."""

import pytest

from service.dashboard.wording import (
    age_s,
    age_words,
    array_sentence,
    by_urgency,
    clock_words,
    percent,
    state_counts,
)

NOW = "2026-01-31T03:12:44Z"


def cavities(*states: str) -> list[dict[str, str]]:
    return [
        {"id": f"c{number}", "title": f"Cavity {number}", "state": state}
        for number, state in enumerate(states, start=1)
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d 00 h"),
        (1_000_000, "11 d 13 h"),
    ],
)
def test_age_words(seconds, words):
    assert age_words(seconds) == words


def test_age_is_never_below_zero():
    assert age_s("2026-01-31T03:12:50Z", NOW) == 0.0
    assert age_s("2026-01-31T04:12:04+01:00", NOW) == 40.0


def test_clock_words_names_the_date_of_another_day():
    assert clock_words("2026-01-31T01:00:00.5Z", NOW) == "01:00:00 UTC"
    assert clock_words("2026-01-30T23:59:59Z", NOW) == "2026-01-30 23:59:59 UTC"


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ((), "No cavity is registered"),
        (("good",), "The cavity is good"),
        (("good", "good"), "All 2 cavities good"),
        (("good", "alarm"), "Alarm on Cavity 2"),
        (
            ("warning", "alarm", "stale", "unknown"),
            "Alarm on Cavity 2 · Warning on Cavity 1",
        ),
        (("alarm", "alarm"), "Alarm on Cavity 1 and Cavity 2"),
        (("stale", "stale", "stale"), "No fresh sweep from 3 cavities"),
        (("unknown", "good"), "No verdict on Cavity 1"),
    ],
)
def test_array_sentence_answers_one_or_all(states, sentence):
    assert array_sentence(cavities(*states), []) == sentence


def test_array_sentence_names_a_common_cause_first():
    shared = {"scope": "array", "cavities": ["c1", "c2"]}
    own = {"scope": "cavity", "cavities": ["c3"]}
    words = array_sentence(cavities("alarm", "alarm", "alarm"), [own, shared])
    assert words == "Common cause on 2 of 3 cavities"


def test_state_counts_keeps_the_order_of_the_summary():
    counts = state_counts(cavities("stale", "good", "good"))
    assert next(iter(counts.items())) == ("good", 2)
    assert counts["stale"] == 1
    assert counts["alarm"] == 0


def test_by_urgency_puts_what_nobody_took_first():
    def alert(name: str, severity: str, at: str, state: str) -> dict[str, str]:
        return {"id": name, "severity": severity, "raised_at": at, "state": state}

    alerts = [
        alert("taken", "critical", "3", "active_acknowledged"),
        alert("old", "major", "1", "active_unacknowledged"),
        alert("new", "major", "2", "active_unacknowledged"),
        alert("small", "minor", "4", "active_unacknowledged"),
    ]
    assert [a["id"] for a in by_urgency(alerts)] == ["new", "old", "small", "taken"]


@pytest.mark.parametrize(
    ("probability", "words"),
    [(1.0, "> 99 %"), (0.9949, "99 %"), (0.5, "50 %"), (0.0, "< 1 %")],
)
def test_percent_never_claims_certainty(probability, words):
    assert percent(probability) == words
