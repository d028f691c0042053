"""What was truly wrong, and when: a line of JSON for each failure and intervention."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from instruments.simulation.life.plan import LifePlan


def truth_records(
    plan: LifePlan, started_at: datetime, scenario: str, *, speed: float = 1.0
) -> Iterator[dict[str, Any]]:
    """Yield what happens in a life, in order of time.

    Parameters
    ----------
    started_at
        Wall time of 0 s, aware.
    scenario
        Name of the scenario.
    speed
        Seconds of the life in one second of the wall.

    Yields
    ------
    dict
        ``what``, ``kind`` (failure or intervention), ``number``, ``where``,
        ``cavities``, ``from``, ``to`` (recovery begins), ``gone`` (nothing left),
        each as RFC 3339 and in s, ``severity``, ``hit_ratio``, ``urgency_number``.
    """
    found = [*_failures(plan), *_interventions(plan)]
    for record in sorted(found, key=lambda one: (one["from_s"], one["what"])):
        times = {
            name: _wall_time(started_at, record[f"{name}_s"] / speed)
            for name in ("from", "to", "gone")
        }
        yield {"scenario": scenario, **record, **times}


def write_truth(path: Path, records: list[dict[str, Any]]) -> None:
    """Write records as JSON lines; the file appears whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    lines = (json.dumps(record, allow_nan=False) for record in records)
    try:
        partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _failures(plan: LifePlan) -> Iterator[dict[str, Any]]:
    for event in plan.events:
        yield {
            "kind": "failure",
            "what": event.failure.name,
            "number": event.failure.number,
            "scope": str(event.failure.scope),
            "where": event.where,
            "cavities": list(event.cavities),
            "from_s": event.from_s,
            "to_s": event.to_s,
            "gone_s": event.gone_s,
            "ramp_s": event.ramp_s,
            "severity": event.severity,
            "hit_ratio": event.hit_ratio,
            "urgency_number": event.failure.urgency_number,
        }


def _interventions(plan: LifePlan) -> Iterator[dict[str, Any]]:
    for one in plan.interventions:
        yield {
            "kind": "intervention",
            "what": str(one.work),
            "where": one.vna
            or (one.cavities[0] if len(one.cavities) == 1 else "array"),
            "cavities": list(one.cavities),
            "from_s": one.at_s,
            "to_s": one.at_s,
            "gone_s": one.at_s,
        }


def _wall_time(started_at: datetime, time_s: float) -> str:
    return (started_at + timedelta(seconds=time_s)).isoformat()
