"""Words for how a poller fares, one line each."""

from collections.abc import Mapping
from typing import Any

from models.diagnosis.wording import phrase
from service.dashboard.wording import age_words

_UNWELL = frozenset({"degraded", "stale", "disconnected", "fault"})
_MEGABYTE = 1e6
_PART_FULL = 0.8


def poller_state(poller: Mapping[str, Any]) -> str:
    """Return the tone of a poller: stale, alarm, warning or good."""
    if poller["is_stale"]:
        return "stale"
    if poller["spool"]["is_refusing"]:
        return "alarm"
    if is_nearly_full(poller) or unwell_instruments(poller):
        return "warning"
    return "good"


def poller_state_words(poller: Mapping[str, Any]) -> str:
    """Say in a word or two what the tone says."""
    words = {
        "stale": "No report",
        "alarm": "Refuses sweeps",
        "warning": "Spool nearly full"
        if is_nearly_full(poller)
        else "Instrument unwell",
        "good": "Reports",
    }
    return words[poller_state(poller)]


def is_nearly_full(poller: Mapping[str, Any]) -> bool:
    """Tell whether the spool is near its limit."""
    spool = poller["spool"]
    limit = spool["max_bytes"]
    return bool(limit) and spool["depth_bytes"] >= _PART_FULL * limit


def spool_words(spool: Mapping[str, Any]) -> str:
    """Say what waits in a spool."""
    if not spool["depth"]:
        words = "spool empty"
    else:
        held, limit = (spool[name] / _MEGABYTE for name in ("depth_bytes", "max_bytes"))
        count = f"{spool['depth']} sweep{'' if spool['depth'] == 1 else 's'}"
        words = f"spool {count}, {_megabytes(held)} of {limit:.4g} MB"
        if spool["oldest_age_s"] is not None:
            words += f", oldest {age_words(spool['oldest_age_s'])}"
    if spool["dead_letter_count"]:
        words += f", {spool['dead_letter_count']} dead letters"
    return words


def _megabytes(held: float) -> str:
    return f"{held:.3g}" if held >= 1.0 else f"{held:.1f}" if held >= 0.1 else "< 0.1"


def instrument_words(poller: Mapping[str, Any]) -> str:
    """Say how many instruments are well, and which are not."""
    unwell = unwell_instruments(poller)
    total = len(poller["instruments"])
    words = f"{total - len(unwell)} of {total} instruments well"
    if not unwell:
        return words
    first = unwell[0]
    more = f" and {len(unwell) - 1} more" if len(unwell) > 1 else ""
    return f"{words}, not {first['name']} ({phrase(first['state'])}){more}"


def unwell_instruments(poller: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """List the instruments that do not answer as they should."""
    return [one for one in poller["instruments"] if _is_unwell(one)]


def _is_unwell(instrument: Mapping[str, Any]) -> bool:
    state = instrument["state"]
    # One more attempt after failures is no cure.
    is_failing = instrument.get("consecutive_failures") or 0
    return state in _UNWELL or (state == "connecting" and is_failing > 0)


def sweep_words(sweeps: Mapping[str, Any]) -> str:
    """Say what became of the attempts."""
    words = f"{sweeps['measured']} measured, {sweeps['stored']} stored"
    if sweeps["flagged"]:
        words += f", {sweeps['flagged']} flagged"
    if sweeps["lost"]:
        words += f", {sweeps['lost']} lost"
    failed = sum(sweeps["failed"].values())
    return f"{words}, {failed} failed" if failed else words


def mode_words(polling: Mapping[str, Any]) -> str:
    """Say that a cavity is not measured, and why, or nothing where it is."""
    words = {
        "paused": "polling paused",
        "inhibited": "RF inhibited",
    }.get(polling["mode"], "")
    return f"{words}: {polling['reason']}" if words and polling["reason"] else words


def silent_words(poller: Mapping[str, Any]) -> str:
    """Name the cavities that a poller does not measure, or nothing."""
    found = [one for one in poller["cavities"] if one["mode"] != "polled"]
    return ", ".join(f"{one['cavity']} {one['mode']}" for one in found)


def flag_words(flags: list[str]) -> str:
    """Write truth flags, and other flags of a sweep, as words."""
    return ", ".join(phrase(flag) for flag in flags)
