"""Words for states, moments and ages, and the one sentence on the whole array."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from models.diagnosis.wording import spoken

STATE_WORDS = {
    "good": "Good",
    "warning": "Warning",
    "alarm": "Alarm",
    "stale": "Stale",
    "paused": "Paused",
    "unknown": "No verdict",
}
"""A cavity's state to the word on its tile, in the order of the wall's summary."""

ALERT_STATE_WORDS = {
    "active_unacknowledged": "Active",
    "active_acknowledged": "Acknowledged",
    "cleared_unacknowledged": "Cleared, not acknowledged",
    "normal": "Normal",
}
"""An alert's state of the ISA-18.2 life cycle to words."""

_REFERENCE_WORDS = {
    "valid": "Valid",
    "expired": "Expired with its thermal cycle",
    "unchecked": "Not checked yet",
}

_SENTENCE_OPENINGS = {
    "alarm": "Alarm on",
    "warning": "Warning on",
    "stale": "No fresh sweep from",
    "paused": "Not measured on purpose:",
    "unknown": "No verdict on",
}
_SEVERITY_RANK = {"critical": 0, "major": 1, "minor": 2}
_MAX_NAMES = 2
_MAX_PARTS = 2


def moment(text: str) -> datetime:
    """Read an RFC 3339 time as an aware UTC datetime."""
    return datetime.fromisoformat(text).astimezone(UTC)


def age_s(then: str, now: str) -> float:
    """Return the seconds between two RFC 3339 times, never below zero."""
    return max(0.0, (moment(now) - moment(then)).total_seconds())


def age_words(seconds: float) -> str:
    """Write an age with its two leading units, as ``static/clock.js`` does."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"


def clock_words(then: str, now: str) -> str:
    """Write a moment in UTC, with its date where that is not today's."""
    at, today = moment(then), moment(now)
    layout = "%H:%M:%S UTC" if at.date() == today.date() else "%Y-%m-%d %H:%M:%S UTC"
    return at.strftime(layout)


def reference_words(state: str) -> str:
    """Write what a reference is worth."""
    return _REFERENCE_WORDS.get(state, spoken(state))


def label_words(label: Mapping[str, Any]) -> str:
    """Write what somebody called a sweep; a number in the unit of its name."""
    value = label["value"]
    if not isinstance(value, str):
        return f"{value:.6g}"
    return spoken(value) if label["name"] == "condition" else value


def drift_words(rate_hz_per_s: float) -> str:
    """Write how fast f0 moves, by the minute: a person waits minutes, not seconds."""
    per_minute_hz = 60.0 * rate_hz_per_s
    for unit, size_hz in (("MHz", 1e6), ("kHz", 1e3)):
        if abs(per_minute_hz) >= size_hz:
            return f"{per_minute_hz / size_hz:+.3g} {unit} a minute"
    return f"{per_minute_hz:+.3g} Hz a minute"


def percent(probability: float) -> str:
    """Write a probability without ever claiming certainty."""
    if probability > 0.995:
        return "> 99 %"
    if probability < 0.005:
        return "< 1 %"
    return f"{100 * probability:.0f} %"


def state_counts(cavities: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Count the cavities in each state, in the order of the summary."""
    states = [cavity["state"] for cavity in cavities]
    return {state: states.count(state) for state in STATE_WORDS}


def array_sentence(
    cavities: Sequence[Mapping[str, Any]], alerts: Sequence[Mapping[str, Any]]
) -> str:
    """Say in one sentence whether it is one cavity, some, or all.

    Parameters
    ----------
    cavities
        Cavities of the public contract.
    alerts
        Active alerts; one of scope ``array`` is a common cause and comes first.
    """
    total = len(cavities)
    if total == 0:
        return "No cavity is registered"
    shared = [a for a in alerts if a["scope"] == "array" and a["cavities"]]
    if shared:
        return f"Common cause on {len(shared[0]['cavities'])} of {total} cavities"
    counts = state_counts(cavities)
    if counts["good"] == total:
        return f"All {total} cavities good" if total > 1 else "The cavity is good"
    parts = [
        f"{opening} {_names(cavities, state)}"
        for state, opening in _SENTENCE_OPENINGS.items()
        if counts[state]
    ]
    return " · ".join(parts[:_MAX_PARTS])


def by_urgency(alerts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Order alerts: unacknowledged first, then by severity, then newest first."""
    newest_first = sorted(alerts, key=lambda alert: alert["raised_at"], reverse=True)
    return sorted(
        newest_first,
        key=lambda alert: (
            alert["state"] != "active_unacknowledged",
            _SEVERITY_RANK.get(alert["severity"], len(_SEVERITY_RANK)),
        ),
    )


def _names(cavities: Sequence[Mapping[str, Any]], state: str) -> str:
    names = [
        str(cavity["title"] or cavity["id"])
        for cavity in cavities
        if cavity["state"] == state
    ]
    if len(names) > _MAX_NAMES:
        return f"{len(names)} cavities"
    return " and ".join(names)
