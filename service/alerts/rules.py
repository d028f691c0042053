"""What counts as bad in one sweep, and how many bad sweeps make a finding. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from instruments.measurement import SweepPurpose
from models.diagnosis import UNKNOWN, EstimateState, ResonanceState
from models.preprocessing.integrity import NO_TRACE

HEALTHY = "healthy"
"""The label of a receiver that nothing is wrong with."""

DEFAULT_TEMPERATURE_LIMIT_K = 12.0
"""Limit of a cavity that has none of its own, in K."""

TEMPERATURE_DEADBAND = 0.9
"""A warming ends below this fraction of the limit."""


class Finding(StrEnum):
    """What one sweep says about one rule."""

    BAD = "bad"
    GOOD = "good"
    SILENT = "silent"
    """Nothing: it neither raises nor clears."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the rules look at in one judged sweep."""

    sweep_id: str
    measured_at: datetime
    condition_state: str
    condition_label: str
    is_out_of_distribution: bool
    temperature_state: str
    temperature_p05_k: float | None
    temperature_p95_k: float | None
    resonance_state: str | None
    integrity: tuple[str, ...] = ()

    @property
    def is_void(self) -> bool:
        """Whether no trace of the sweep could be judged."""
        return NO_TRACE in self.integrity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule over the last sweeps of one purpose of one cavity.

    Attributes
    ----------
    raise_count, window
        So many bad ones among the last so many raise.
    clear_count
        So many good ones in a row clear.
    find
        What one sweep says, given the cavity's temperature limit in K.
    """

    name: str
    purpose: SweepPurpose
    severity: str
    raise_count: int
    window: int
    clear_count: int
    find: Callable[[Observation, float], Finding]

    @property
    def depth(self) -> int:
        """How many sweeps back the rule looks."""
        return max(self.window, self.clear_count)


def is_fulfilled(rule: Rule, findings: Sequence[Finding], *, was: bool) -> bool:
    """Tell whether a rule stands fulfilled, with hysteresis.

    Parameters
    ----------
    findings
        One a sweep, newest measurement first.
    was
        Whether it stood fulfilled before.
    """
    if not was:
        bad = sum(finding is Finding.BAD for finding in findings[: rule.window])
        return bad >= rule.raise_count
    last = findings[: rule.clear_count]
    is_over = len(last) == rule.clear_count and all(
        finding is Finding.GOOD for finding in last
    )
    return not is_over


def find_receiver_condition(seen: Observation, limit_k: float) -> Finding:
    """Find a trained fault."""
    del limit_k
    if seen.condition_state != EstimateState.ESTIMATED:
        return Finding.SILENT
    if seen.condition_label == HEALTHY:
        return Finding.GOOD
    return Finding.SILENT if seen.condition_label == UNKNOWN else Finding.BAD


def find_unknown_change(seen: Observation, limit_k: float) -> Finding:
    """Find a sweep unlike anything trained."""
    del limit_k
    is_judged = seen.condition_state == EstimateState.ESTIMATED
    if seen.is_out_of_distribution or (is_judged and seen.condition_label == UNKNOWN):
        return Finding.BAD
    return Finding.GOOD if is_judged else Finding.SILENT


def find_warming(seen: Observation, limit_k: float) -> Finding:
    """Find a receiver that is warm beyond doubt: p05 above the limit.

    A temperature that is not determinable is a good one, unless even its interval is
    above the limit. A sweep unlike anything trained tells none.
    """
    p05_k = seen.temperature_p05_k
    if seen.temperature_state == EstimateState.NOT_DETERMINABLE:
        if seen.is_out_of_distribution:
            return Finding.SILENT
        if p05_k is None:
            return Finding.GOOD
    elif seen.temperature_state != EstimateState.ESTIMATED or p05_k is None:
        return Finding.SILENT
    if p05_k > limit_k:
        return Finding.BAD
    return Finding.GOOD if p05_k < TEMPERATURE_DEADBAND * limit_k else Finding.SILENT


def find_resonance_lost(seen: Observation, limit_k: float) -> Finding:
    """Find a narrow sweep in which no mode could be fitted.

    Samples that an instrument spoilt say nothing on the mode.
    """
    del limit_k
    spoilt = (None, ResonanceState.INSTRUMENT_FAULT)
    if seen.is_void or seen.resonance_state in spoilt:
        return Finding.SILENT
    is_ok = seen.resonance_state == ResonanceState.OK
    return Finding.GOOD if is_ok else Finding.BAD


def find_void_sweep(seen: Observation, limit_k: float) -> Finding:
    """Find a sweep whose samples say nothing on the receiver."""
    del limit_k
    return Finding.BAD if seen.is_void else Finding.GOOD


RECEIVER_CONDITION = Rule(
    name="receiver_condition",
    purpose=SweepPurpose.WIDE,
    severity="major",
    raise_count=2,
    window=3,
    clear_count=3,
    find=find_receiver_condition,
)
UNKNOWN_CHANGE = Rule(
    name="unknown_change",
    purpose=SweepPurpose.WIDE,
    severity="minor",
    raise_count=3,
    window=4,
    clear_count=3,
    find=find_unknown_change,
)
WARMING = Rule(
    name="warming",
    purpose=SweepPurpose.WIDE,
    severity="major",
    raise_count=2,
    window=3,
    clear_count=3,
    find=find_warming,
)
RESONANCE_LOST = Rule(
    name="resonance_lost",
    purpose=SweepPurpose.TRANSMISSION,
    severity="minor",
    raise_count=3,
    window=4,
    clear_count=3,
    find=find_resonance_lost,
)

VOID_SWEEPS = Rule(
    name="void_sweeps",
    purpose=SweepPurpose.WIDE,
    severity="minor",
    raise_count=3,
    window=4,
    clear_count=3,
    find=find_void_sweep,
)

RULES = (RECEIVER_CONDITION, UNKNOWN_CHANGE, WARMING, RESONANCE_LOST, VOID_SWEEPS)
"""Rules over judged sweeps; ``no_data`` stands beside them, over silence."""

NO_DATA = "no_data"
"""Name of the rule that a missing sweep fulfils."""

NO_DATA_PERIODS = 3.0
"""Sweep periods of silence before it is fulfilled."""

NO_DATA_LEAST_S = 5.0
"""Least silence in seconds before it is fulfilled."""

NO_DATA_CLEAR_COUNT = 2
"""New wide sweeps that end it."""


def is_silent(silence_s: float, sweep_period_s: float) -> bool:
    """Tell whether a cavity has been silent for too long."""
    return silence_s > max(NO_DATA_PERIODS * sweep_period_s, NO_DATA_LEAST_S)
