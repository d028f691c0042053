"""The sentences of an alert: what, why, and what to do. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.diagnosis.wording import phrase, spoken
from models.preprocessing.integrity import NO_TRACE
from service.alerts.drifts import SLOW_DRIFT
from service.alerts.modes import MODE_LOST
from service.alerts.rules import (
    NO_DATA,
    RECEIVER_CONDITION,
    RESONANCE_LOST,
    UNKNOWN_CHANGE,
    VOID_SWEEPS,
    WARMING,
    Finding,
    Observation,
    Rule,
    is_fulfilled,
)
from service.alerts.spools import SPOOL_FILLING


@dataclass(frozen=True, slots=True)
class Wording:
    """What a person reads."""

    title: str
    cause: str
    action: str


_CONDITIONS = {
    "circulator_stray_field": Wording(
        spoken("circulator_stray_field"),
        "The circulator's match and isolation moved as a stray magnetic field moves "
        "them.",
        "Compare with the gaussmeter and the magnet current; check the shield and "
        "what was moved near the cryostat.",
    ),
    "loose_connector": Wording(
        spoken("loose_connector"),
        "A reflection appeared on a line, as from a connector that came loose.",
        "Check the connectors of this line, warm ones first; do not retune the "
        "antenna.",
    ),
    "amplifier_fault": Wording(
        spoken("amplifier_fault"),
        "Gain and match of the output line moved as a failing amplifier moves them.",
        "Check bias current and supply of the amplifier chain of this line.",
    ),
}

_RULES = {
    RECEIVER_CONDITION.name: Wording(
        "Receiver fault",
        "The off-resonant sweep looks like a trained fault.",
        "Look at the traces over the reference, then at the part that is named.",
    ),
    UNKNOWN_CHANGE.name: Wording(
        "Unknown change",
        "The off-resonant sweep is unlike anything that the model was trained on.",
        "Look at the traces over the reference; take a new reference if the change "
        "was made on purpose.",
    ),
    WARMING.name: Wording(
        "Receiver warming",
        "The sweep shows the cold receiver above its temperature limit.",
        "Compare with the thermometers; one cavity alone points to its thermal link.",
    ),
    NO_DATA: Wording(
        "No data",
        "The poller or its VNA stands still, or nothing of it reaches the service.",
        "Check whether the poller runs, whether the VNA answers and whether its "
        "spool grows.",
    ),
    RESONANCE_LOST.name: Wording(
        "Resonance lost",
        "No mode could be fitted in the narrow transmission sweeps.",
        "Look at the narrow sweep; widen the span, and check rod and coupling.",
    ),
    VOID_SWEEPS.name: Wording(
        "Void sweeps",
        "The instrument delivers wide sweeps whose samples say nothing: nothing is "
        "concluded on this cavity until they are sound again.",
        "Look at the flags of the sweeps; check the VNA's RF output, its cables and "
        "its reference.",
    ),
    MODE_LOST: Wording(
        "Mode lost",
        "The narrow sweeps show no mode where the followed one should be at this "
        "position of the tuner.",
        "Look whether the tuner moves as it says and whether another mode crosses; "
        "widen the span. Three clean fits begin a new track.",
    ),
    SLOW_DRIFT: Wording(
        "Slow drift",
        "No single sweep is bad, but over many of them the receiver moves away from "
        "what is usual for this cavity.",
        "Look at the trends from the moment that is named: gain, temperature, room "
        "temperature of the cables; take a new reference if it is understood.",
    ),
    SPOOL_FILLING: Wording(
        "Spool filling",
        "Sweeps wait at a poller because the service does not take them as fast as "
        "they come, or because the poller's disk is full. A full spool keeps the "
        "oldest sweeps and refuses the newest.",
        "See GET /api/v1/pollers for its last error; free the disk, mend the network "
        "or raise spool.max_bytes.",
    ),
}

_ARRAY_WARMING = Wording(
    "Cryostat warming",
    "At least half of the cavities show a warming receiver: the cryostat warms, not a "
    "single line.",
    "Check the fridge at once: pressures, flows, pumps, compressor, power.",
)


def word(rule: str, *, is_array: bool, label: str | None = None) -> Wording:
    """Return the sentences of a rule; for a trained fault those of its label."""
    if is_array and rule == WARMING.name:
        return _ARRAY_WARMING
    if rule == RECEIVER_CONDITION.name and label is not None:
        other = replace(_RULES[rule], title=f"Receiver fault: {phrase(label)}")
        return _CONDITIONS.get(label, other)
    return _RULES[rule]


def explain(rule: Rule, seen: Sequence[Observation], limit_k: float) -> str:
    """Say in one sentence what the last sweeps showed, newest first in ``seen``."""
    window = seen[: rule.window]
    bad = [item for item in window if rule.find(item, limit_k) is Finding.BAD]
    counted = f"{len(bad)} of the last {len(window)} {rule.purpose.value} sweeps"
    if not bad:
        return f"none of the last {len(window)} {rule.purpose.value} sweeps is bad"
    newest = bad[0]
    if rule is RECEIVER_CONDITION:
        return f"{counted} are judged {phrase(newest.condition_label)}"
    if rule is VOID_SWEEPS:
        flags = ", ".join(phrase(flag) for flag in newest.integrity if flag != NO_TRACE)
        return f"{counted} hold no usable samples ({flags or 'no trace'})"
    if rule is UNKNOWN_CHANGE:
        return f"{counted} are unlike anything trained"
    if rule is WARMING:
        return (
            f"{counted} show more than {limit_k:g} K "
            f"(95 % sure of {newest.temperature_p05_k:.3g} K)"
        )
    return f"{counted} end as {phrase(str(newest.resonance_state))}"


def explain_end(rule: Rule, seen: Sequence[Observation], limit_k: float) -> str:
    """Say in one sentence why an alert ends, newest first in ``seen``."""
    findings = [rule.find(item, limit_k) for item in seen]
    if is_fulfilled(rule, findings, was=True):
        return f"another alert covers it: {explain(rule, seen, limit_k)}"
    return f"the last {rule.clear_count} {rule.purpose.value} sweeps are good"


def newest_label(seen: Sequence[Observation], limit_k: float) -> str | None:
    """Return the label of the newest sweep with a trained fault."""
    for item in seen:
        if RECEIVER_CONDITION.find(item, limit_k) is Finding.BAD:
            return item.condition_label
    return None
