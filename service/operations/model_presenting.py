"""The register as the JSON mappings of the public contract."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from instruments.measurement.times import format_time
from service.operations.model_history import ModelHistory
from service.storage.model_records import (
    EVERY_CAVITY,
    ModelRecord,
    ModelState,
    ModelTransition,
)


def model_json(record: ModelRecord, history: ModelHistory) -> dict[str, Any]:
    """Write a version with its states and every change of them."""
    manifest = record.manifest
    split = manifest.get("split")
    posts = [
        post for post in history.posts().values() if post.version == record.version
    ]
    idle = (ModelState.CANDIDATE, ModelState.RETIRED)
    return {
        "version": record.version,
        "state": history.overall_state(record.version).value,
        "scopes": [
            {
                "cavity": scope_json(post.scope),
                "state": post.state.value,
                "since": format_time(post.since),
            }
            for post in posts
            if post.state not in idle or post.scope == EVERY_CAVITY
        ],
        "parent": record.parent,
        "source": record.source,
        "size_bytes": record.size_bytes,
        "weights_sha256": _inner(manifest.get("weights"), "sha256"),
        "data_sha256": manifest.get("data_sha256"),
        "split_sha256": _inner(split, "sha256"),
        "code_sha256": manifest.get("code_sha256"),
        "packages": manifest.get("packages"),
        "metrics": _headlines(record.report.get("metrics")),
        "is_evaluated": "evaluation" in record.report,
        "warnings": record.report.get("warnings", []),
        "registered_at": format_time(record.registered_at),
        "registered_by": record.registered_by,
        "transitions": [
            transition_json(each)
            for each in history.transitions
            if each.version == record.version
        ],
    }


def transition_json(change: ModelTransition) -> dict[str, Any]:
    """Write a change of state."""
    return {
        "id": change.number,
        "at": format_time(change.at),
        "version": change.version,
        "cavity": scope_json(change.scope),
        "event": change.event.value,
        "from": change.from_state.value,
        "to": change.to_state.value,
        "actor": change.actor,
        "reason": change.reason,
        "is_forced": change.is_forced,
        "gates": list(change.gates),
    }


def live_json(
    history: ModelHistory, cavities: Sequence[str], at: datetime
) -> dict[str, Any]:
    """Write who is live, by scope and for every cavity.

    Parameters
    ----------
    history
        The register at that time.
    cavities
        The registered ones.
    """
    posts = {cavity: history.live_for(cavity) for cavity in cavities}
    return {
        "at": format_time(at),
        "live": [
            {
                "cavity": scope_json(post.scope),
                "version": post.version,
                "since": format_time(post.since),
            }
            for _, post in sorted(history.live().items())
        ],
        "cavities": {
            cavity: None if post is None else post.version
            for cavity, post in posts.items()
        },
    }


def scope_json(scope: str) -> str | None:
    """Write a scope: the cavity, or None for all."""
    return scope or None


def _inner(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _headlines(metrics: Any) -> dict[str, Any]:
    """Keep of every target what fits into a list."""
    found: dict[str, Any] = {}
    if not isinstance(metrics, dict):
        return found
    for name, target in metrics.items():
        overall = _inner(target, "overall") or {}
        headline = _inner(target, "headline")
        keep = (headline, "coverage_90", "set_coverage")
        found[name] = {key: overall[key] for key in keep if key in overall}
    return found
