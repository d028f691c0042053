"""What a model must show before it may be promoted. Pure.

Each gate passes, fails, or cannot tell because nothing was measured: an old folder is
not refused for what its report does not hold, but the record of its promotion says so.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

GROUPED = "held_out_by_cycle"
"""Key of an evaluation whose test cycles were never seen: only these count."""

COVERAGE_90 = (0.85, 0.97)
"""Share of held-out sweeps that 90 % intervals may hold."""

LEAST_WORST_COVERAGE = 0.75
"""Least share in the worst held-out thermal cycle."""

LEAST_SET_COVERAGE = 0.85
"""Least share of held-out sweeps whose 90 % set holds the true class."""

MAX_LATENCY_P95_S = 0.02
"""Longest that 95 % of the judgements may take, in seconds of processor time: the
service promises 5 ms, on a machine that may be four times slower than ours."""

LEAST_TIMED = 20
"""Fewer judgements than this tell no 95th percentile: one slow one would decide."""

_GUESS = "predict_mean"
"""The baseline that always gives the same answer."""

_RISING = ("accuracy", "auroc", "r2", "skill")


class GateOutcome(StrEnum):
    """What a gate says."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition of promotion, with the figure that decided."""

    name: str
    outcome: GateOutcome
    detail: str

    def to_record(self) -> dict[str, str]:
        """Write JSON-ready."""
        return {key: str(value) for key, value in asdict(self).items()}


def judge_report(report: Mapping[str, Any], *, grouped: str) -> list[Gate]:
    """Hold the report of a model folder to the gates.

    Parameters
    ----------
    report
        ``metrics`` as ``halowatch train`` writes them, and, where it was evaluated,
        ``evaluation`` as ``halowatch evaluate --json`` prints it.
    grouped
        Name of the split by thermal cycle in an evaluation.
    """
    metrics = report.get("metrics")
    evaluation = report.get("evaluation")
    return [
        *_coverage(metrics if isinstance(metrics, Mapping) else {}),
        *_baselines(evaluation if isinstance(evaluation, Mapping) else {}, grouped),
    ]


def judge_latency(times_s: Sequence[float]) -> Gate:
    """Hold the processor times of single judgements to the limit."""
    if not times_s:
        return Gate(
            "latency", GateOutcome.UNKNOWN, "no wide sweep is stored to time it on"
        )
    ordered = sorted(times_s)
    p95_s = ordered[math.ceil(0.95 * len(ordered)) - 1]
    is_told = len(ordered) >= LEAST_TIMED
    return Gate(
        "latency",
        _outcome(p95_s <= MAX_LATENCY_P95_S) if is_told else GateOutcome.UNKNOWN,
        f"p95 of {len(times_s)} judgements {1e3 * p95_s:.1f} ms of processor time, "
        f"at most {1e3 * MAX_LATENCY_P95_S:.0f} ms"
        + ("" if is_told else f"; told from {LEAST_TIMED} wide sweeps on"),
    )


def failed(gates: Sequence[Gate]) -> list[Gate]:
    """Return the gates that fail."""
    return [gate for gate in gates if gate.outcome is GateOutcome.FAILED]


def _coverage(metrics: Mapping[str, Any]) -> Iterator[Gate]:
    for name, target in sorted(metrics.items()):
        overall = _mapping(target, "overall")
        if (covered := _number(overall, "coverage_90")) is not None:
            low, high = COVERAGE_90
            yield Gate(
                f"coverage of {name}",
                _outcome(low <= covered <= high),
                f"90 % intervals hold {covered:.3f} of held-out sweeps, "
                f"asked {low} to {high}",
            )
            yield from _worst_cycle(name, _mapping(target, "per_cycle"))
        elif (held := _number(overall, "set_coverage")) is not None:
            yield Gate(
                f"coverage of {name}",
                _outcome(held >= LEAST_SET_COVERAGE),
                f"90 % sets hold {held:.3f} of held-out sweeps, "
                f"asked {LEAST_SET_COVERAGE}",
            )
    if not metrics:
        yield Gate("coverage", GateOutcome.UNKNOWN, "its report holds no metrics")


def _worst_cycle(name: str, cycles: Mapping[str, Any]) -> Iterator[Gate]:
    shares = {
        cycle: share
        for cycle, scores in cycles.items()
        if isinstance(scores, Mapping)
        and (share := _number(scores, "coverage_90")) is not None
    }
    if shares:
        worst = min(shares, key=lambda cycle: shares[cycle])
        yield Gate(
            f"worst cycle of {name}",
            _outcome(shares[worst] >= LEAST_WORST_COVERAGE),
            f"90 % intervals hold {shares[worst]:.3f} in {worst}, "
            f"asked {LEAST_WORST_COVERAGE}",
        )


def _baselines(evaluation: Mapping[str, Any], grouped: str) -> Iterator[Gate]:
    found = [
        gate
        for name, target in sorted(_mapping(evaluation, "targets").items())
        if (gate := _against_baselines(name, target, evaluation, grouped)) is not None
    ]
    yield from found
    if not found:
        yield Gate(
            "baselines",
            GateOutcome.UNKNOWN,
            "it was registered without an evaluation on held-out cycles",
        )


def _against_baselines(
    name: str, target: Any, evaluation: Mapping[str, Any], grouped: str
) -> Gate | None:
    mine = _mapping(target, "model")
    if evaluation.get("trained_on_this_archive"):
        # Its own figures are no held-out ones then; those of the same network are.
        mine = _mapping(_mapping(target, "retrained"), grouped)
    headline = mine.get("headline")
    score = _ranked(mine, str(headline))
    others = {
        baseline: value
        for baseline, splits in _mapping(target, "baselines").items()
        if (value := _ranked(_mapping(splits, grouped), str(headline))) is not None
    }
    if score is None or not others:
        return None
    rises = any(word in str(headline) for word in _RISING)
    best = (max if rises else min)(others, key=lambda key: others[key])
    guess = others.get(_GUESS)
    if rises and guess is not None and score <= guess:
        return Gate(
            f"baselines on {name}",
            GateOutcome.FAILED,
            f"{headline} {score:.4g}, no better than guessing ({guess:.4g})",
        )
    beats = score >= others[best] if rises else score <= others[best]
    theirs = _mapping(_mapping(_mapping(target, "baselines"), best), grouped)
    alike = not beats and _overlap(mine, theirs)
    return Gate(
        f"baselines on {name}",
        GateOutcome.UNKNOWN if alike else _outcome(beats),
        f"{headline} {score:.4g}, the best baseline ({best}) {others[best]:.4g}"
        + ("; their 90 % intervals overlap, more cycles would tell" if alike else ""),
    )


def _overlap(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Return whether two scores cannot be told apart by the cycles there are."""
    spans = []
    for each in (first, second):
        span = _mapping(each, "ranked").get("interval_90") or each.get("interval_90")
        if not isinstance(span, Sequence) or len(span) != 2:
            return False
        spans.append((float(span[0]), float(span[1])))
    (low, high), (other_low, other_high) = spans
    return low <= other_high and other_low <= high


def _ranked(scores: Mapping[str, Any], headline: str) -> float | None:
    """Return the score by which models are ranked: of healthy sweeps, where known."""
    ranked = _number(_mapping(scores, "ranked"), headline)
    return _number(_mapping(scores, "overall"), headline) if ranked is None else ranked


def _outcome(is_met: bool) -> GateOutcome:
    return GateOutcome.PASSED if is_met else GateOutcome.FAILED


def _mapping(value: Any, key: str) -> Mapping[str, Any]:
    inner = value.get(key) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def _number(value: Mapping[str, Any], key: str) -> float | None:
    number = value.get(key)
    return float(number) if isinstance(number, int | float) else None
