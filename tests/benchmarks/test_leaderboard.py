"""The leaderboard on measured archives and on three twin arrays, honest beside leaky.

Nothing here ranks the served network; ``halowatch evaluate`` does. The twin's arrays
differ in hardware and wiring; the errors of the best baseline that looks at the sweep
are said in units of the Cramér-Rao bound of a cavity of theirs. That bound knows of no
prior: where an archive spreads less than it, an estimate near the mean lies below.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from instruments.array import dump_array, load_array
from instruments.files import read_archive
from models.baselines.entries import BASELINES
from models.errors import TrainingRefusedError
from models.evaluation.efficiency import distance_to_bound
from models.evaluation.gates import GROUPED
from models.evaluation.leaderboard import LEAKY, make_board
from models.evaluation.predictions import ScalarPredictions
from models.evaluation.representation import representation_of
from models.evaluation.sanity import BLIND
from models.training.corpus import build_corpus
from models.training.splitting import (
    split_at_random,
    split_by_cavity,
    split_by_cycle,
    sweep_ids,
)
from models.training.targets import plan_targets
from models.twin.limits_map import Knowledge, LimitsQuestion, limits_map
from service.cli.limits import _described, _setup

# A twin's array takes 100 s of a processor: on a shared machine a quarter of an hour.
pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "bench" / "leaderboard.json"
BY_CAVITY = "held_out_by_cavity"
MEASURED = (
    "switch_fingerprint_campaign1.npz",
    "resonator_temperature_12.npz",
    "fridge_chain.npz",
    "notch_temperature.npz",
)
TWINS = {
    "twin_a": {"seed": 101, "s_parameters": ("S21", "S23", "S11"), "point_count": 401},
    "twin_b": {"seed": 202, "s_parameters": ("S21", "S23", "S11"), "point_count": 401},
    "twin_c": {"seed": 303, "s_parameters": ("S21", "S23"), "point_count": 801},
}
NOT_LOOKING = ("predict_mean", *BLIND)
CYCLES, SWEEPS = 10, 8


def board_of(archive, *, by_cavity=True):
    corpus = build_corpus([archive])
    plan = plan_targets(corpus)
    ids = sweep_ids(corpus.cavity, corpus.thermal_cycle, corpus.measured_at)
    splits = {
        GROUPED: split_by_cycle(corpus.thermal_cycle, corpus.measured_at, 0, ids),
        LEAKY: split_at_random(corpus.sweep_count, 0, ids),
    }
    if by_cavity and np.unique(corpus.cavity).size > 1:
        splits[BY_CAVITY] = split_by_cavity(corpus.cavity, 0, ids)
    return make_board(corpus, plan, representation_of(corpus, [archive]), splits)


def summary_of(board):
    record = board.to_record()
    found = {
        "sweeps": board.corpus.sweep_count,
        "splits": {
            key: {name: split[name] for name in ("kind", "leaky", "sha256")}
            for key, split in record["splits"].items()
        },
        "missing": record["missing"],
    }
    for name, target in record["targets"].items():
        first = next(iter(target["rows"].values()))[GROUPED]
        found[name] = {
            "headline": first["headline"],
            "cycles": first["cycles"],
            "ranking": target["ranking"],
            "rows": {
                baseline: {
                    split: {
                        "score": scores["ranked"].get(scores["headline"]),
                        "interval_90": scores["ranked"].get("interval_90"),
                        "coverage_90": scores["overall"].get("coverage_90"),
                        "warm": warm_score(scores),
                    }
                    for split, scores in row.items()
                }
                for baseline, row in target["rows"].items()
            },
        }
    return found


def warm_score(scores):
    """Return the headline score of healthy sweeps at 10 K and above."""
    part = "healthy, 10 K and above"
    named = part if part in scores["slices"] else "10 K and above"
    return scores["slices"].get(named, {}).get(scores["headline"])


def keep(name, summary):
    RESULT.parent.mkdir(exist_ok=True)
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    RESULT.write_text(json.dumps(known | {name: summary}, indent=1) + "\n")


def shown_score(one):
    if one["score"] is None:
        return "-"
    warm = "" if one["warm"] is None else f" ({one['warm']:.3g})"
    return f"{one['score']:.4g}{warm}"


def show(name, summary, targets):
    print(f"\n{name}: {summary['sweeps']} sweeps, {summary['processor_s']:.0f} s")
    print("  (in brackets: 10 K and above)")
    for target in targets:
        table = summary[target]
        splits = [one["kind"] for one in summary["splits"].values()]
        head = f"{target}, {table['headline']}, {table['cycles']} cycles"
        print(f"  {head:<58}" + "".join(f"{split:>22}" for split in splits))
        for baseline in BASELINES:
            row = table["rows"].get(baseline)
            if row is None:
                print(f"    {baseline:<56}  {summary['missing'][baseline]}")
                continue
            shown = "".join(f"{shown_score(one):>22}" for one in row.values())
            print(f"    {baseline:<56}{shown}")
        if table["ranking"]["warning"]:
            print(f"    {table['ranking']['warning']}")
        if "bound" in table:
            best = table["bound"]
            ratio = best["median_ratio"]
            print(
                f"    rms error over Cramér-Rao bound above 4 K, {best['baseline']}: "
                f"{'-' if ratio is None else format(ratio, '.3g')}"
            )


@pytest.mark.parametrize("name", MEASURED)
def test_leaderboard_of_a_measured_archive(name, reference_data):
    torch.set_num_threads(1)
    begun_s = time.process_time()
    try:
        board = board_of(read_archive(reference_data / name))
    except TrainingRefusedError as error:
        print(f"\n{name}: {error}")
        return
    summary = summary_of(board) | {"processor_s": time.process_time() - begun_s}
    keep(name, summary)
    show(name, summary, [question.name for question in board.questions])


def twin_archive(folder, name):
    twin = TWINS[name]
    config = load_array(ROOT / "service" / "demo" / "array.yaml")
    wide = config.sweeps["wide"].model_copy(
        update={
            "point_count": twin["point_count"],
            "s_parameters": twin["s_parameters"],
        }
    )
    simulation = config.simulation.model_copy(update={"seed": twin["seed"]})
    config = config.model_copy(
        update={"sweeps": {**config.sweeps, "wide": wide}, "simulation": simulation}
    )
    array_file, path = folder / "array.yaml", folder / f"{name}.npz"
    dump_array(config, array_file)
    arguments = ["simulate", str(array_file), f"--archive={path}"]
    arguments += [f"--cycles={CYCLES}", f"--sweeps={SWEEPS}", f"--seed={twin['seed']}"]
    subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments], cwd=ROOT, check=True
    )
    return config, array_file, path


@pytest.mark.parametrize("name", TWINS)
def test_leaderboard_of_a_twin_array(name, tmp_path):
    torch.set_num_threads(1)
    config, array_file, path = twin_archive(tmp_path, name)
    begun_s = time.process_time()
    board = board_of(read_archive(path), by_cavity=False)
    summary = summary_of(board) | {"processor_s": time.process_time() - begun_s}
    limits = list(
        limits_map(
            LimitsQuestion(
                hardware=_described(config, next(iter(config.cavities))),
                setup=_setup(array_file, config, None),
                temperatures_k=(4.0, 8.0, 20.0, 60.0, 150.0, 300.0),
                fields_tesla=(0.001, 0.01, 0.03),
                # After ten cycles of one array its very parts are known.
                knowledge=Knowledge.FITTED,
            )
        )
    )
    for question in board.questions:
        order = summary[question.name]["ranking"]["order"]
        if question.grid is None or not order:
            continue
        best = next(one["name"] for one in order if one["name"] not in NOT_LOOKING)
        predictions = board.found[GROUPED][question.name][best]
        assert isinstance(predictions, ScalarPredictions)
        found = distance_to_bound(predictions, board.corpus, limits)
        summary[question.name]["bound"] = {"baseline": best} | found
    keep(name, summary)
    show(name, summary, [question.name for question in board.questions])
    assert summary["temperature_k"]["rows"]["predict_mean"]
