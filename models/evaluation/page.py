"""An evaluation as one self-contained HTML page."""

from collections.abc import Mapping
from html import escape
from typing import Any

from models.evaluation.page_charts import (
    class_charts,
    noise_charts,
    scalar_charts,
    severity_charts,
)
from models.evaluation.page_tables import (
    checks_table,
    leaderboard_table,
    noise_table,
    score_table,
    severity_table,
    subsets_table,
)

_STYLE = """
:root{color-scheme:light;--ink:#1b1f24;--soft:#5b6470;--line:#d8dde3;--tint:#f5f7f9;
--blue:#2563a8;--warm:#c2571a}
*{box-sizing:border-box}
body{margin:0;font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:#fff}
main{max-width:1400px;margin:0 auto;padding:28px 24px 60px}
h1{font-size:24px;margin:0 0 4px}h2{font-size:20px;margin:44px 0 6px;padding-top:14px;
border-top:2px solid var(--ink)}h3{font-size:15px;margin:24px 0 8px}
p{margin:4px 0 10px;max-width:75ch}.soft{color:var(--soft)}
.warn{border-left:4px solid var(--warm);background:#fdf4ee;padding:8px 12px;
margin:10px 0}
.charts{display:flex;flex-wrap:wrap;gap:14px 22px;align-items:flex-start}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}
th,td{padding:4px 12px 4px 0;text-align:right;border-bottom:1px solid var(--line);
white-space:nowrap}th:first-child,td:first-child{text-align:left}
th{font-weight:600;color:var(--soft)}tr.own td{font-weight:650;background:var(--tint)}
td.leaky,th.leaky{color:var(--warm)}.bad{color:var(--warm);font-weight:650}
svg{max-width:100%;height:auto}
svg text{font:12px system-ui,sans-serif;fill:var(--soft)}
svg .t{font-weight:600;fill:var(--ink);font-size:13px}
svg .m{text-anchor:middle}svg .e{text-anchor:end}svg .s{text-anchor:start}
svg .w{text-anchor:middle;fill:#fff}
svg .g{stroke:var(--line);fill:none}svg .a{stroke:var(--soft);fill:none}
svg .b,svg .c{fill:var(--blue)}svg .c{stroke:var(--line);stroke-width:.5}
svg .data{stroke:var(--blue);stroke-width:2;fill:none}
svg .ideal{stroke:var(--soft);stroke-dasharray:4 4;fill:none}
svg .limit{stroke:var(--warm);stroke-width:2;fill:none}
.words td,.words th{text-align:left}
svg .dot{fill:var(--blue);fill-opacity:.45}svg .ill{fill:var(--warm);fill-opacity:.45}
"""


def render_page(document: Mapping[str, Any]) -> str:
    """Render what ``evaluate_model`` returned.

    The page fetches nothing: styles are inside and charts are SVG.
    """
    size = f"{document['sweeps']} sweeps, {document['cycles']} thermal cycles"
    parts = [
        f"<h1>Evaluation of model {escape(str(document['model']))}</h1>",
        (
            f'<p class="soft">{size}, held out {escape(str(document["split"]))}. '
            "Intervals are 90 %, from resampled thermal cycles.</p>"
        ),
        *(
            f'<p class="warn">{escape(sentence)}</p>'
            for sentence in document["warnings"]
        ),
        _splits(document["splits"]),
    ]
    for name, target in document["targets"].items():
        parts += _target(name, target)
    refused = {**document["not_evaluated"], **document["missing_baselines"]}
    if refused:
        parts.append("<h2>Left out</h2><ul>")
        parts += [
            f"<li><b>{escape(name)}</b>: {escape(why)}</li>"
            for name, why in refused.items()
        ]
        parts.append("</ul>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>halowatch evaluation {escape(str(document['model']))}</title>"
        f"<style>{_STYLE}</style></head><body><main>\n"
        + "\n".join(parts)
        + "\n</main></body></html>\n"
    )


def _target(name: str, target: Mapping[str, Any]) -> list[str]:
    model = target["model"]
    parts = [f"<h2>{escape(name)}</h2>"]
    if not model["sweeps"]:
        return [*parts, "<p>No sweep can be scored.</p>"]
    if model["warning"]:
        parts.append(f'<p class="warn">{escape(model["warning"])}</p>')
    charts = model["charts"]
    drawn = (
        class_charts(charts, model)
        if "confusion" in charts
        else scalar_charts(charts, model)
    )
    parts.append(f'<div class="charts">{"".join(drawn)}</div>')
    parts += [
        "<h3>This model</h3>",
        score_table(model),
        "<h3>Leaderboard</h3>",
        leaderboard_table(target),
        "<h3>With traces missing</h3>",
        subsets_table(target.get("trace_subsets", []), model["headline"]),
        "<h3>Checks</h3>",
        checks_table(target),
        *_severity(target.get("severity", {})),
        *_noise(target.get("label_noise", {})),
    ]
    return parts


def _severity(found: Mapping[str, Any]) -> list[str]:
    if not found:
        return []
    return [
        "<h3>How severe a failure must be</h3>",
        (
            "<p>Found, or called by its name, nine times in ten. The interval is exact "
            "for a share that rises with severity, sweeps taken as independent. "
            "Curves: found at all, with 95 % by Wilson.</p>"
        ),
        severity_table(found),
        f'<div class="charts">{"".join(severity_charts(found))}</div>',
    ]


def _noise(found: Mapping[str, Any]) -> list[str]:
    if not any(found.values()):
        return []
    return [
        "<h3>What wrong labels in training cost</h3>",
        "<p>Judged by the right labels, on cycles that were not learnt from.</p>",
        noise_table(found),
        f'<div class="charts">{"".join(noise_charts(found))}</div>',
    ]


def _splits(splits: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(split['kind'])}</td>"
        f"<td>{split['fold_count']}</td><td>{escape(split['sha256'][:16])}</td></tr>"
        for name, split in splits.items()
    )
    head = "<tr><th>split</th><th>kind</th><th>folds</th><th>hash</th></tr>"
    return f'<div class="wide"><table>{head}{rows}</table></div>'
