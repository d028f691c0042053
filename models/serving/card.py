"""The model card: what a model is for, what it learnt from, and what it is worth."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from models.serving.manifest import MANIFEST
from models.training.pretraining_report import pretraining_lines

CARD = "card.md"
"""Name of the card in a model folder."""

_REPORT = "report.json"
_GROUPED = "held_out_by_cycle"


def write_card(folder: Path) -> None:
    """Write the card of a model folder from its manifest and report."""
    manifest, report = (
        json.loads((folder / name).read_text(encoding="utf-8"))
        for name in (MANIFEST, _REPORT)
    )
    text = "\n".join(_lines(manifest, report)) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8")


def _lines(manifest: Mapping[str, Any], report: Mapping[str, Any]) -> Iterator[str]:
    split = manifest["split"]
    bands = ", ".join(
        f"{1e-9 * start:.4g} to {1e-9 * stop:.4g} GHz"
        for start, stop in manifest["bands_hz"][:4]
    )
    yield f"# Model {manifest['version']}"
    yield ""
    yield (
        f"Judges sweeps of {', '.join(manifest['s_parameters'])} over {bands}, against "
        "the reference of their cavity and thermal cycle. Learnt from "
        f"{manifest['sweep_count']} sweeps of {manifest['cycle_count']} thermal cycles "
        f"(SHA-256 `{manifest['data_sha256'][:16]}`, seed {manifest['seed']}), held "
        f"out {split['kind']} in {split['folds']} folds (`{split['sha256'][:16]}`)."
    )
    yield ""
    yield "An estimate corroborates a thermometer. It is never an interlock."
    yield ""
    yield "| target | score, left-out cycles | 90 % interval | best quick baseline |"
    yield "|---|---|---|---|"
    for name, scores in report["metrics"].items():
        yield _row(name, scores, report["evaluation"])
    yield ""
    yield from (f"- `{name}` is not trained: {why}" for name, why in _refused(manifest))
    yield from (f"- {sentence}" for sentence in report["warnings"])
    network = manifest["architecture"]
    kernels = ", ".join(network["kernel_heads"]) or "no head"
    readers = ", ".join(
        sorted(name for name, each in manifest["readers"].items() if each)
    )
    yield (
        f"- {network['member_count']} networks, {network['fusion']} fusion, "
        f"{network['coordinate_count'] or 'no'} coordinates a trace; the conjugate "
        f"kernel answers {kernels}; beside them: {readers}"
    )
    if "pretraining" in report:
        started = ", ".join(network.get("pretrained_heads", ())) or "no head"
        yield (
            f"- {report['pretraining']['sweeps']} simulated sweeps were learnt from "
            f"first; {started} kept what they taught, judged on left-out cycles:"
        )
        yield from (f"  - {line}" for line in pretraining_lines(report["pretraining"]))
    packages = ", ".join(f"{k} {v}" for k, v in sorted(manifest["packages"].items()))
    yield f"- made with {packages}"


def _row(name: str, scores: Mapping[str, Any], evaluation: Mapping[str, Any]) -> str:
    headline = scores.get("headline")
    if headline is None:
        return f"| {name} | no sweep | | |"
    interval = scores["interval_90"]
    spread = "" if interval is None else f"{interval[0]:.4g} to {interval[1]:.4g}"
    rows = evaluation["targets"].get(name, {}).get("baselines", {})
    found = {
        each: value
        for each, splits in rows.items()
        if (value := splits[_GROUPED].get("overall", {}).get(headline)) is not None
    }
    best = ""
    if found:
        pick = max if "accuracy" in headline else min
        who = pick(found, key=lambda each: found[each])
        best = f"{who} {found[who]:.4g}"
    value = scores["overall"][headline]
    return f"| {name} | {headline} {value:.4g} | {spread} | {best} |"


def _refused(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    return sorted(manifest["refused"].items())
