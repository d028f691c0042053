"""The tables of an evaluation page."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_SPLIT_NAMES = {
    "held_out_by_cycle": "new cycle",
    "random_split_leaky": "random (leaky)",
    "learnt_from_named_archives": "learnt elsewhere",
}


def score_table(model: Mapping[str, Any]) -> str:
    """List every score overall and by temperature band and slice."""
    parts = {**model["per_temperature_band"], **model["slices"]}
    head = "".join(
        f"<th>{escape(name)} ({part['sweeps']})</th>" for name, part in parts.items()
    )
    rows = [f"<tr><th>score</th><th>all ({model['sweeps']})</th><th></th>{head}</tr>"]
    intervals = model["intervals_90"] or {}
    for name, value in model["overall"].items():
        interval = intervals.get(name)
        shown = "" if interval is None else f"[{_n(interval[0])}, {_n(interval[1])}]"
        cells = "".join(f"<td>{_n(part.get(name))}</td>" for part in parts.values())
        rows.append(
            f"<tr><td>{escape(name)}</td><td>{_n(value)}</td>"
            f'<td class="soft">{shown}</td>{cells}</tr>'
        )
    return _table(rows)


def leaderboard_table(target: Mapping[str, Any]) -> str:
    """Put every model's headline score under every split side by side."""
    model = target["model"]
    headline = model["headline"]
    rows = {"same network, retrained": target["retrained"], **target["baselines"]}
    keys = [key for key in _SPLIT_NAMES if any(key in found for found in rows.values())]
    head = "".join(
        f'<th class="{"leaky" if "leaky" in key else ""}">{_SPLIT_NAMES[key]}</th>'
        for key in keys
    )
    lines = [f"<tr><th>{escape(headline)}</th>{head}<th>90 %</th></tr>"]
    own = "".join(
        f"<td>{_ranked(model, headline) if number == 0 else ''}</td>"
        for number, _ in enumerate(keys)
    )
    lines.append(
        f'<tr class="own"><td>this model</td>{own}<td>{_interval(model)}</td></tr>'
    )
    for name, found in rows.items():
        cells = "".join(
            f'<td class="{"leaky" if "leaky" in key else ""}">'
            f"{_ranked(found.get(key), headline)}</td>"
            for key in keys
        )
        lines.append(
            f"<tr><td>{escape(name)}</td>{cells}"
            f"<td>{_interval(found.get(keys[0]))}</td></tr>"
        )
    ranking = target["ranking"]
    note = ranking["warning"] or "Ranked on " + str(ranking["sweeps"]) + " sweeps."
    return _table(lines) + f'<p class="soft">{escape(note)}</p>'


def subsets_table(records: Sequence[Mapping[str, Any]], headline: str) -> str:
    """List what is left when only some traces are heard."""
    names = [
        name
        for name in (headline, "coverage_90", "set_coverage", "set_size")
        if any(name in record for record in records)
    ]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    lines = [f"<tr><th>traces</th><th>sweeps</th>{head}</tr>"]
    for record in records:
        cells = "".join(f"<td>{_n(record.get(name))}</td>" for name in names)
        traces = escape(", ".join(record["traces"]))
        lines.append(f"<tr><td>{traces}</td><td>{record['sweeps']}</td>{cells}</tr>")
    return _table(lines)


def checks_table(target: Mapping[str, Any]) -> str:
    """List the sanity checks, the unknown classes and the alarms."""
    lines = ["<tr><th>check</th><th>found</th><th></th></tr>"]
    lines += _sanity_rows(target.get("sanity", {}))
    for baseline, found in target.get("unknown_class", {}).items():
        for label, one in found.get("classes", {}).items():
            lines.append(
                f"<tr><td>{escape(label)} never seen ({escape(baseline)})</td>"
                f"<td>{_n(one['fpr_95'])} pass where 95 % of the known do</td>"
                f"<td>AUROC {_n(one['auroc'])}</td></tr>"
            )
    for rule, one in target.get("detection", {}).items():
        delay = one["median_delay_s"]
        lines.append(
            f"<tr><td>alarm on {escape(rule.replace('_', ' '))}</td>"
            f"<td>{one['detected']} of {one['episodes']} episodes, median delay "
            f"{'-' if delay is None else f'{delay:.0f} s'}</td>"
            f"<td>{_n(one['false_alarms_per_day'])} false alarms a day</td></tr>"
        )
    return _table(lines, "words")


def severity_table(found: Mapping[str, Mapping[str, Any]]) -> str:
    """List from which severity on each failure is found nine times in ten."""
    head = "<th>sweeps</th><th>cycles</th>" + "".join(
        f"<th>{what} from</th><th>90 %</th>" for what in ("found", "named")
    )
    lines = [f"<tr><th>failure</th>{head}</tr>"]
    for label, one in found.items():
        cells = "".join(
            f"<td>{_n(told['severity_90'])}</td>"
            f'<td class="soft">{_reach(told["interval_90"])}</td>'
            for told in (one["detected"], one["named"])
        )
        lines.append(
            f"<tr><td>{escape(label)}</td><td>{one['sweeps']}</td>"
            f"<td>{one['cycles']}</td>{cells}</tr>"
        )
    return _table(lines)


def noise_table(found: Mapping[str, Mapping[str, Any]]) -> str:
    """List scores over the share of labels that were flipped in training."""
    told = {name: one["curve"] for name, one in found.items() if one}
    steps: Sequence[Mapping[str, Any]] = next(iter(told.values()), [])
    head = "".join(
        f"<th>{100 * one['flipped_share']:g} % flipped</th>" for one in steps
    )
    lines = [f"<tr><th>learnt by</th>{head}</tr>"]
    for name, curve in told.items():
        cells = "".join(
            f'<td>{_n(one["score"])} <span class="soft">'
            f"[{_n(one['interval_90'][0])}, {_n(one['interval_90'][1])}]</span></td>"
            for one in curve
        )
        lines.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    return _table(lines)


def _reach(interval: Sequence[float | None]) -> str:
    low, high = interval
    if low is None and high is None:
        return "too few sweeps to tell"
    if low is None:
        return f"below {_n(high)}"
    return f"above {_n(low)}" if high is None else f"[{_n(low)}, {_n(high)}]"


def _sanity_rows(sanity: Mapping[str, Any]) -> list[str]:
    lines = []
    shuffled = sanity.get("shuffled_labels")
    if shuffled:
        lines.append(
            f"<tr><td>shuffled labels</td><td>{_n(shuffled['score'])}, chance is "
            f"{_n(shuffled['chance'])}</td>{_verdict(shuffled, 'leak suspected')}</tr>"
        )
    blind = sanity.get("metadata_only")
    if blind:
        lines.append(
            f"<tr><td>without the sweep</td><td>{escape(blind['metadata']['name'])} "
            f"{_n(blind['metadata']['score'])}, with it "
            f"{escape(blind['sweep']['name'])} {_n(blind['sweep']['score'])}</td>"
            f"{_verdict(blind, 'the schedule tells more than the sweep')}</tr>"
        )
    for name, value in sanity.get("through_time", {}).items():
        shown = escape(value) if isinstance(value, str) else _n(value)
        lines.append(
            f"<tr><td>{escape(name.replace('_', ' '))}</td><td>{shown}</td>"
            "<td></td></tr>"
        )
    return lines


def _verdict(check: Mapping[str, Any], otherwise: str) -> str:
    if check["passed"]:
        return "<td>as it should be</td>"
    return f'<td class="bad">{escape(otherwise)}</td>'


def _ranked(breakdown: Mapping[str, Any] | None, headline: str) -> str:
    if not breakdown or not breakdown["sweeps"]:
        return "-"
    return _n(breakdown["ranked"].get(headline))


def _interval(breakdown: Mapping[str, Any] | None) -> str:
    interval = (breakdown or {}).get("ranked", {}).get("interval_90")
    return "" if interval is None else f"[{_n(interval[0])}, {_n(interval[1])}]"


def _n(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _table(rows: Sequence[str], kind: str = "") -> str:
    table = f'<table class="{kind}">{"".join(rows)}</table>'
    return f'<div class="wide">{table}</div>'
