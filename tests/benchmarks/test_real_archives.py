"""The bars of the measured archives, through the commands as a user gives them.

What is judged was not learnt from: another campaign made from the first through a line
that is made anew, resonators of the other chip half and others made from both, ports of
the fridge that were left out. Writes `bench/real_archives.json`, prints a row a bar.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from standin_campaigns import connectors_anywhere, mated_again, next_campaign
from standin_resonators import OTHERS, Measured, draw_others, make_others

from instruments.files import read_archive
from models.thermometry import ResonatorThermometer, fit_lines, observe_sweep

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "bench" / "real_archives.json"
SWITCH = "switch_fingerprint_campaign1.npz"
RESONATORS = "resonator_temperature_12.npz"
FRIDGE = "fridge_chain.npz"
DRAWS = range(900, 910)

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]


def halowatch(*arguments):
    """Give a command and return its JSON document."""
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", *map(str, arguments), "--json"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def columns_of(path):
    with np.load(path) as held:
        return {name: held[name] for name in held.files}


def taken(columns, kept):
    """Return some sweeps of an archive's columns."""
    count = columns["cavity"].size
    return {
        name: values[kept] if values.ndim and values.shape[0] == count else values
        for name, values in columns.items()
    }


def learnt_and_judged(folder, learnt, judged):
    """Train on columns; return the report, and what is said of the other columns."""
    np.savez(folder / "learnt.npz", **learnt)
    report = halowatch("train", folder / "learnt.npz", "--output", folder / "model")
    return report, [said_of(folder, each) for each in judged]


def said_of(folder, columns):
    np.savez(folder / "judged.npz", **columns)
    return halowatch("predict", folder / "model", folder / "judged.npz")["sweeps"]


def keep(name, row):
    RESULT.parent.mkdir(exist_ok=True)
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    RESULT.write_text(json.dumps(known | {name: row}, indent=1) + "\n")
    print(f"\n{name}: " + ", ".join(f"{key} {each:.3g}" for key, each in row.items()))


def port_row(columns, said, strange):
    """Count ports named, ports named wrongly, and what loads never seen are called."""
    name = np.array([each["component"]["label"] for each in said])
    truth = columns["component"]
    is_port = np.char.startswith(truth, "port")
    is_wrong = (name != "unknown") & (name != truth)
    row = {}
    for kelvin in np.unique(columns["temperature_k"]):
        part = is_port & ~strange & (columns["temperature_k"] == kelvin)
        row[f"port_accuracy_{kelvin:.0f}_k"] = float((name == truth)[part].mean())
        row[f"port_misnamed_{kelvin:.0f}_k"] = float(is_wrong[part].mean())
    if strange.any():
        row["unseen_unknown"] = float((name == "unknown")[strange].mean())
        row["unseen_misnamed"] = float(is_wrong[strange].mean())
    return row


@pytest.mark.parametrize("unseen", ["", "MOS1", "MOS3"])
def test_ports_of_a_switch_in_another_campaign(unseen, reference_data, tmp_path):
    columns = columns_of(reference_data / SWITCH)
    learnt = taken(columns, columns["label:load"] != unseen)
    campaigns = [next_campaign(columns, seed) for seed in (2, 3)]
    campaigns += [next_campaign(mated_again(columns, seed), seed) for seed in (4, 5)]
    campaigns += [next_campaign(columns, seed, connectors_anywhere) for seed in (6, 7)]
    report, said = learnt_and_judged(tmp_path, learnt, campaigns)
    strange = columns["label:load"] == unseen
    row = {}
    for kind, parts in (
        ("", said[:2]),
        ("mated_again_", said[2:4]),
        ("connectors_anywhere_", said[4:]),
    ):
        row |= {
            kind + key: float(np.mean([each[key] for each in found]))
            for found in [[port_row(columns, part, strange) for part in parts]]
            for key in found[0]
        }
    overall = report["metrics"]["component"]["overall"]
    row["left_out_balanced_accuracy"] = overall["balanced_accuracy"]
    keep(f"switch, never seen: {unseen or 'nothing'}", row)


def temperature_row(columns, said):
    truth = columns["temperature_k"]
    estimates = [each["temperature_k"] for each in said]
    told = np.array([each["state"] == "estimated" for each in estimates])
    median, low, high = (
        np.array([np.nan if each[key] is None else each[key] for each in estimates])
        for key in ("median", "p05", "p95")
    )
    error = (median - truth)[told]
    strange = [each.get("out_of_distribution", {}).get("flag", False) for each in said]
    return {
        "estimated": float(told.mean()),
        "flagged_though_estimated": float(np.mean(np.array(strange)[told])),
        "median_error_k": float(np.median(np.abs(error))),
        "rms_error_k": float(np.sqrt(np.mean(error**2))),
        "r2": float(1.0 - np.mean(error**2) / np.var(truth[told])),
        "coverage_90": float(((low <= truth) & (truth <= high))[told].mean()),
    }


@pytest.mark.parametrize(("learnt", "judged"), [("RES-1", "RES-2"), ("RES-2", "RES-1")])
def test_one_resonator_tells_the_temperature_of_another(
    learnt, judged, reference_data, tmp_path
):
    columns = columns_of(reference_data / RESONATORS)
    other = taken(columns, columns["cavity"] == judged)
    _, said = learnt_and_judged(
        tmp_path, taken(columns, columns["cavity"] == learnt), [other]
    )
    keep(f"{learnt} to {judged}", temperature_row(other, said[0]))


def test_two_resonators_tell_the_temperature_of_six_others(reference_data, tmp_path):
    measured = Measured(read_archive(reference_data / RESONATORS))
    others = make_others(measured, OTHERS, step=6)
    report, (said,) = learnt_and_judged(
        tmp_path, columns_of(reference_data / RESONATORS), [others]
    )
    overall = report["metrics"]["temperature_k"]["overall"]
    keep("both, left-out cycles", {"rms_error_dex": overall["rms_error_dex"]})
    keep("both to six made ones", temperature_row(others, said))
    for name in np.unique(others["cavity"]):
        own = np.flatnonzero(others["cavity"] == name)
        row = temperature_row(taken(others, own), [said[place] for place in own])
        keep(f"both to {name}", row)


def observed(columns):
    """Return the lines of made sweeps against those of their references."""
    fits = [
        fit_lines(axis, {"S21": trace[0]})
        for axis, trace in zip(columns["frequency_hz"], columns["s"], strict=True)
    ]
    first = np.flatnonzero(columns["is_reference"])
    of_cycle = {columns["thermal_cycle"][row]: row for row in first}
    known = np.array([of_cycle[cycle] for cycle in columns["thermal_cycle"]])
    lines = [
        observe_sweep(fit, fits[row]) for fit, row in zip(fits, known, strict=True)
    ]
    return np.array(lines), columns["temperature_k"][known]


def test_two_made_resonators_tell_two_others_in_many_draws(reference_data):
    """Of films whose resonators are alike to 1 to 10 %, all drawn."""
    measured = Measured(read_archive(reference_data / RESONATORS))
    rows = []
    for seed in DRAWS:
        spread = float(
            np.exp(np.random.default_rng(seed).uniform(*np.log([0.01, 0.1])))
        )
        # Every other draw learns from one base and is judged on the other.
        order = (0, 2, 1, 3) if seed % 2 else (0, 1, 2, 3)
        bases = np.array(["RES-1", "RES-2", "RES-1", "RES-2"])[list(order)]
        drawn = draw_others(seed, tuple(map(str, bases)), spread)
        columns = make_others(measured, drawn, step=8)
        lines, reference_k = observed(columns)
        names = list(drawn)
        own = np.isin(columns["cavity"], names[:2])
        thermometer = ResonatorThermometer.fit(
            list(lines[own]),
            columns["temperature_k"][own],
            reference_k[own],
            columns["cavity"][own],
            columns["thermal_cycle"][own],
        )
        for name in names[2:]:
            other = np.flatnonzero(columns["cavity"] == name)
            judged = [thermometer.judge(lines[row]) for row in other]
            row = made_row(columns["temperature_k"][other], judged)
            print(f"{name}, alike to {spread:.3f}: {row}")
            rows.append(row | {"spread": spread})
    summary = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]} | {
        "least_coverage_90": min(row["coverage_90"] for row in rows),
        "coverage_90_alike_to_3_percent": float(
            np.mean([row["coverage_90"] for row in rows if row["spread"] < 0.03])
        ),
        "least_estimated": min(row["estimated"] for row in rows),
    }
    keep("two made resonators to two others, draws", summary)


def made_row(truth, judged):
    said = [
        {
            "state": each.state.value,
            "median": each.quantiles_k[2],
            "p05": each.quantiles_k[0],
            "p95": each.quantiles_k[-1],
        }
        for each in judged
    ]
    columns = {"temperature_k": truth}
    return temperature_row(columns, [{"temperature_k": each} for each in said])


def test_two_cold_temperatures_of_a_fridge_look_alike(reference_data, tmp_path):
    columns = columns_of(reference_data / FRIDGE)
    cycles = np.unique(columns["thermal_cycle"])
    truth, low, high = [], [], []
    for fold in range(3):
        out = np.isin(columns["thermal_cycle"], cycles[fold::3])
        folder = tmp_path / str(fold)
        folder.mkdir()
        judged = taken(columns, out)
        _, (said,) = learnt_and_judged(folder, taken(columns, ~out), [judged])
        for place in np.flatnonzero(~judged["is_reference"]):
            estimate = said[place]["temperature_k"]
            truth.append(judged["temperature_k"][place])
            low.append(np.nan if estimate["p05"] is None else estimate["p05"])
            high.append(np.nan if estimate["p95"] is None else estimate["p95"])
    truth, low, high = map(np.array, (truth, low, high))
    cold = truth < 0.5
    row = {"cold_cover_both": float(((low <= 0.025) & (high >= 0.1))[cold].mean())}
    for kelvin in np.unique(truth):
        own = truth == kelvin
        row[f"coverage_{kelvin:g}_k"] = float(
            ((low <= truth) & (truth <= high))[own].mean()
        )
        row[f"width_{kelvin:g}_k_dex"] = float(np.nanmedian(np.log10(high / low)[own]))
    keep("fridge, ports left out", row)
