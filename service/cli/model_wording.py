"""The register in lines for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.diagnosis.wording import phrase


def model_lines(models: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Write one line a version."""
    if not models:
        yield "no model is registered; halowatch models register FOLDER registers one"
    for model in models:
        scopes = [
            f"{scope['state']} for {scope['cavity']}"
            for scope in model["scopes"]
            if scope["cavity"] is not None
        ]
        figures = [
            f"{target} {key} {value:.4g}"
            for target, scores in model["metrics"].items()
            for key, value in scores.items()
        ]
        yield "  ".join(
            [
                f"{model['version']:16}  {model['state']:9}",
                f"since {model['transitions'][-1]['at']}",
                f"by {model['registered_by']}",
                *scopes,
                *figures,
            ]
        )


def live_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Write who is live at a time, one line a scope."""
    if not document["live"]:
        yield f"at {document['at']} no model is live"
    for post in document["live"]:
        where = post["cavity"] or "every cavity"
        yield f"{where:16}  {post['version']}  since {post['since']}"


def promotion_lines(
    version: str, to: str, gates: Sequence[Mapping[str, str]]
) -> Iterator[str]:
    """Write what the gates said and what became of the version."""
    for gate in gates:
        yield f"{gate['outcome']:7}  {gate['name']}: {gate['detail']}"
    yield f"{version} is {to} now; workers follow within seconds"


def comparison_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Write a comparison for people."""
    first, second = document["first"], document["second"]
    yield f"{document['sweeps']} sweeps judged by both {first} and {second}"
    condition = document["condition"]
    if condition["agreement"] is not None:
        share = 100 * condition["agreement"]
        yield f"condition: {share:.1f} % of {condition['judged_by_both']} agree"
    for each in condition["differing"]:
        yield (
            f"  {each['sweeps']:6}  {phrase(each['first'])} -> {phrase(each['second'])}"
        )
    strange = document["out_of_distribution"]
    yield (
        f"out of distribution: {strange['both']} by both, {strange['first_only']} by "
        f"{first} alone, {strange['second_only']} by {second} alone"
    )
    for name, found in document["estimates"].items():
        yield f"{name}: {_estimate(found)}"
    alerts = document["alerts"]
    for version, key in ((first, "first"), (second, "second")):
        counts = ", ".join(f"{rule} {n}" for rule, n in alerts[key].items())
        yield f"rules fulfilled by {version}: {counts or 'none'}"
        for episode in alerts[f"{key}_only"]:
            ended = episode["ended_at"] or "the end"
            yield (
                f"  alone: {episode['rule']} on {episode['cavity']} from "
                f"{episode['began_at']} to {ended}"
            )


def _estimate(found: Mapping[str, Any]) -> str:
    alone = f"{found['first_only']} by the first alone, {found['second_only']} by the "
    if not found["by_both"]:
        return f"none by both, {alone}second"
    return (
        f"{found['by_both']} by both, median difference "
        f"{found['median_difference']:.3g}, median distance "
        f"{found['median_widths'] or 0.0:.3g} widths, {found['beyond_one_width']} "
        f"beyond one; {alone}second"
    )
