"""The charts of an evaluation page."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.evaluation.plots import Scale, bars, chart, dots, line, matrix


def scalar_charts(charts: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    """Draw PIT, reliability, error against T and B, and coverage per cycle."""
    unit = "dex" if model["headline"].endswith("_dex") else "T"
    found = []
    if "pit" in charts:
        found += [_pit(charts["pit"]), _reliability(charts["reliability"], "interval")]
    found += _errors(charts["points"], unit)
    if "coverage_per_cycle" in charts:
        found.append(_coverage(charts["coverage_per_cycle"]))
    return found


def class_charts(charts: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    """Draw confusion, reliability and recall with Wilson's intervals."""
    return [
        matrix("Confusion (rows: truth)", charts["labels"], charts["confusion"]),
        _reliability(charts["reliability"], "probability"),
        _recalls(model["classes"]),
    ]


def _pit(counts: Sequence[int]) -> str:
    total = max(sum(counts), 1)
    heights = [count * len(counts) / total for count in counts]
    x = Scale(0.0, 1.0, "PIT of the truth")
    y = Scale(0.0, max(2.0, 1.1 * max(heights)), "density")
    edges = np.linspace(0.0, 1.0, len(counts) + 1).tolist()
    marks = [bars(x, y, edges, heights), line(x, y, [(0, 1), (1, 1)], "ideal")]
    return chart("PIT: level if densities are honest", x, y, marks)


def _reliability(points: Sequence[Mapping[str, float]], what: str) -> str:
    x = Scale(0.0, 1.0, f"nominal {what}")
    y = Scale(0.0, 1.0, "share that holds")
    places = [(point["nominal"], point["observed"]) for point in points]
    marks = [
        line(x, y, [(0, 0), (1, 1)], "ideal"),
        line(x, y, places, "data"),
        dots(x, y, places, "dot", 4),
    ]
    return chart("Reliability", x, y, marks)


def _errors(points: Sequence[Mapping[str, Any]], unit: str) -> list[str]:
    errors = np.array([point["error"] for point in points])
    if errors.size == 0:
        return []
    # A few far errors would squeeze all others; they are drawn at the rim.
    limit = float(np.quantile(np.abs(errors), 0.98)) * 1.2 or 1e-6
    y = Scale(-limit, limit, f"error / {unit}")
    found = []
    axes = (("temperature_k", "T / K", 1.0), ("magnetic_field_tesla", "B / mT", 1e3))
    for key, label, factor in axes:
        known = [point for point in points if point[key] is not None]
        values = [factor * point[key] for point in known]
        logarithmic = key == "temperature_k" and bool(values) and min(values) > 0
        if len(set(values)) < 2:
            continue
        x = Scale(min(values), max(values), label, logarithmic)
        marks = [line(x, y, [(x.low, 0.0), (x.high, 0.0)], "ideal")]
        for kind, healthy in (("ill", False), ("dot", True)):
            own = [
                (value, point["error"])
                for value, point in zip(values, known, strict=True)
                if point["healthy"] is healthy
            ]
            marks.append(dots(x, y, own, kind, 2.2))
        name = f"Error against {key[0].upper() if key[0] == 't' else 'B'}"
        found.append(chart(f"{name} (orange: not healthy)", x, y, marks))
    return found


def _coverage(cycles: Sequence[Mapping[str, Any]]) -> str:
    ordered = sorted(cycles, key=lambda one: float(one["coverage_90"]))
    x = Scale(0.0, float(len(ordered)), "cycles, worst first")
    y = Scale(0.0, 1.0, "share in the 90 % interval")
    edges = list(range(len(ordered) + 1))
    heights = [float(one["coverage_90"]) for one in ordered]
    marks = [
        bars(x, y, edges, heights),
        line(x, y, [(0, 0.9), (x.high, 0.9)], "ideal"),
        line(x, y, [(0, 0.75), (x.high, 0.75)], "limit"),
    ]
    return chart("Coverage per cycle", x, y, marks)


def _recalls(classes: Mapping[str, Mapping[str, Any]]) -> str:
    x = Scale(0.0, float(len(classes)), "class", names=tuple(classes))
    y = Scale(0.0, 1.0, "recall")
    marks = []
    for place, one in enumerate(classes.values()):
        low, high = one["recall_wilson_95"]
        at = place + 0.5
        marks.append(line(x, y, [(at, low), (at, high)], "data"))
        marks.append(dots(x, y, [(at, one["recall"])], "dot", 4))
    return chart("Recall, 95 % by Wilson", x, y, marks)


def severity_charts(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Draw how often each failure is found, over its severity."""
    charts = []
    for label, one in found.items():
        told = one["detected"]
        points = [(step["severity"], step["share"]) for step in told["curve"]]
        x = Scale(0.0, max(1.0, *(place for place, _ in points)), "severity")
        y = Scale(0.0, 1.0, "share that is found")
        marks = [line(x, y, [(x.low, 0.9), (x.high, 0.9)], "ideal")]
        for step in told["curve"]:
            ends = [(step["severity"], share) for share in step["wilson_95"]]
            marks.append(line(x, y, ends, "data"))
        marks += [line(x, y, points, "data"), dots(x, y, points, "dot", 4)]
        if told["severity_90"] is not None:
            at = told["severity_90"]
            marks.append(line(x, y, [(at, 0.0), (at, 1.0)], "limit"))
        charts.append(chart(label, x, y, marks))
    return charts


def noise_charts(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Draw what labels that were flipped in training cost, a chart a model."""
    charts = []
    for name, one in found.items():
        if not one:
            continue
        x = Scale(0.0, 20.0, "labels flipped in training / %")
        y = Scale(0.0, 1.0, str(one["headline"]))
        points = [
            (100.0 * step["flipped_share"], step["score"]) for step in one["curve"]
        ]
        marks = [
            line(x, y, [(at, end) for end in step["interval_90"]], "data")
            for (at, _), step in zip(points, one["curve"], strict=True)
        ]
        marks += [line(x, y, points, "data"), dots(x, y, points, "dot", 4)]
        charts.append(chart(name, x, y, marks))
    return charts
